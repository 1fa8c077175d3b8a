import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import type { BmcSimulator } from '../support/bmc/simulator.ts';
import { database } from '../support/database.ts';
import { clientOf, testEnvironment, tokenOf, type TestIgor } from '../support/igor.ts';
import { serveIgor, type IgorProcess } from '../support/process.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

/** When Igor is killed, by what is seen of it from outside. */
interface Moment {
  readonly title: string;
  readonly prepare: (bmc: BmcSimulator) => void;
  readonly isThere: (bmc: BmcSimulator, pending: () => Promise<boolean>) => boolean | Promise<boolean>;
  /** Which password the BMC has then. */
  readonly holds: 'old' | 'new';
}

const moments: readonly Moment[] = [
  {
    title: 'before the new password is made',
    prepare: (bmc) => bmc.inject({ kind: 'delay', to: 'get-user-access', ms: 100 }),
    isThere: (bmc) => bmc.count('get-user-access') > 2,
    holds: 'old',
  },
  {
    title: 'after it is on record, and before it has arrived',
    prepare: (bmc) => bmc.inject({ kind: 'drop-requests', to: 'set-user-password' }),
    isThere: async (_, pending) => pending(),
    holds: 'old',
  },
  {
    title: 'when the BMC has it, and before its answer',
    prepare: (bmc) => bmc.inject({ kind: 'delay', to: 'set-user-password', ms: 2_000 }),
    isThere: (bmc) => bmc.count('set-user-password') > 0,
    holds: 'new',
  },
  {
    title: 'while it is being proven by a login',
    prepare: (bmc) => bmc.inject({ kind: 'delay', to: 'rakp-3', ms: 1_000 }),
    isThere: (bmc) => bmc.count('set-user-password') > 1 && bmc.logins('admin').attempts > 1,
    holds: 'new',
  },
];

describe('a rotation that is killed', () => {
  let env: Record<string, string>;
  let client: pg.Client;
  let igor: IgorProcess;
  before(async () => {
    env = await testEnvironment({ DATABASE_URL: await database() });
    client = new pg.Client({ connectionString: env['DATABASE_URL'] ?? '' });
    await client.connect();
  });
  beforeEach(async () => {
    igor = await serveIgor(env);
  });
  afterEach(async () => igor.kill('SIGTERM'));
  after(async () => {
    await client.end();
    await stopSimulated();
  });

  /** As much of an Igor as the helpers need to enrol with it. */
  const asTest = (url: string): TestIgor => {
    const as = async (persona: string) => clientOf(url, await tokenOf(persona));
    return { url, as } as unknown as TestIgor; // a process in the place of a service in this one
  };
  const alice = async () => clientOf(igor.url, await tokenOf('alice'));
  const begin = async ({ controllerId }: Simulated): Promise<Promise<unknown>> => {
    const asked = (await alice()).post(`/v1/controllers/${controllerId}/credential/rotations`);
    const ended = asked.then(
      () => 'answered',
      () => 'cut off',
    );
    return Promise.resolve(ended);
  };
  const pendingAt = async ({ controllerId }: Simulated): Promise<boolean> =>
    (await client.query('SELECT 1 FROM pending_credentials WHERE id = $1', [controllerId])).rows.length > 0;
  const again = async (): Promise<void> => {
    await igor.kill('SIGKILL');
    igor = await serveIgor(env);
  };
  const look = async ({ id }: Simulated): Promise<void> => {
    await (await alice()).get(`/v1/machines/${id}/power?refresh=true`).expect(200);
  };
  const refusedAt = ({ bmc }: Simulated): number => bmc.logins('admin').attempts - bmc.logins('admin').accepted;

  for (const { title, prepare, isThere, holds } of moments) {
    it(`${title}, leaves one password that works, and Igor finds it by one refused login at most`, async () => {
      const one = await simulated(asTest(igor.url), { lockOutAfter: 2 });
      const { bmc } = one;
      prepare(bmc);
      const asked = begin(one);
      const until = performance.now() + 10_000;
      while (!(await isThere(bmc, async () => pendingAt(one)))) {
        if (performance.now() > until) throw new Error('the moment never came');
        await sleep(5);
      }
      await again();
      await asked;
      bmc.heal();
      expect(bmc.accounts[1]?.password === 'adm1n-Secret').to.equal(holds === 'old');
      const before = refusedAt(one);
      await look(one);
      expect(refusedAt(one) - before).to.be.at.most(holds === 'old' ? 1 : 0);
      expect(await pendingAt(one)).to.equal(false);
      // By what is on record alone, and over again.
      await again();
      const settled = refusedAt(one);
      await look(one);
      await (await alice()).post(`/v1/controllers/${one.controllerId}/credential/rotations`).expect(200);
      await look(one);
      expect(refusedAt(one)).to.equal(settled);
      expect(bmc.accounts[1]?.password).to.match(/^[A-Za-z0-9]{20}$/);
    });
  }

  it('again and again at any moment never locks Igor out', async function () {
    this.timeout(120_000);
    const one = await simulated(asTest(igor.url), { lockOutAfter: 3 });
    for (let kills = 0; kills < 6; kills += 1) {
      const asked = begin(one);
      await sleep(Math.random() * 500);
      await again();
      await asked;
      await look(one);
      expect(await pendingAt(one)).to.equal(false);
    }
    await (await alice()).post(`/v1/controllers/${one.controllerId}/credential/rotations`).expect(200);
    await look(one);
  });
});
