import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operations that begin at a time, or again and again. */
export class Schedules1764000000013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE schedules (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  project_id text NOT NULL,
  user_id text NOT NULL,
  user_name text NOT NULL,
  enabled boolean NOT NULL,
  disabled_reason text,
  run_at timestamptz,
  cron text,
  time_zone text NOT NULL,
  missed text NOT NULL CONSTRAINT schedules_missed CHECK (missed IN ('run-once', 'skip')),
  -- As POST /v1/operations takes it; it holds no secret.
  operation jsonb NOT NULL,
  kind text NOT NULL,
  -- Of its plan, when its user last agreed to it.
  targets integer NOT NULL,
  -- In Keystone; no secret, since it opens nothing without Igor's own password.
  trust_id text NOT NULL,
  roles text[] NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  next_run_at timestamptz,
  ends_at timestamptz,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT schedules_when CHECK ((run_at IS NULL) <> (cron IS NULL)),
  CONSTRAINT schedules_next CHECK (enabled OR next_run_at IS NULL)
);
CREATE UNIQUE INDEX schedules_name ON schedules (project_id, lower(name));
CREATE INDEX schedules_due ON schedules (next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX schedules_by_user ON schedules (user_id);

CREATE TABLE schedule_runs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  schedule_id uuid NOT NULL CONSTRAINT schedule_runs_schedule REFERENCES schedules (id) ON DELETE CASCADE,
  due_at timestamptz NOT NULL,
  state text NOT NULL CONSTRAINT schedule_runs_state CHECK (state IN ('pending', 'started', 'failed', 'skipped')),
  requested_by text,
  missed_since timestamptz,
  -- Without a foreign key: operations are removed at their own time.
  operation_id uuid,
  fault_code text,
  fault_detail text,
  attempts integer NOT NULL DEFAULT 0,
  try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  replica_id uuid,
  -- Grows with each claim: who holds an older one settles nothing any more.
  claim integer NOT NULL DEFAULT 0,
  claimed_until timestamptz,
  ended_at timestamptz,
  CONSTRAINT schedule_runs_once UNIQUE (schedule_id, due_at)
);
CREATE INDEX schedule_runs_pending ON schedule_runs (try_at) WHERE state = 'pending';
CREATE INDEX schedule_runs_ended ON schedule_runs (ended_at) WHERE state <> 'pending';
`;
