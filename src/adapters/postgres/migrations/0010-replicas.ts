import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who of the replicas lives, in one place; and requests that one replica passes on to another. */
export class Replicas1764000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
ALTER TABLE replicas
  -- After how long without a beat it is dead. The release before this one beats less often, and writes nothing here.
  ADD COLUMN silence interval NOT NULL DEFAULT '10 s',
  -- Since when it leaves: it takes nothing on.
  ADD COLUMN draining_at timestamptz,
  -- When what it held was set free; null: nobody has found it dead since its last beat.
  ADD COLUMN buried_at timestamptz;
ALTER TABLE replicas SET (fillfactor = 50);

-- By the time at which the statement was received, which is before what it sees of the heartbeats: by the time at which it is
-- compared, a statement that waited for a lock would take for dead who has beaten meanwhile.
CREATE VIEW live_replicas AS
  SELECT id, draining_at FROM replicas WHERE heartbeat_at > statement_timestamp() - silence;

CREATE INDEX controller_leases_by_replica ON controller_leases (replica_id);

-- Rows of moments, which a crash of the database may take: who waits for one that is gone takes it as begun.
CREATE UNLOGGED TABLE relays (
  id uuid PRIMARY KEY,
  from_replica uuid NOT NULL,
  to_replica uuid NOT NULL,
  operation text NOT NULL,
  target text NOT NULL,
  -- Input and recorded caller, sealed so that nobody who can write here acts in another's name.
  request_sealed text NOT NULL,
  state text NOT NULL DEFAULT 'queued' CONSTRAINT relays_state CHECK (state IN ('queued', 'running', 'done', 'refused')),
  answer_sealed text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX relays_queued ON relays (to_replica) WHERE state = 'queued';
CREATE INDEX relays_by_age ON relays (created_at);
`;
