import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startIgor, testEnvironment, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Shown {
  readonly machine: { readonly power_state: string; readonly health: string; readonly observed_at: string | null };
}

describe('observing', () => {
  let replicas: TestIgor[];
  let bob: Client;
  before(async () => {
    const env = await testEnvironment({ IGOR_OBSERVE_SECONDS: '1' });
    const other = await testEnvironment({ ...env, IGOR_DATA_DIR: `${env['IGOR_DATA_DIR'] ?? ''}/second` });
    replicas = [await startIgor(env), await startIgor(other)];
    bob = await (replicas[1] ?? expect.fail()).as('bob');
  });
  after(async () => {
    for (const replica of replicas) await replica.stop();
    await stopSimulated();
  });

  const first = (): TestIgor => replicas[0] ?? expect.fail();
  const shown = async (id: string): Promise<Shown['machine']> =>
    ((await bob.get(`/v1/machines/${id}`).expect(200)).body as Shown).machine;
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 100; tries += 1) {
      if (await holds()) return;
      await sleep(100);
    }
    expect.fail(`never: ${what}`);
  };

  it('finds what changed beside Igor, and answers with it without asking the device again', async () => {
    const { id, bmc } = await simulated(first());
    await until('seen off', async () => (await shown(id)).power_state === 'off');
    bmc.chassis.setPower('on');
    await until('seen on', async () => (await shown(id)).power_state === 'on');
    const before = bmc.count('get-chassis-status');
    for (let i = 0; i < 20; i += 1) await bob.get(`/v1/machines/${id}/power`).expect(200);
    expect(bmc.count('get-chassis-status') - before).to.be.lessThan(3);
  });

  it('is done once for all replicas', async () => {
    const { id, bmc } = await simulated(first());
    await until('seen', async () => (await shown(id)).observed_at !== null);
    const before = bmc.count('get-chassis-status');
    await sleep(4_000);
    expect(bmc.count('get-chassis-status') - before).to.be.within(2, 5);
  });

  it('tells the health of a controller, is not held up by a dead one, and sees it come back', async () => {
    const dead = await simulated(first());
    const alive = await simulated(first());
    const heal = dead.bmc.inject({ kind: 'black-hole' });
    await until('the dead one is told of', async () => (await shown(dead.id)).health === 'unreachable');
    const before = alive.bmc.count('get-chassis-status');
    await sleep(6_000);
    expect(alive.bmc.count('get-chassis-status')).to.be.greaterThan(before + 1);
    heal();
    await until('it is back', async () => (await shown(dead.id)).health === 'ok');
  });

  it('offers a refused password once, however long, whoever asks and insists, until it is set anew', async () => {
    const { id, controllerId, bmc } = await simulated(first(), {
      users: [{ name: 'admin', password: 'another', privilege: 'administrator' }],
    });
    await until('told of', async () => (await shown(id)).health === 'credentials');
    const { attempts } = bmc.logins('admin');
    await sleep(3_000);
    await bob.get(`/v1/machines/${id}/power`).expect(502);
    expect(bmc.logins('admin').attempts).to.equal(attempts);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(502);
    expect(bmc.logins('admin').attempts).to.equal(attempts);
    const alice = await first().as('alice');
    await alice
      .put(`/v1/controllers/${controllerId}/credential`, { username: 'admin', password: 'another' })
      .expect(204);
    await until('observed again', async () => (await shown(id)).health === 'ok');
  });

  it('lets a change through on a replica that does not hold the controller, when it is free', async () => {
    const { id, bmc } = await simulated(first());
    const alpha = await first().as('bob');
    await alpha.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    await bob.put(`/v1/machines/${id}/power`, { target: 'off' }).set('Prefer', 'wait=20').expect(200);
    expect(bmc.count('chassis-control')).to.equal(2);
  });
});
