import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { loadKeyring, makeKeyring, type Keyring } from '../../src/adapters/keyring.ts';
import { operationSets } from '../../src/adapters/postgres/operation-sets.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import type { OperationSet } from '../../src/domain/operation-set.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Claim, NewSet, NewTarget, OperationSets } from '../../src/ports/operation-sets.ts';
import { database } from '../support/database.ts';
import { faultOf } from '../support/fault-of.ts';
import { identityWith } from '../support/fakes.ts';
import { scratch } from '../support/parts.ts';

const nothing = { sets: [], projects: [] };

describe('the queue of operations on sets, in PostgreSQL', () => {
  let connected: DataSource;
  let sql: Sql;
  let keyring: Keyring;
  const replicas: string[] = [];
  before(async () => {
    const path = join(await scratch('queue'), 'keyring.json');
    await makeKeyring(path);
    keyring = await loadKeyring(path);
    connected = await source({ url: new Secret(await database()) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
  });
  after(async () => connected.destroy());
  beforeEach(async () => sql.rows('DELETE FROM operations'));

  /** A replica that lives. */
  const replica = async (): Promise<OperationSets & { readonly id: string }> => {
    const id = randomUUID();
    replicas.push(id);
    await sql.rows(`INSERT INTO replicas (id, version) VALUES ($1, 'test')`, [id]);
    return { ...operationSets(sql, id, keyring), id };
  };
  const dies = async (id: string): Promise<unknown> =>
    sql.rows(`UPDATE replicas SET heartbeat_at = '-infinity' WHERE id = $1`, [id]);

  const target = (index: number, changes: Partial<NewTarget> = {}): NewTarget => ({
    kind: 'machine',
    id: randomUUID(),
    name: `osl${index}`,
    projectId: 'alpha',
    controllerId: null,
    after: [],
    ...changes,
  });
  const identity = identityWith();
  const requestId = 'req-1';
  const setWith = (count: number, changes: Partial<NewSet> = {}): NewSet => ({
    kind: 'power.set',
    effect: 'disrupt',
    parameters: { target: 'on' },
    secretParameters: null,
    caller: { identity, groups: [], requestId, globalRequestId: null },
    reason: null,
    folded: 'osl',
    targets: Array.from({ length: count }, (_, index) => target(index)),
    strategy: { maxParallel: 10_000, staggerMs: 0, stopAfterFailures: null, order: 'none' },
    deadlineMs: 60_000,
    idempotency: null,
    retryOf: null,
    scheduleId: null,
    ...changes,
  });
  const strategy = { maxParallel: 10_000, staggerMs: 0, stopAfterFailures: null, order: 'none' } as const;
  const made = async (sets: OperationSets, count: number, changes: Partial<NewSet> = {}): Promise<OperationSet> =>
    (await sets.create(setWith(count, changes))).set;
  const claimed = async (sets: OperationSets, most = 100): Promise<readonly Claim[]> =>
    (await sets.claim(most, nothing))?.claims ?? [];
  const begun = async (sets: OperationSets, claims: readonly Claim[]): Promise<number> =>
    claims[0] === undefined
      ? 0
      : (
          await sets.begin(
            claims[0].setId,
            claims.map((claim) => ({ ...claim, actId: randomUUID() })),
          )
        ).size;
  const settled = async (
    sets: OperationSets,
    claims: readonly Claim[],
    state: 'succeeded' | 'failed' | 'unknown' = 'succeeded',
  ) =>
    sets.settle(
      claims[0]?.setId ?? '',
      claims.map((claim) => ({ ...claim, state, fault: null, result: null })),
    );
  const now = async (sets: OperationSets, id: string): Promise<OperationSet> => {
    const found = await sets.since(id, 0, 1);
    if (found === null) throw new Error('it is gone');
    return found.set;
  };

  it('gives each target to one replica, however many ask at once', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, replica));
    const set = await made(all[0] as OperationSets, 100);
    const claims = (
      await Promise.all(Array.from({ length: 20 }, async (_, index) => claimed(all[index % 4] as OperationSets, 7)))
    ).flat();
    expect(new Set(claims.map(({ position }) => position)).size)
      .to.equal(claims.length)
      .and.to.equal(100);
    expect((await now(all[0] as OperationSets, set.id)).counts.queued).to.equal(100);
  });

  it('counts its targets, tells each change by its revision, and ends with the last', async () => {
    const mine = await replica();
    const { id } = await made(mine, 3);
    const claims = await claimed(mine);
    expect(await begun(mine, claims)).to.equal(3);
    const running = await now(mine, id);
    expect(running).to.deep.include({ state: 'running' });
    expect(running.counts).to.deep.include({ queued: 0, running: 3 });
    await settled(mine, claims.slice(0, 1));
    await settled(mine, claims.slice(1, 2), 'failed');
    const since = await mine.since(id, running.revision, 100);
    expect(since?.targets.map(({ state }) => state)).to.deep.equal(['succeeded', 'failed']);
    await settled(mine, claims.slice(2), 'unknown');
    const over = await now(mine, id);
    expect(over.state).to.equal('partly');
    expect(over.endedAt).to.be.instanceOf(Date);
    expect(await claimed(mine)).to.deep.equal([]);
  });

  for (const [states, end] of [
    [['succeeded', 'succeeded'], 'succeeded'],
    [['succeeded', 'unknown'], 'partly'],
    [['failed', 'unknown'], 'unknown'],
    [['failed', 'failed'], 'failed'],
  ] as const)
    it(`ends as ${end} when its targets are ${states.join(' and ')}`, async () => {
      const mine = await replica();
      const { id } = await made(mine, 2);
      const claims = await claimed(mine);
      for (const [index, state] of states.entries()) await settled(mine, claims.slice(index, index + 1), state);
      expect((await now(mine, id)).state).to.equal(end);
    });

  it('holds to max_parallel across replicas', async () => {
    const [mine, theirs] = [await replica(), await replica()];
    await made(mine, 10, { strategy: { ...strategy, maxParallel: 3 } });
    const first = await claimed(mine, 2);
    expect(first).to.have.length(2);
    const second = await claimed(theirs);
    expect(second).to.have.length(1);
    expect(await claimed(mine)).to.deep.equal([]);
    await settled(mine, first);
    expect(await claimed(theirs)).to.have.length(2);
  });

  it('gives starts that are as far apart as the stagger wants, also across replicas', async () => {
    const [mine, theirs] = [await replica(), await replica()];
    await made(mine, 50, { strategy: { ...strategy, staggerMs: 100 } });
    const started = performance.now();
    const starts: number[] = [];
    while (starts.length < 12) {
      for (const sets of [mine, theirs])
        starts.push(...(await claimed(sets)).map(({ waitMs }) => performance.now() - started + waitMs));
      await sleep(20);
    }
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    expect(Math.min(...gaps)).to.be.greaterThan(70); // the answer takes a moment to come
    expect(starts.at(-1)).to.be.lessThan(2_500);
  });

  it('lets nobody begin what was taken from him', async () => {
    const [mine, theirs] = [await replica(), await replica()];
    await made(mine, 1);
    const frozen = await claimed(mine);
    await dies(mine.id);
    await theirs.sweep();
    const taken = await claimed(theirs);
    expect(taken).to.have.length(1);
    expect(await begun(mine, frozen)).to.equal(0);
    expect(await begun(theirs, taken)).to.equal(1);
  });

  it('lets nobody settle what was taken from him', async () => {
    const [mine, theirs] = [await replica(), await replica()];
    const { id } = await made(mine, 1);
    const frozen = await claimed(mine);
    await begun(mine, frozen);
    await dies(mine.id);
    expect(await theirs.sweep()).to.equal(1);
    await settled(mine, frozen);
    expect((await now(theirs, id)).counts).to.deep.include({ unknown: 1, succeeded: 0 });
  });

  it('queues again what a dead replica had not begun, and reads that it had', async () => {
    const [mine, theirs] = [await replica(), await replica()];
    await made(mine, 1);
    await made(mine, 1, { kind: 'power.get', effect: 'read' });
    const claims = [...(await claimed(mine)), ...(await claimed(mine))];
    await begun(
      mine,
      claims.filter(({ kind }) => kind === 'power.get'),
    );
    await dies(mine.id);
    expect(await theirs.sweep()).to.equal(0);
    expect([...(await claimed(theirs)), ...(await claimed(theirs))]).to.have.length(2);
  });

  it('leaves what another replica holds to it for a while, and then takes it', async () => {
    const [mine, theirs] = [await replica(), await replica()];
    const [{ id: controllerId }] = (await sql.rows(
      `INSERT INTO controllers (driver, address, port, username, password_sealed) VALUES ('fake', $1, 1, 'u', 's') RETURNING id`,
      [randomUUID()],
    )) as [{ id: string }];
    await sql.rows(
      `INSERT INTO controller_leases (controller_id, replica_id, expires_at) VALUES ($1, $2, 'infinity')`,
      [controllerId, theirs.id],
    );
    const { id } = await made(mine, 1, { targets: [target(0, { controllerId })] });
    expect(await claimed(mine)).to.deep.equal([]);
    await sql.rows(
      `UPDATE operation_targets SET queued_at = clock_timestamp() - interval '3 s' WHERE operation_id = $1`,
      [id],
    );
    expect(await claimed(mine)).to.have.length(1);
  });

  it('begins a target only when those that it waits for have ended', async () => {
    const mine = await replica();
    await made(mine, 3, { targets: [target(0), target(1, { after: [0] }), target(2, { after: [0, 1] })] });
    for (const position of [0, 1, 2]) {
      const claims = await claimed(mine);
      expect(claims.map((claim) => claim.position)).to.deep.equal([position]);
      await settled(mine, claims, 'failed');
    }
  });

  it('lets projects take turns: a thousand of one do not starve the one of another', async () => {
    const mine = await replica();
    await made(mine, 500);
    await made(mine, 500);
    await claimed(mine, 10);
    await claimed(mine, 10);
    const other = { ...identity, projectId: 'beta' };
    const { id } = await made(mine, 1, { caller: { identity: other, groups: [], requestId, globalRequestId: null } });
    expect((await mine.claim(10, nothing))?.setId).to.equal(id);
  });

  it('begins nothing more after as many failures as are borne', async () => {
    const mine = await replica();
    const { id } = await made(mine, 10, { strategy: { ...strategy, maxParallel: 2, stopAfterFailures: 2 } });
    const claims = await claimed(mine);
    await begun(mine, claims);
    await settled(mine, claims, 'failed');
    expect(await now(mine, id)).to.deep.include({ state: 'failed' });
    expect((await now(mine, id)).counts).to.deep.include({ failed: 2, cancelled: 8 });
  });

  it('cancels what has not begun, and nothing else: what was claimed is not begun any more', async () => {
    const mine = await replica();
    const { id } = await made(mine, 3);
    const [first, ...rest] = await claimed(mine);
    await begun(mine, first === undefined ? [] : [first]);
    const set = await mine.cancel(id, 'u-alice');
    expect(set.counts).to.deep.include({ running: 1, cancelled: 2 });
    expect(await begun(mine, rest)).to.equal(0);
    await settled(mine, first === undefined ? [] : [first]);
    expect(await now(mine, id)).to.deep.include({ state: 'partly', cancelledBy: 'u-alice' });
  });

  it('cancels what is past its deadline', async () => {
    const mine = await replica();
    const { id } = await made(mine, 2, { deadlineMs: 1 });
    await sleep(5);
    await mine.sweep();
    expect(await now(mine, id)).to.deep.include({ state: 'cancelled' });
    expect((await mine.targets(id, { limit: 1, after: -1, states: null })).items[0]?.fault?.code).to.equal('not-begun');
  });

  it('gives back what is not begun', async () => {
    const mine = await replica();
    const { id } = await made(mine, 1);
    const claims = await claimed(mine);
    await mine.giveBack(id, claims);
    const next = await claimed(mine);
    expect(next).to.have.length(1);
    expect(await begun(mine, claims)).to.equal(0); // of the claim before
    expect(await mine.held()).to.deep.equal([{ setId: id, position: 0, claim: 2, isBegun: false }]);
  });

  it('makes one of two requests with the same key, and refuses the key to another request', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, replica));
    const idempotency = { key: 'k1', requestHash: 'a' };
    const sets = await Promise.all(all.map(async (one) => one.create(setWith(2, { idempotency }))));
    expect(new Set(sets.map(({ set }) => set.id)).size).to.equal(1);
    expect(sets.filter(({ isNew }) => isNew)).to.have.length(1);
    const other = all[0]?.create(setWith(2, { idempotency: { key: 'k1', requestHash: 'b' } }));
    expect(await faultOf(other as Promise<unknown>)).to.have.property('code', 'conflict');
  });

  it('keeps secrets sealed, shows them to nobody, and erases them at the end', async () => {
    const mine = await replica();
    const secretParameters = new Secret('{"password":"5ecret-w0rd"}');
    const { id } = await made(mine, 1, { parameters: { password: '[secret]' }, secretParameters });
    const stored = async (): Promise<string> =>
      JSON.stringify(await sql.rows('SELECT * FROM operations WHERE id = $1', [id]));
    expect(await stored())
      .to.include('igor1:')
      .and.not.to.include('5ecret');
    const claims = await claimed(mine);
    expect(claims[0]?.parameters).to.deep.equal({ password: '5ecret-w0rd' });
    await settled(mine, claims);
    expect(await stored()).not.to.include('igor1:');
  });

  it('takes ten thousand targets within a second', async () => {
    const mine = await replica();
    const started = performance.now();
    const { id } = await made(mine, 10_000);
    expect(performance.now() - started).to.be.lessThan(1_000);
    expect((await now(mine, id)).total).to.equal(10_000);
  });

  it('removes what ended long ago, with its targets, and nothing that is open', async () => {
    const mine = await replica();
    const { id } = await made(mine, 1);
    await settled(mine, await claimed(mine));
    await made(mine, 1);
    expect(await mine.prune(1)).to.equal(0);
    await sql.rows(`UPDATE operations SET ended_at = ended_at - interval '2 days' WHERE id = $1`, [id]);
    expect(await mine.prune(1)).to.equal(1);
    expect(await sql.rows('SELECT 1 FROM operation_targets WHERE operation_id = $1', [id])).to.deep.equal([]);
  });
});
