import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Changes of controllers' networks, kept until it is known where each led. */
export class Network1763800000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE controller_moves (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  controller_id uuid NOT NULL CONSTRAINT controller_moves_controller REFERENCES controllers (id) ON DELETE CASCADE,
  project_id text,
  act_id uuid NOT NULL,
  caller jsonb NOT NULL,
  channel smallint NOT NULL,
  -- As the controller was on record: an address, or a name.
  recorded_address text NOT NULL,
  from_address text NOT NULL,
  from_port integer NOT NULL,
  to_address text NOT NULL,
  to_port integer NOT NULL,
  before jsonb NOT NULL,
  wanted jsonb NOT NULL,
  identity text NOT NULL,
  refused text[] NOT NULL DEFAULT '{}',
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Null: open. Else how it ended.
  state text CONSTRAINT controller_moves_state
    CHECK (state IN ('moved', 'kept', 'restored', 'refused', 'lost', 'superseded')),
  ended_at timestamptz,
  -- Whoever is at it; null: nobody, and it is due at look_at.
  replica_id uuid,
  look_at timestamptz NOT NULL,
  looks integer NOT NULL DEFAULT 0,
  CONSTRAINT controller_moves_end CHECK ((state IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX controller_moves_open ON controller_moves (controller_id) WHERE state IS NULL;
CREATE INDEX controller_moves_due ON controller_moves (look_at) WHERE state IS NULL;
`;
