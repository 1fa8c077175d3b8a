import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Grants, loans and break-glass; the number that grows with each change of them, by which replicas notice. */
export class Grants1763700000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE grants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CONSTRAINT grants_kind CHECK (kind IN ('grant', 'loan', 'break-glass')),
  project_id text NOT NULL,
  machine_id uuid CONSTRAINT grants_machine REFERENCES machines (id) ON DELETE CASCADE,
  tags text[] NOT NULL DEFAULT '{}',
  permissions text[] NOT NULL,
  grantee_kind text NOT NULL CONSTRAINT grants_grantee_kind CHECK (grantee_kind IN ('user', 'group', 'project', 'email')),
  grantee_id text NOT NULL,
  from_at timestamptz NOT NULL,
  until_at timestamptz,
  time_zone text NOT NULL,
  hours jsonb NOT NULL DEFAULT '[]',
  reason text NOT NULL,
  granted_by_id text NOT NULL,
  granted_by_name text NOT NULL,
  approve_by timestamptz,
  minutes integer,
  approved_by_id text,
  approved_by_name text,
  revoked_at timestamptz,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- A grant is about one machine or about tags: one without either would be about a whole project.
  CONSTRAINT grants_about_something CHECK ((machine_id IS NULL) = (cardinality(tags) > 0)),
  CONSTRAINT grants_loan_of_a_machine CHECK (kind <> 'loan' OR machine_id IS NOT NULL AND grantee_kind = 'project'),
  CONSTRAINT grants_second_person CHECK (approved_by_id IS NULL OR approved_by_id <> granted_by_id)
);
CREATE INDEX grants_by_project ON grants (project_id, id);
CREATE INDEX grants_by_grantee ON grants (grantee_kind, grantee_id);
CREATE INDEX grants_by_machine ON grants (machine_id);
CREATE UNIQUE INDEX grants_one_loan ON grants (machine_id) WHERE kind = 'loan' AND revoked_at IS NULL;

-- Replicas keep the grants in memory and ask for this number alone.
CREATE TABLE grants_version (version bigint NOT NULL);
CREATE UNIQUE INDEX grants_version_is_one ON grants_version ((true));
INSERT INTO grants_version VALUES (1);

CREATE FUNCTION grants_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE grants_version SET version = version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER grants_changed AFTER INSERT OR UPDATE OR DELETE ON grants
  FOR EACH STATEMENT EXECUTE FUNCTION grants_changed();
`;
