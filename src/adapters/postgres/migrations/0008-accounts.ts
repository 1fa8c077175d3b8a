import type { MigrationInterface, QueryRunner } from 'typeorm';

/** New passwords of Igor's own accounts, from before they are sent until one is proven to hold. */
export class Accounts1763800000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE pending_credentials (
  -- The controller's.
  id uuid PRIMARY KEY CONSTRAINT pending_credentials_controller REFERENCES controllers (id) ON DELETE CASCADE,
  act_id uuid NOT NULL,
  username text NOT NULL,
  password_sealed text NOT NULL,
  -- Its first 16 bytes were sent last.
  is_short boolean NOT NULL DEFAULT false,
  -- The credential on record was set by somebody since.
  is_overtaken boolean NOT NULL DEFAULT false,
  refused text[] NOT NULL DEFAULT '{}',
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
`;
