import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { executions } from '../../src/adapters/postgres/executions.ts';
import { database } from '../support/database.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';

describe('the retention of executions', () => {
  let ledger: Ledger;
  before(async () => (ledger = await ledgerAt(await database())));
  after(async () => ledger.close());

  const asked = async (daysAgo: number, states: readonly string[]): Promise<string> => {
    const id = randomUUID();
    await ledger.sql.rows(
      `INSERT INTO executions (id, user_id, caller, command, timeout_ms, created_at)
       VALUES ($1, 'u1', '{}', '{true}', 1000, now() - $2 * interval '1 day')`,
      [id, daysAgo],
    );
    for (const [position, state] of states.entries())
      await ledger.sql.rows(
        `INSERT INTO execution_targets (execution_id, machine_id, machine_name, position, state, stdout)
         VALUES ($1, gen_random_uuid(), 'osl01', $2, $3, 'x')`,
        [id, position, state],
      );
    return id;
  };

  it('removes those that are old and over, with their output, some at a time; never one that still runs', async () => {
    const runs = await asked(100, ['succeeded', 'running']);
    const waits = await asked(100, ['queued']);
    const young = await asked(89, ['succeeded']);
    for (let count = 0; count < 150; count += 1) await asked(91 + count, ['succeeded', 'failed']);
    const { prune } = executions(ledger.sql, randomUUID());
    expect(await prune(90)).to.equal(100);
    expect(await prune(90)).to.equal(50);
    expect(await prune(90)).to.equal(0);
    const left = await ledger.sql.rows<{ id: string }>('SELECT id FROM executions');
    expect(left.map(({ id }) => id)).to.have.members([runs, waits, young]);
    expect(await ledger.sql.rows('SELECT 1 FROM execution_targets')).to.have.length(4);
  });
});
