import { expect } from 'chai';
import { z } from 'zod';
import { execute, type Leased, type Request, type Steps } from '../../../src/core/execute.ts';
import { audit, missed } from '../../../src/core/audit.ts';
import type { Located } from '../../../src/core/locate.ts';
import { operation, type Operation } from '../../../src/core/operation.ts';
import type { Scope } from '../../../src/domain/caller.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { Secret } from '../../../src/domain/secret.ts';
import type { Journal, NewRecord } from '../../../src/ports/services.ts';
import { identityWith, quiet } from '../../support/fakes.ts';

const identity = identityWith();

interface Stage {
  readonly steps: Steps;
  /** What happened, in order. */
  readonly order: string[];
  readonly rows: NewRecord[];
  refuse: string | null;
  journalAway: boolean;
  /** How many are waited for. */
  attended: number;
}

/** The flow with each step written down; `refuse` names the one that refuses. */
const stage = (): Stage => {
  const order: string[] = [];
  const rows: NewRecord[] = [];
  const made: Stage = { steps: null as unknown as Steps, order, rows, refuse: null, journalAway: false, attended: 0 };
  const step = (name: string, code: ConstructorParameters<typeof Fault>[0]): void => {
    order.push(name);
    if (made.refuse === name) throw new Fault(code, `${name} refused`);
  };
  const append = async (record: NewRecord): Promise<void> => {
    if (made.journalAway) throw new Fault('store-unavailable');
    rows.push(record);
    order.push(record.kind);
  };
  const journal = { append } as unknown as Journal; // as much as the flow asks of it
  const beyond = async () => ({ id: 'm9', projectId: 'p9' });
  const ledger = {
    journal,
    machines: { beyond },
    controllers: { beyond },
    executions: { beyond },
    log: quiet,
    reads: false,
  };
  const located: Located = {
    kind: 'machine',
    found: {},
    id: 'm1',
    name: 'osl01',
    projectId: 'p1',
    bindings: [],
    subject: { kind: 'machine', target: { project_id: 'p1' }, machine: null },
    now: async () => {
      order.push('look again');
      return { kind: 'machine', target: { project_id: 'p1' }, machine: null };
    },
  };
  const leased: Leased = {
    device: {} as Leased['device'],
    waited: true,
    learn: async () => undefined,
    signal: new AbortController().signal,
    async [Symbol.asyncDispose]() {
      order.push('release');
    },
  };
  const steps: Steps = {
    services: {} as Steps['services'],
    async authenticate() {
      step('authenticate', 'unauthenticated');
      return { identity, service: null };
    },
    async scope(who) {
      step('scope', 'forbidden');
      return {
        ...who,
        groups: [],
        grants: [],
        address: null,
        scope: { kind: 'project', projectId: 'p1', grants: [] } as unknown as Scope,
        requestId: 'req-1',
        globalRequestId: null,
        token: null,
      };
    },
    async rescope(caller) {
      order.push('scope again');
      return caller;
    },
    seat: () => ({ [Symbol.dispose]: () => undefined }),
    attend() {
      made.attended += 1;
      return { [Symbol.dispose]: () => void (made.attended -= 1) };
    },
    async admit() {
      step('admit', 'too-many-requests');
    },
    async locate() {
      step('locate', 'not-found');
      return located;
    },
    audit: audit(ledger),
    missed: missed(ledger),
    relay: async () => null,
    decide() {
      order.push('decide');
      return { permitted: made.refuse !== 'decide', by: 'a test' };
    },
    async lease() {
      step('lease', 'controller-busy');
      return leased;
    },
    watch: () => ({
      caller: () => {
        throw new Error('no caller');
      },
      signal: new AbortController().signal,
      [Symbol.dispose]: () => undefined,
    }),
    async outdate() {
      step('outdate', 'store-unavailable');
    },
  };
  return Object.assign(made, { steps });
};

const declared = (effect: 'read' | 'disrupt', run: () => Promise<{ state: string }>): Operation =>
  operation({
    on: 'machine',
    name: 'power.set',
    summary: 'A change',
    method: 'put',
    path: '/machines/{machine}/power',
    permission: 'oob:power:set',
    effect,
    input: z.strictObject({
      target: z.string(),
      password: z
        .string()
        .transform((value) => new Secret(value))
        .optional(),
    }),
    output: z.object({ state: z.string() }),
    run,
  });

const request = (input: unknown = { target: 'on' }): Request => ({
  credentials: { token: new Secret('t'), serviceToken: null, method: 'PUT', path: '/v1/machines/osl01/power' },
  address: null,
  href: (path) => path,
  target: 'osl01',
  input,
  revision: null,
  patienceMs: null,
  idempotencyKey: null,
  requestId: 'req-1',
  globalRequestId: null,
  open: () => undefined,
  emit: async () => undefined,
  gone: new AbortController().signal,
  lasts: () => undefined,
  note: () => undefined,
});

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
  );

describe('the flow', () => {
  it('takes every step, in this order', async () => {
    const { steps, order } = stage();
    const change = declared('disrupt', async () => {
      order.push('run');
      return { state: 'on' };
    });
    expect(await execute(steps, change, request())).to.deep.equal({ state: 'on' });
    expect(order).to.deep.equal([
      'authenticate',
      'admit',
      'scope',
      'locate',
      'decide',
      'intent',
      'lease',
      'scope again',
      'look again',
      'decide',
      'outdate',
      'run',
      'release',
      'outcome',
    ]);
  });

  it('gives the lease back only when the run has ended', async () => {
    const { steps, order } = stage();
    const slow = declared('disrupt', async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push('run ended');
      return { state: 'on' };
    });
    await execute(steps, slow, request());
    expect(order.indexOf('run ended')).to.be.lessThan(order.indexOf('release'));
  });

  it('has what is done in bulk stand back from its beginning to its end, also when it fails', async () => {
    const made = stage();
    let during = 0;
    const seen = async (): Promise<{ state: string }> => {
      during = made.attended;
      return { state: 'on' };
    };
    await execute(made.steps, declared('disrupt', seen), request());
    expect([during, made.attended]).to.deep.equal([1, 0]);
    made.refuse = 'locate';
    expect(await codeOf(execute(made.steps, declared('disrupt', seen), request()))).to.equal('not-found');
    expect(made.attended).to.equal(0);
  });

  const refusals = [
    ['authenticate', 'unauthenticated', []],
    ['admit', 'too-many-requests', []],
    ['scope', 'forbidden', []],
    ['locate', 'not-found', ['missed']],
    ['decide', 'forbidden', ['intent', 'denied']],
    ['lease', 'controller-busy', ['intent', 'outcome']],
    ['outdate', 'store-unavailable', ['intent', 'outcome']],
  ] as const;
  for (const [name, code, kinds] of refusals) {
    it(`runs nothing when ${name} refuses, and journals ${kinds.length === 0 ? 'nothing' : kinds.join(', ')}`, async () => {
      const made = stage();
      made.refuse = name;
      const change = declared('disrupt', async () => expect.fail('it ran'));
      expect(await codeOf(execute(made.steps, change, request()))).to.equal(code);
      expect(made.rows.map(({ kind }) => kind)).to.deep.equal(kinds);
    });
  }

  it('runs nothing when the input does not fit, and names every field', async () => {
    const { steps, order } = stage();
    const change = declared('disrupt', async () => expect.fail('it ran'));
    const thrown = await execute(steps, change, request({ aim: 1 })).catch((fault: unknown) => fault);
    expect(thrown).to.be.instanceOf(Fault);
    expect((thrown as Fault).detail)
      .to.contain('target')
      .and.to.contain('aim: unknown field');
    expect(order).not.to.include('locate');
  });

  it('releases and settles after a run that failed, with its code', async () => {
    const { steps, order, rows } = stage();
    const failing = declared('disrupt', async () => {
      throw new Fault('controller-refused', 'no');
    });
    expect(await codeOf(execute(steps, failing, request()))).to.equal('controller-refused');
    expect(order.slice(-2)).to.deep.equal(['release', 'outcome']);
    expect(rows.at(-1)).to.include({ outcome: 'failed', code: 'controller-refused' });
  });

  it('journals as unknown what may have happened', async () => {
    const { steps, rows } = stage();
    const lost = declared('disrupt', async () => {
      throw new Fault('outcome-unknown');
    });
    await codeOf(execute(steps, lost, request()));
    expect(rows.at(-1)).to.include({ outcome: 'unknown', code: 'outcome-unknown' });
  });

  it('refuses a change without a journal, and goes on reading', async () => {
    const made = stage();
    made.journalAway = true;
    expect(
      await codeOf(
        execute(
          made.steps,
          declared('disrupt', async () => expect.fail('it ran')),
          request(),
        ),
      ),
    ).to.equal('store-unavailable');
    expect(
      await execute(
        made.steps,
        declared('read', async () => ({ state: 'on' })),
        request(),
      ),
    ).to.deep.equal({ state: 'on' });
  });

  it('writes an outcome later that could not be written at once, and answers all the same', async () => {
    const made = stage();
    const change = declared('disrupt', async () => {
      made.journalAway = true;
      return { state: 'on' };
    });
    expect(await execute(made.steps, change, request())).to.deep.equal({ state: 'on' });
    expect(made.rows.map(({ kind }) => kind)).to.deep.equal(['intent']);
    made.journalAway = false;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(made.rows.map(({ kind, outcome }) => [kind, outcome])).to.deep.equal([
      ['intent', null],
      ['outcome', 'done'],
    ]);
  });

  it('lets nothing leave that is not declared', async () => {
    const { steps } = stage();
    const leaking = declared('read', async () => ({ state: 'on', password: 'x' }));
    expect(await execute(steps, leaking, request())).to.deep.equal({ state: 'on' });
  });

  it('keeps no secret in the journal', async () => {
    const { steps, rows } = stage();
    await execute(
      steps,
      declared('disrupt', async () => ({ state: 'on' })),
      request({ target: 'on', password: 'hunter2' }),
    );
    expect(JSON.stringify(rows)).to.contain('[secret]').and.not.to.contain('hunter2');
  });

  it('denies a read with a row, and journals no other read', async () => {
    const made = stage();
    await execute(
      made.steps,
      declared('read', async () => ({ state: 'on' })),
      request(),
    );
    expect(made.rows).to.deep.equal([]);
    made.refuse = 'decide';
    await codeOf(
      execute(
        made.steps,
        declared('read', async () => ({ state: 'on' })),
        request(),
      ),
    );
    expect(made.rows.map(({ kind, code }) => [kind, code])).to.deep.equal([['denied', 'forbidden']]);
  });

  it('ends a read when its client is gone, and no change', async () => {
    const { steps } = stage();
    const gone = AbortSignal.abort();
    const heard: boolean[] = [];
    for (const effect of ['read', 'disrupt'] as const) {
      const watching: Steps = {
        ...steps,
        async authenticate(_token, signal) {
          heard.push(signal.aborted);
          return { identity, service: null };
        },
      };
      await execute(
        watching,
        declared(effect, async () => ({ state: 'on' })),
        { ...request(), gone },
      );
    }
    expect(heard).to.deep.equal([true, false]);
  });
});
