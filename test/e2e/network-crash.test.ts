import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { clientOf, testEnvironment, tokenOf, type TestIgor } from '../support/igor.ts';
import { lanAddress } from '../support/lan-address.ts';
import { serveIgor } from '../support/process.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

describe('a service that is killed while it changes the network of a BMC', () => {
  let env: Record<string, string>;
  before(async () => {
    env = await testEnvironment({ IGOR_NETWORK_SECONDS: '2' });
  });
  after(stopSimulated);

  /** As much of an Igor as the helper needs to enrol with it. */
  const asTest = (url: string): TestIgor => {
    const as = async (persona: string) => clientOf(url, await tokenOf(persona));
    return { url, as } as unknown as TestIgor; // a process in the place of a service in this one
  };
  const controllerOf = async (url: string, { controllerId }: Simulated) => {
    const { body } = await clientOf(url, await tokenOf('alice'))
      .get(`/v1/controllers/${controllerId}`)
      .expect(200);
    return (body as { controller: { address: string; move: object | null } }).controller;
  };

  const set = 'set-lan-configuration-parameters';
  /** What the BMC had been told when Igor was killed, and where it is then. */
  const moments: Readonly<Record<string, (machine: Simulated, to: string) => boolean>> = {
    'with nothing sent but that it begins': ({ bmc }) => bmc.count(set) >= 1,
    'in the midst of the settings': ({ bmc }) => bmc.count(set) >= 3,
    'with all settings sent and none in force': ({ bmc }) => bmc.count(set) >= 5,
    'while the BMC moves': ({ bmc }, to) => bmc.lan.get(0, 0)?.[0] === 0 && bmc.lan.get(3, 0)?.join('.') === to,
    'when the BMC has moved': ({ bmc }, to) => bmc.address === to,
  };

  for (const [title, isReached] of Object.entries(moments)) {
    it(`leaves a record, by which the next start finishes: ${title}`, async () => {
      const first = await serveIgor(env);
      const at = lanAddress();
      const to = lanAddress();
      const machine = await simulated(asTest(first.url), { address: at, addressChange: 'moves', moveMs: 300 });
      machine.bmc.inject({ kind: 'delay', to: set, ms: 150 });
      const channel = { ipv4: { address: to, netmask: '255.0.0.0', gateway: '127.0.0.9' } };
      const change = clientOf(first.url, await tokenOf('alice'))
        .patch(`/v1/controllers/${machine.controllerId}/network/1`, { channel })
        .then(
          () => 'answered',
          () => 'cut off',
        );
      while (!isReached(machine, to)) await sleep(5);
      await first.kill('SIGKILL');
      expect(await change).to.equal('cut off');
      machine.bmc.heal();
      await machine.bmc.settled();

      const second = await serveIgor(env);
      try {
        const left = await controllerOf(second.url, machine);
        let now = left;
        for (let tries = 0; now.move !== null && tries < 300; tries += 1) {
          await sleep(100);
          now = await controllerOf(second.url, machine);
        }
        expect(now).to.deep.include({ move: null, address: machine.bmc.address });
        const lan = (parameter: number): string => [...(machine.bmc.lan.get(parameter, 0) ?? [])].join('.');
        const isThere = machine.bmc.address === to;
        expect([lan(3), lan(12), lan(0)]).to.deep.equal([
          isThere ? to : at,
          isThere ? '127.0.0.9' : '127.0.0.254',
          '0',
        ]);
        await clientOf(second.url, await tokenOf('bob'))
          .get(`/v1/machines/${machine.id}/power?refresh=true`)
          .expect(200);
      } finally {
        expect(await second.kill('SIGTERM')).to.equal(0);
      }
    }).timeout(90_000);
  }
});
