import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Selections that projects keep under names. */
export class Selectors1764000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE selectors (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  project_id text NOT NULL,
  description text NOT NULL DEFAULT '',
  expression text,
  tags text[],
  filter jsonb,
  -- The groups that the expression speaks of, in lower case: selectors among them, and tags.
  mentions text[] NOT NULL,
  created_by_id text NOT NULL,
  created_by_name text NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- One that says nothing would be the whole project.
  CONSTRAINT selectors_say_something CHECK (expression IS NOT NULL OR tags IS NOT NULL OR filter IS NOT NULL),
  CONSTRAINT selectors_name_is_no_id CHECK (name !~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$')
);
CREATE UNIQUE INDEX selectors_name ON selectors (project_id, lower(name));
`;
