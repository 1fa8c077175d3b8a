import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the session broker keeps: sessions before they are opened, dead controllers, what controllers lack, and shelves. */
export class Broker1763800000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
ALTER TABLE controllers
  -- Null: as the setting says.
  ADD COLUMN max_sessions smallint CONSTRAINT controllers_max_sessions CHECK (max_sessions BETWEEN 1 AND 8),
  -- In a row, without an answer; and when the next attempt may be made.
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  ADD COLUMN retry_at timestamptz,
  -- When it refused the account that is on record: not offered again until that is changed, or somebody checks.
  ADD COLUMN refused_at timestamptz,
  -- When it is to be observed next.
  ADD COLUMN look_at timestamptz NOT NULL DEFAULT clock_timestamp();
-- What is alive never queues behind what is dead.
CREATE INDEX controllers_due ON controllers (look_at) WHERE failures = 0 AND refused_at IS NULL;
CREATE INDEX controllers_dead ON controllers (look_at) WHERE failures > 0 AND refused_at IS NULL;

-- Written before the login, removed after the logout: what a crash leaves open is found here.
CREATE TABLE controller_sessions (
  id uuid PRIMARY KEY,
  controller_id uuid NOT NULL CONSTRAINT controller_sessions_controller REFERENCES controllers (id) ON DELETE CASCADE,
  replica_id uuid NOT NULL,
  purpose text NOT NULL,
  -- Of the lease under which it was opened.
  fence bigint NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- By which the controller names it.
  handle integer,
  -- The process that carries it: a pid says something only with its start, and within its boot and pid namespace.
  pid integer,
  pid_started text,
  realm text NOT NULL,
  -- Of the sweep.
  orphaned_at timestamptz,
  tries integer NOT NULL DEFAULT 0,
  retry_at timestamptz
);
CREATE INDEX controller_sessions_by_controller ON controller_sessions (controller_id);
CREATE INDEX controller_sessions_by_replica ON controller_sessions (replica_id);

-- What a controller said that it cannot do.
CREATE TABLE controller_lacks (
  controller_id uuid NOT NULL CONSTRAINT controller_lacks_controller REFERENCES controllers (id) ON DELETE CASCADE,
  operation text NOT NULL,
  learnt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  detail text NOT NULL,
  CONSTRAINT controller_lacks_pkey PRIMARY KEY (controller_id, operation)
);

-- What is dear to read from a controller and seldom changes.
CREATE TABLE controller_shelf (
  controller_id uuid NOT NULL CONSTRAINT controller_shelf_controller REFERENCES controllers (id) ON DELETE CASCADE,
  key text NOT NULL,
  value bytea NOT NULL CONSTRAINT controller_shelf_size CHECK (octet_length(value) <= 1048576),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT controller_shelf_pkey PRIMARY KEY (controller_id, key)
);

-- Renewed and read anew again and again: room on the page spares the indexes.
ALTER TABLE controller_leases SET (fillfactor = 50);
ALTER TABLE observations SET (fillfactor = 50);
CREATE INDEX controller_leases_wanted ON controller_leases (replica_id) WHERE wanted_at IS NOT NULL;
`;
