import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What sensors showed, kept for a while; when a machine's were last kept, and when they are due. */
export class Samples1763800000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE sensor_samples (
  machine_id uuid NOT NULL CONSTRAINT sensor_samples_machine REFERENCES machines (id) ON DELETE CASCADE,
  at timestamptz NOT NULL,
  -- By the id of the sensor: {"cpu1-temp": 48}.
  readings jsonb NOT NULL,
  PRIMARY KEY (machine_id, at)
);
CREATE INDEX sensor_samples_by_age ON sensor_samples (at);

ALTER TABLE observations
  ADD COLUMN sampled_at timestamptz,
  ADD COLUMN sample_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX observations_sample_due ON observations (sample_at);
`;
