import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was in event logs that were cleared. */
export class EventLog1763800000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE log_archives (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  machine_id uuid NOT NULL CONSTRAINT log_archives_machine REFERENCES machines (id) ON DELETE CASCADE,
  log text NOT NULL,
  act_id uuid NOT NULL,
  -- Written before the log is cleared: until that has been seen to happen, nobody knows.
  outcome text NOT NULL DEFAULT 'unknown' CONSTRAINT log_archives_outcome CHECK (outcome IN ('unknown', 'cleared')),
  entries integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX log_archives_by_machine ON log_archives (machine_id, created_at, id);
CREATE INDEX log_archives_by_age ON log_archives (created_at);

CREATE TABLE log_archive_entries (
  archive_id uuid NOT NULL CONSTRAINT log_archive_entries_archive REFERENCES log_archives (id) ON DELETE CASCADE,
  -- In the order of the log, oldest first.
  position integer NOT NULL,
  entry_id text NOT NULL,
  -- As it was read, decoded and raw.
  entry jsonb NOT NULL,
  CONSTRAINT log_archive_entries_pkey PRIMARY KEY (archive_id, position)
);
CREATE INDEX log_archive_entries_by_id ON log_archive_entries (archive_id, entry_id);
`;
