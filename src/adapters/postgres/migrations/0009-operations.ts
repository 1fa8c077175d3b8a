import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operations on sets of machines: what is to be done, and what became of each target. */
export class Operations1764000000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
-- Whoever changes a target holds this row: it counts the targets by state, and its revision grows with each change.
CREATE TABLE operations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL,
  effect text NOT NULL,
  -- As the caller gave them, secrets masked; with secrets, the whole is sealed beside, until the last target has ended.
  parameters jsonb NOT NULL,
  parameters_sealed text,
  has_secrets boolean NOT NULL,
  state text NOT NULL DEFAULT 'queued' CONSTRAINT operations_state
    CHECK (state IN ('queued', 'running', 'succeeded', 'partly', 'failed', 'cancelled', 'unknown')),
  -- Of all targets; null where they belong to several projects.
  project_id text,
  user_id text NOT NULL,
  user_name text NOT NULL,
  -- For whom the queue is fair.
  caller_project_id text NOT NULL,
  -- Who asked, as the token said then; without the token.
  caller jsonb NOT NULL,
  reason text,
  -- The set as names, folded into ranges.
  targets text NOT NULL,
  max_parallel integer NOT NULL,
  stagger_ms integer NOT NULL,
  stop_after_failures integer,
  ordering text NOT NULL,
  idempotency_key text,
  -- Of what was asked for under that key.
  request_hash text,
  retry_of uuid,
  schedule_id uuid,
  deadline_at timestamptz NOT NULL,
  cancelled_at timestamptz,
  cancelled_by text,
  total integer NOT NULL,
  queued integer NOT NULL,
  -- By a replica, and nothing sent yet.
  claimed integer NOT NULL DEFAULT 0,
  running integer NOT NULL DEFAULT 0,
  succeeded integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  cancelled integer NOT NULL DEFAULT 0,
  unknown integer NOT NULL DEFAULT 0,
  revision bigint NOT NULL DEFAULT 1,
  -- When the next target may start, by the stagger.
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When it was last its turn.
  served_at timestamptz NOT NULL DEFAULT '-infinity',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz,
  CONSTRAINT operations_counts CHECK (
    least(queued, claimed, running, succeeded, failed, cancelled, unknown) >= 0
    AND total = queued + claimed + running + succeeded + failed + cancelled + unknown)
) WITH (fillfactor = 50);
CREATE INDEX operations_open ON operations (served_at) WHERE state IN ('queued', 'running');
CREATE INDEX operations_by_project ON operations (project_id, created_at, id);
CREATE INDEX operations_by_user ON operations (user_id, created_at, id);
CREATE INDEX operations_by_time ON operations (created_at, id);
CREATE UNIQUE INDEX operations_idempotency ON operations (user_id, caller_project_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TABLE operation_targets (
  operation_id uuid NOT NULL CONSTRAINT operation_targets_operation REFERENCES operations (id) ON DELETE CASCADE,
  position integer NOT NULL,
  -- Values, without foreign keys: what was done outlives the machine.
  target_kind text NOT NULL,
  target_id uuid NOT NULL,
  target_name text NOT NULL,
  project_id text,
  controller_id uuid,
  -- Positions of those that must have ended before.
  after integer[] NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'queued' CONSTRAINT operation_targets_state
    CHECK (state IN ('queued', 'claimed', 'running', 'succeeded', 'failed', 'cancelled', 'unknown')),
  replica_id uuid,
  -- Grows with each claim: who holds an older one changes nothing any more.
  claim integer NOT NULL DEFAULT 0,
  act_id uuid,
  queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz,
  fault_code text,
  fault_detail text,
  result jsonb,
  -- Of the operation, when this was last changed.
  revision bigint NOT NULL DEFAULT 1,
  CONSTRAINT operation_targets_pkey PRIMARY KEY (operation_id, position),
  CONSTRAINT operation_targets_once UNIQUE (operation_id, target_id)
) WITH (fillfactor = 60);
CREATE INDEX operation_targets_queued ON operation_targets (operation_id, position) WHERE state = 'queued';
CREATE INDEX operation_targets_held ON operation_targets (replica_id) WHERE state IN ('claimed', 'running');
CREATE INDEX operation_targets_by_target ON operation_targets (target_id) WHERE state IN ('queued', 'claimed', 'running');
CREATE INDEX operation_targets_changed ON operation_targets (operation_id, revision);
`;
