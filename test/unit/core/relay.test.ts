import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { LocatedAct } from '../../../src/core/execute.ts';
import { relayer } from '../../../src/core/relay.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { Passed, PassedBack, Relays, RelayStanding } from '../../../src/ports/relays.ts';
import { identityWith, quiet } from '../../support/fakes.ts';

interface Row {
  readonly to: string;
  readonly passed: Passed;
  state: RelayStanding['state'];
  answer: PassedBack | null;
  at: number;
}

/** Rows in memory, which a test plays the holder on. */
const made = () => {
  const rows = new Map<string, Row>();
  const holders: (string | null)[] = ['holder'];
  const dead = new Set<string>();
  const endings: string[] = [];
  let heard: (said: string | null) => void = () => undefined;
  const trouble = { put: null as Fault | null, isStored: true };
  const relays: Relays = {
    async put(id, to, passed) {
      if (trouble.isStored) rows.set(id, { to, passed, state: 'queued', answer: null, at: performance.now() });
      if (trouble.put !== null) throw trouble.put;
    },
    standing: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const row = rows.get(id);
          if (row === undefined) return [];
          return [[id, { state: row.state, isHolderAlive: !dead.has(row.to), ageMs: performance.now() - row.at }]];
        }),
      ),
    async take(id) {
      const row = rows.get(id);
      if (row === undefined || (row.state !== 'done' && row.state !== 'refused')) return null;
      rows.delete(id);
      return row.state === 'refused' ? 'refused' : row.answer;
    },
    async withdraw(id) {
      const state = rows.get(id)?.state;
      return (state === 'queued' || state === 'refused') && rows.delete(id);
    },
    drop: async (id) => void rows.delete(id),
    claim: async () => [],
    answer: async () => undefined,
    refuse: async () => undefined,
    prune: async () => 0,
  };
  const one = relayer({
    replicaId: 'origin',
    relays,
    leases: { holder: async () => (holders.length > 1 ? (holders.shift() ?? null) : (holders[0] ?? null)) },
    bell: {
      on: (_channel, hear) => {
        heard = hear;
        return () => undefined;
      },
    },
    life: { now: () => 1 },
    log: quiet,
    passed: (ending) => void endings.push(ending),
  });
  one.start();
  const first = async (): Promise<readonly [string, Row]> => {
    for (;;) {
      const [row] = [...rows];
      if (row !== undefined) return row;
      await sleep(2);
    }
  };
  const end = async (state: 'done' | 'refused', answer: PassedBack | null = null): Promise<void> => {
    const [id, row] = await first();
    Object.assign(row, { state, answer });
    heard(`answered origin ${id}`);
  };
  return { rows, holders, dead, endings, trouble, one, first, end };
};

const actWith = (effect: 'read' | 'change', signal = new AbortController().signal): LocatedAct => {
  const caller = { identity: identityWith(), service: null, groups: ['g1'], address: '192.0.2.7' };
  const operation = { name: 'power.get', effect };
  const rest = { target: 'osl01', revision: 3, patienceMs: 500, href: (path: string) => `https://igor${path}`, signal };
  return {
    caller: { ...caller, requestId: 'req-1', globalRequestId: null },
    operation,
    note: () => undefined,
    ...rest,
  } as unknown as LocatedAct; // as much as is passed on
};

const endOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.catch((thrown: unknown) => (thrown instanceof Fault ? thrown.code : thrown));

describe('passing a request on', () => {
  let parts: ReturnType<typeof made>;
  beforeEach(() => (parts = made()));
  afterEach(() => parts.one.stop());
  const pass = async (act: LocatedAct): Promise<unknown> => endOf(parts.one.pass(act, { refresh: true }, 'c1'));

  it('sends input, caller and links as they came, and resolves to what was answered', async () => {
    const asked = pass(actWith('change'));
    const [, { to, passed }] = await parts.first();
    expect(to).to.equal('holder');
    expect(passed).to.deep.include({ operation: 'power.get', target: 'osl01', input: { refresh: true }, revision: 3 });
    expect(passed).to.deep.include({ patienceMs: 500, base: 'https://igor', controllerId: 'c1' });
    expect(passed.caller).to.deep.include({ address: '192.0.2.7', groups: ['g1'], requestId: 'req-1' });
    expect(JSON.stringify(passed)).not.to.contain('token');
    await parts.end('done', { actId: 'a1', output: { state: 'on' } });
    expect(await asked).to.deep.equal({ output: { state: 'on' } });
    expect(parts.endings).to.deep.equal(['answered']);
  });

  it('rejects with the fault that was met there', async () => {
    const asked = parts.one.pass(actWith('change'), {}, 'c1').catch((thrown: unknown) => thrown);
    const fault = {
      code: 'controller-busy',
      detail: 'power.set runs',
      retryAfter: 2,
      headers: { Allow: 'x' },
    } as const;
    await parts.end('done', { actId: null, fault });
    expect(await asked)
      .to.be.instanceOf(Fault)
      .and.deep.include({ code: 'controller-busy', detail: 'power.set runs', retryAfter: 2, headers: { Allow: 'x' } });
  });

  it('leaves it to this replica when nobody else holds the controller, or all refuse', async () => {
    parts.holders.splice(0, 1, null);
    expect(await pass(actWith('change'))).to.be.null;
    parts.holders.splice(0, 1, 'holder');
    const asked = pass(actWith('change'));
    for (let turn = 0; turn < 3; turn += 1) {
      await parts.end('refused');
      while (parts.endings.length <= turn) await sleep(2);
    }
    expect(await asked).to.be.null;
    expect(parts.rows.size).to.equal(0);
  });

  it('withdraws what a dead holder had not begun, a change too', async () => {
    parts.holders.push(null);
    const asked = pass(actWith('change'));
    await parts.first();
    parts.dead.add('holder');
    expect(await asked).to.be.null;
    expect(parts.endings).to.deep.equal(['undone']);
    expect(parts.rows.size).to.equal(0);
  });

  it('tells of a change that a dead holder had begun that its outcome is unknown, and does a read itself', async () => {
    for (const [effect, expected] of [
      ['change', 'outcome-unknown'],
      ['read', null],
    ] as const) {
      parts.holders.splice(0, 9, 'holder', null);
      parts.dead.clear();
      const asked = pass(actWith(effect));
      (await parts.first())[1].state = 'running';
      parts.dead.add('holder');
      expect(await asked).to.equal(expected);
      expect(parts.rows.size).to.equal(0);
    }
  });

  it('takes a row that is gone for begun', async () => {
    const asked = pass(actWith('change'));
    await parts.first();
    parts.rows.clear();
    expect(await asked).to.equal('outcome-unknown');
  });

  it('hears an answer that nobody has rung for', async () => {
    const asked = pass(actWith('change'));
    Object.assign((await parts.first())[1], { state: 'done', answer: { actId: null, output: 7 } });
    expect(await asked).to.deep.equal({ output: 7 });
  });

  it('does not wait for who lives and does not begin', async function () {
    this.timeout(10_000);
    parts.holders.push(null);
    const began = performance.now();
    expect(await pass(actWith('change'))).to.be.null;
    expect(performance.now() - began).to.be.within(2_900, 4_500);
    expect(parts.rows.size).to.equal(0);
  });

  it('lets go of a read when its client does, so that the holder sees it', async () => {
    const gone = new AbortController();
    const asked = pass(actWith('read', gone.signal));
    (await parts.first())[1].state = 'running';
    gone.abort();
    expect(await asked).to.equal('controller-unreachable');
    await sleep(5);
    expect(parts.rows.size).to.equal(0);
  });

  it('neither repeats nor forgets a change of which it does not know whether it was passed on', async () => {
    parts.trouble.put = new Fault('store-unavailable');
    parts.holders.push(null);
    expect(await pass(actWith('change'))).to.be.null;
    parts.holders.splice(0, 9, 'holder');
    parts.trouble.isStored = false;
    expect(await pass(actWith('change'))).to.equal('outcome-unknown');
  });
});
