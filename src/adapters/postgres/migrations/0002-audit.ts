import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the journal tells beyond the foundation, and the chain that proves it whole. */
export class Audit1763700000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

// The chain covers every column that is not null, by its name and its text. So a column may be added, without a default;
// none may be renamed, dropped or given another type, or what was chained before no longer verifies.
const up = `
ALTER TABLE journal
  ADD COLUMN address text,
  ADD COLUMN decided_by text,
  ADD COLUMN service_id text,
  ADD COLUMN service_name text,
  ADD COLUMN person_name text,
  ADD COLUMN person_email text,
  ADD COLUMN delegation_kind text,
  ADD COLUMN delegation_id text,
  ADD COLUMN delegation_user_id text,
  ADD COLUMN method text,
  ADD COLUMN route text;

-- The trigger keeps accidents away, and whoever may alter the table can switch it off: the chain is the proof, not this.
-- The pruner alone passes, by a setting of its transaction; what it removes, a record under a key says.
CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('igor.pruning', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the journal is append-only';
END $$;

-- Batches of the journal. Each takes all of from_seq to to_seq, and the head of the one before; rows say how many there were.
CREATE TABLE journal_chain (
  batch bigint CONSTRAINT journal_chain_pkey PRIMARY KEY,
  from_seq bigint NOT NULL,
  to_seq bigint NOT NULL,
  rows integer NOT NULL,
  digest text NOT NULL,
  previous text NOT NULL,
  key_id text NOT NULL,
  at timestamptz NOT NULL,
  head text NOT NULL CONSTRAINT journal_chain_head UNIQUE
);

-- Which batches' rows are gone by the rule for retention. The chain itself stays.
CREATE TABLE journal_prunes (
  through_batch bigint CONSTRAINT journal_prunes_pkey PRIMARY KEY,
  through_seq bigint NOT NULL,
  rows bigint NOT NULL,
  head text NOT NULL,
  key_id text NOT NULL,
  at timestamptz NOT NULL,
  mac text NOT NULL
);

CREATE FUNCTION chain_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER journal_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_chain
  FOR EACH STATEMENT EXECUTE FUNCTION chain_is_append_only();
CREATE TRIGGER journal_prunes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_prunes
  FOR EACH STATEMENT EXECUTE FUNCTION chain_is_append_only();

CREATE INDEX executions_by_age ON executions (created_at);
`;
