import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Sql } from '../../src/adapters/postgres/sql.ts';
import { controllerHealths, type ControllerHealth } from '../../src/domain/controller.ts';
import { powerState, type PowerState } from '../../src/domain/power.ts';

/** A machine as a list may be asked for it. */
export interface Known {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly description: string;
  readonly maintenance: boolean;
  readonly power_state: PowerState;
  readonly health: ControllerHealth;
  readonly observed_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** Beyond the milliseconds of `created_at`. */
  readonly microseconds: number;
  readonly tags: readonly string[];
}

export const projects = ['alpha', 'beta', 'gamma'] as const;
export const tags = ['rack1', 'rack2', 'gpu', 'Rack1', 'a b', "x'); DROP TABLE machines; --"] as const;
/** What SQL, or a filter's own language, could take for its own. */
export const descriptions = [
  '',
  'spare',
  'Spare',
  'a,b',
  '"',
  "'",
  "' OR ''='",
  '%',
  'null',
  'in:a',
  '\\',
  'ä',
  '\n',
] as const;
const instants = [0, 1, 1000, 60_000].map((ms) => new Date(Date.UTC(2026, 10, 20) + ms));

/** Few values each, so that much is equal. */
const machine = fc.record({
  project_id: fc.constantFrom(...projects),
  description: fc.constantFrom(...descriptions),
  maintenance: fc.boolean(),
  power_state: fc.constantFrom(...powerState.options),
  health: fc.option(fc.constantFrom(...controllerHealths), { nil: null }),
  observed_at: fc.option(fc.constantFrom(...instants), { nil: null }),
  created_at: fc.constantFrom(...instants),
  updated_at: fc.constantFrom(...instants),
  tags: fc.uniqueArray(fc.constantFrom(...tags), { maxLength: 4 }),
  // Beyond what a Date holds: pages must go on within one millisecond.
  microseconds: fc.integer({ min: 0, max: 999 }),
});

/** Writes that many machines of every kind, and tells what they are. */
export const manyMachines = async (sql: Sql, count: number, seed: number): Promise<readonly Known[]> => {
  const made = fc.sample(machine, { numRuns: count, seed });
  const known: Known[] = [];
  for (const [index, { health, ...one }] of made.entries()) {
    const id = randomUUID();
    const name = `${index % 2 === 0 ? 'Osl' : 'osl'}${String((index * 7919) % 1000).padStart(4, '0')}`;
    const created = `${one.created_at.toISOString().slice(0, -1)}${String(one.microseconds).padStart(3, '0')}Z`;
    await sql.rows(
      `INSERT INTO machines (id, name, project_id, project_domain_id, description, maintenance, tags, created_at, updated_at)
       VALUES ($1, $2, $3, 'default', $4, $5, $6, $7, $8)`,
      [id, name, one.project_id, one.description, one.maintenance, one.tags, created, one.updated_at],
    );
    await sql.rows('INSERT INTO observations (machine_id, power_state, observed_at) VALUES ($1, $2, $3)', [
      id,
      one.power_state,
      one.observed_at,
    ]);
    if (health !== null) await bindTo(sql, id, health);
    known.push({ ...one, id, name, health: health ?? 'unknown' });
  }
  return known;
};

/** A controller for the power, and one before it that is for the console alone and whose health is beside the point. */
const bindTo = async (sql: Sql, machineId: string, health: ControllerHealth): Promise<void> => {
  for (const [position, role] of ['console', 'power'].entries()) {
    const controllerId = randomUUID();
    await sql.rows(
      `INSERT INTO controllers (id, driver, address, port, username, password_sealed, health) VALUES ($1, 'fake', $1::uuid::text, 1, 'u', 's', $2)`,
      [controllerId, role === 'power' ? health : 'garbled'],
    );
    await sql.rows('INSERT INTO bindings (machine_id, controller_id, position, roles) VALUES ($1, $2, $3, $4)', [
      machineId,
      controllerId,
      position,
      [role],
    ]);
  }
};
