import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { logArchives } from '../../src/adapters/postgres/log-archives.ts';
import { entryOf } from '../../src/drivers/ipmi/event-log-decode.ts';
import type { LogEntry } from '../../src/domain/event-log.ts';
import type { LogArchives } from '../../src/ports/log-archives.ts';
import { database } from '../support/database.ts';
import { faultOf } from '../support/fault-of.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';

describe('the archives of event logs', () => {
  let ledger: Ledger;
  let archives: LogArchives;
  before(async () => {
    ledger = await ledgerAt(await database());
    archives = logArchives(ledger.sql);
  });
  after(async () => ledger.close());

  const machine = async (): Promise<string> => {
    const id = randomUUID();
    await ledger.sql.rows(`INSERT INTO machines (id, name, project_id, project_domain_id) VALUES ($1, $2, 'p', 'd')`, [
      id,
      `n${id.slice(0, 8)}`,
    ]);
    return id;
  };
  const entries = (count: number): readonly LogEntry[] =>
    Array.from({ length: count }, (_, index) => {
      const record = Buffer.from('0000020000000020000408156f01ffff', 'hex');
      record.writeUInt16LE(index + 1, 0);
      return entryOf(record, { clock: { offset: null }, sensors: () => null });
    });
  const made = async (machineId: string, count: number): Promise<string> =>
    (await archives.create({ machineId, log: 'sel', actId: randomUUID(), entries: entries(count) })).id;

  it('hold every entry as it was, also of a log as long as there may be', async () => {
    const machineId = await machine();
    const all = entries(65_535);
    const { id } = await archives.create({ machineId, log: 'sel', actId: randomUUID(), entries: all });
    expect((await archives.get(machineId, 'sel', id))?.entries).to.equal(65_535);
    const seen: LogEntry[] = [];
    let marker: string | null = null;
    for (let isLast = false; !isLast;) {
      const page = await archives.entries(id, { limit: 10_000, marker });
      seen.push(...page.items);
      marker = page.items.at(-1)?.id ?? null;
      isLast = page.isLast;
    }
    expect(seen).to.deep.equal([...all].reverse());
  }).timeout(60_000);

  it('say that their outcome is unknown until they are settled, and are gone when dropped', async () => {
    const machineId = await machine();
    const [one, other] = [await made(machineId, 2), await made(machineId, 0)];
    await archives.settle(one);
    expect((await archives.get(machineId, 'sel', one))?.outcome).to.equal('cleared');
    expect((await archives.get(machineId, 'sel', other))?.outcome).to.equal('unknown');
    await archives.drop(one);
    expect(await archives.get(machineId, 'sel', one)).to.equal(null);
    expect((await archives.entries(one, { limit: 10, marker: null })).items).to.deep.equal([]);
  });

  it("are listed newest first, page by page, each of its machine's alone", async () => {
    const [machineId, another] = [await machine(), await machine()];
    const ids = [await made(machineId, 1), await made(machineId, 1), await made(machineId, 1)];
    await made(another, 1);
    const first = await archives.list(machineId, 'sel', { limit: 2, marker: null });
    expect(first.items.map(({ id }) => id)).to.deep.equal([ids[2], ids[1]]);
    expect(first.isLast).to.equal(false);
    const rest = await archives.list(machineId, 'sel', { limit: 2, marker: ids[1] ?? '' });
    expect([rest.items.map(({ id }) => id), rest.isLast]).to.deep.equal([[ids[0]], true]);
    expect(await archives.get(another, 'sel', ids[0] ?? '')).to.equal(null);
    expect(await archives.get(machineId, 'sel', 'nosuch')).to.equal(null);
    for (const marker of ['nosuch', randomUUID()])
      expect((await faultOf(archives.list(machineId, 'sel', { limit: 2, marker }))).code).to.equal('invalid-input');
    expect((await faultOf(archives.list(another, 'sel', { limit: 2, marker: ids[0] ?? '' }))).code).to.equal(
      'invalid-input',
    );
    expect((await faultOf(archives.entries(ids[0] ?? '', { limit: 2, marker: '0009' }))).code).to.equal(
      'invalid-input',
    );
  });

  it('are removed when they are old, some at a time, and with their machine', async () => {
    const machineId = await machine();
    const young = await made(machineId, 1);
    for (let count = 0; count < 120; count += 1) {
      const id = await made(machineId, 2);
      await ledger.sql.rows(`UPDATE log_archives SET created_at = now() - interval '366 days' WHERE id = $1`, [id]);
    }
    expect([await archives.prune(365), await archives.prune(365), await archives.prune(365)]).to.deep.equal([
      100, 20, 0,
    ]);
    const left = await archives.list(machineId, 'sel', { limit: 10, marker: null });
    expect(left.items.map(({ id }) => id)).to.deep.equal([young]);
    await ledger.sql.rows('DELETE FROM machines WHERE id = $1', [machineId]);
    expect(await archives.get(machineId, 'sel', young)).to.equal(null);
  });
});
