import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Machines, controllers and what binds them; replicas and their leases; the journal; executions; the keyring's canary. */
export class Foundation1763600000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE replicas (
  id uuid PRIMARY KEY,
  address text,
  version text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE controllers (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id text,
  driver text NOT NULL,
  address text NOT NULL,
  port integer NOT NULL CONSTRAINT controllers_port CHECK (port BETWEEN 1 AND 65535),
  username text NOT NULL,
  password_sealed text NOT NULL,
  options jsonb NOT NULL DEFAULT '{}',
  health text NOT NULL DEFAULT 'unknown',
  health_at timestamptz,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT controllers_endpoint UNIQUE (driver, address, port)
);
CREATE INDEX controllers_by_project ON controllers (project_id, id);

CREATE TABLE machines (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  project_id text NOT NULL,
  project_domain_id text NOT NULL,
  description text NOT NULL DEFAULT '',
  tags text[] NOT NULL DEFAULT '{}',
  ports jsonb NOT NULL DEFAULT '[]',
  maintenance boolean NOT NULL DEFAULT false,
  ssh_address text,
  ssh_port integer CONSTRAINT machines_ssh_port CHECK (ssh_port BETWEEN 1 AND 65535),
  ssh_user text,
  ssh_host_keys text[],
  ssh_public_key text,
  ssh_private_key_sealed text,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- {machine} in a path is an id or a name
  CONSTRAINT machines_name_is_no_id CHECK (name !~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$'),
  CONSTRAINT machines_ssh_whole CHECK (
    num_nonnulls(ssh_address, ssh_port, ssh_user, ssh_host_keys, ssh_public_key, ssh_private_key_sealed) IN (0, 6)
  )
);
CREATE UNIQUE INDEX machines_name ON machines (project_id, lower(name));
CREATE INDEX machines_by_name ON machines (lower(name));
CREATE INDEX machines_by_tag ON machines USING gin (tags);

CREATE TABLE bindings (
  machine_id uuid NOT NULL CONSTRAINT bindings_machine REFERENCES machines (id) ON DELETE CASCADE,
  controller_id uuid NOT NULL CONSTRAINT bindings_controller REFERENCES controllers (id),
  position smallint NOT NULL,
  roles text[] NOT NULL,
  selector text,
  CONSTRAINT bindings_pkey PRIMARY KEY (machine_id, position)
);
CREATE INDEX bindings_by_controller ON bindings (controller_id);

CREATE TABLE observations (
  machine_id uuid PRIMARY KEY CONSTRAINT observations_machine REFERENCES machines (id) ON DELETE CASCADE,
  power_state text NOT NULL DEFAULT 'unknown',
  observed_at timestamptz,
  stale boolean NOT NULL DEFAULT false,
  wanted text,
  wanted_at timestamptz,
  look_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX observations_due ON observations (look_at);

-- The fence grows with each change of holder, for ever: a lease that ends keeps its row.
CREATE TABLE controller_leases (
  controller_id uuid PRIMARY KEY CONSTRAINT controller_leases_controller REFERENCES controllers (id) ON DELETE CASCADE,
  replica_id uuid NOT NULL,
  fence bigint NOT NULL DEFAULT 1,
  expires_at timestamptz NOT NULL,
  -- When another replica last asked for it.
  wanted_at timestamptz
);

-- Who and what are values, without foreign keys: a journal outlives what it tells of.
CREATE TABLE journal (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT journal_seq UNIQUE,
  act_id uuid NOT NULL,
  kind text NOT NULL CONSTRAINT journal_kind CHECK (kind IN ('intent', 'outcome', 'denied', 'missed')),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  operation text NOT NULL,
  effect text NOT NULL,
  permission text NOT NULL,
  request_id text NOT NULL,
  global_request_id text,
  user_id text NOT NULL,
  user_name text NOT NULL,
  project_id text,
  project_name text,
  roles text[] NOT NULL,
  target_kind text NOT NULL,
  target_id text,
  target_name text,
  target_project_id text,
  addresses text[] NOT NULL,
  input jsonb NOT NULL,
  outcome text CONSTRAINT journal_outcome CHECK (outcome IN ('done', 'failed', 'unknown')),
  code text,
  detail text,
  replica_id uuid NOT NULL
);
CREATE INDEX journal_by_act ON journal (act_id);
CREATE INDEX journal_by_target_project ON journal (target_project_id, seq);
CREATE INDEX journal_by_target ON journal (target_id, seq);
-- One end an act, whoever writes it.
CREATE UNIQUE INDEX journal_one_end ON journal (act_id) WHERE kind <> 'intent';

CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the journal is append-only';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal
  FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();

-- Acts between intent and outcome, and where they run: what a crash leaves is found here.
CREATE TABLE open_acts (
  act_id uuid PRIMARY KEY,
  replica_id uuid NOT NULL,
  target_id text,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX open_acts_by_target ON open_acts (target_id);

CREATE TABLE executions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id text,
  user_id text NOT NULL,
  -- Who asked, as the token said then; without the token.
  caller jsonb NOT NULL,
  command text[] NOT NULL,
  timeout_ms integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE execution_targets (
  execution_id uuid NOT NULL CONSTRAINT execution_targets_execution REFERENCES executions (id) ON DELETE CASCADE,
  machine_id uuid NOT NULL,
  machine_name text NOT NULL,
  position integer NOT NULL,
  state text NOT NULL DEFAULT 'queued',
  replica_id uuid,
  exit_code integer,
  signal text,
  stdout bytea,
  stderr bytea,
  truncated boolean NOT NULL DEFAULT false,
  duration_ms integer,
  fault_code text,
  fault_detail text,
  CONSTRAINT execution_targets_pkey PRIMARY KEY (execution_id, machine_id)
);
CREATE INDEX execution_targets_open ON execution_targets (machine_id) WHERE state IN ('queued', 'running');

CREATE TABLE keyring_canary (
  id uuid PRIMARY KEY,
  sealed text NOT NULL
);
CREATE UNIQUE INDEX keyring_canary_is_one ON keyring_canary ((true));
`;
