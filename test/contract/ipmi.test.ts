import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../src/domain/secret.ts';
import type { Endpoint, Power } from '../../src/ports/controller.ts';
import type { Step } from '../support/bmc/simulator.ts';
import { faultOf } from '../support/fault-of.ts';
import { describeDriver } from './driver.ts';
import { children } from './held.ts';
import { ipmiSim, simulator } from './ipmi-peers.ts';
import { call, deviceOf, showables } from './peer.ts';

describeDriver('the driver ipmi at ipmi_sim', ipmiSim.open, ipmiSim);
describeDriver('the driver ipmi at our own BMC', simulator.open, simulator);

/** A login in place of the usual one. */
const account = (username: string, password: string): Pick<Endpoint, 'credential'> => ({
  credential: { username, password: new Secret(password) },
});

/** With what a login asks for beside it: privileges, sensors' shelves, and the end of the session. */
const packetsOfACommand = 11;

describe('the peers of the driver ipmi', () => {
  it('show everything, the one or the other', () => {
    expect([...ipmiSim.cannotShow].every((what) => showables.includes(what))).to.equal(true);
    expect([...ipmiSim.cannotShow].filter((what) => simulator.cannotShow.has(what))).to.deep.equal([]);
  });
});

describe('the driver ipmi, cipher suites', () => {
  const suites = (...cipher_suites: readonly number[]): { options: object } => ({ options: { cipher_suites } });

  for (const [has, order] of [
    [3, [17, 3]],
    [17, [3, 17]],
  ] as const) {
    it(`finds suite ${has} in the order ${order.join(', ')}, for a read and for a change, and stays with it`, async () => {
      await using peer = await simulator.open({}, { suites: [has] });
      for (const first of ['get', 'set'] as const) {
        await using connection = peer.connect(suites(...order));
        const { power } = deviceOf(connection);
        await (first === 'get' ? power.get(call) : power.set('on', call));
        const heard = peer.bmc.packets.received;
        await power.get(call);
        expect(peer.bmc.packets.received - heard).to.equal(packetsOfACommand);
      }
      expect(await peer.executed('on')).to.equal(1);
    });
  }

  it('finds suite 3 at ipmi_sim, which has no 17', async () => {
    await using peer = await ipmiSim.open();
    await using connection = peer.connect(suites(17, 3));
    expect(await deviceOf(connection).power.get(call)).to.equal(await peer.power());
  });

  for (const [what, open] of [
    ['ipmi_sim', ipmiSim.open],
    ['our own BMC', async () => simulator.open({}, { suites: [3] })],
  ] as const) {
    it(`says of ${what} that it refuses the suite, when that is the only one allowed`, async () => {
      await using peer = await open();
      await using connection = peer.connect(suites(17));
      const before = await peer.executed('on');
      expect((await faultOf(deviceOf(connection).power.set('on', call))).code).to.equal('controller-suite-refused');
      expect(await peer.executed('on')).to.equal(before);
    });
  }

  it('offers a refused password under no second suite', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect({ ...suites(17, 3), ...account('admin', 'not-it') });
    expect((await faultOf(deviceOf(connection).power.get(call))).code).to.equal('controller-login-refused');
    expect(peer.insight.logins()).to.equal(1);
  });
});

describe('the driver ipmi, privileges', () => {
  const operator = account('operator', '0per-Secret');
  for (const refusesPrivilegeAt of ['login', 'set-privilege'] as const) {
    it(`tells an account that may not be administrator, by a BMC that says so at ${refusesPrivilegeAt}`, async () => {
      await using peer = await simulator.open({}, { refusesPrivilegeAt });
      await using asAdministrator = peer.connect(operator);
      expect((await faultOf(deviceOf(asAdministrator).power.get(call))).code).to.equal('controller-login-refused');
      await using asOperator = peer.connect({ ...operator, options: { privilege: 'operator' } });
      await deviceOf(asOperator).power.set('on', call);
      await deviceOf(asOperator).boot.set({ target: 'pxe', mode: 'uefi', once: true }, call);
      expect((await deviceOf(asOperator).chassis.health(call)).value.power).to.equal('on');
    });
  }
});

describe('the driver ipmi, on the wire', () => {
  it('asks again for what was not answered, and puts a change there once', async () => {
    const heard = async (ask: (power: Power) => Promise<unknown>, lost?: Step): Promise<number> => {
      await using peer = await simulator.open();
      await using connection = peer.connect();
      if (lost !== undefined) peer.bmc.inject({ kind: 'drop-replies', to: lost });
      await ask(deviceOf(connection).power).catch(() => undefined);
      return peer.bmc.packets.received;
    };
    const read = async (power: Power): Promise<unknown> => power.get(call);
    const change = async (power: Power): Promise<unknown> => power.set('on', call);
    const counts = [heard(read), heard(change), heard(read, 'get-chassis-status'), heard(change, 'chassis-control')];
    const all = packetsOfACommand;
    expect(await Promise.all(counts)).to.deep.equal([all, all, all + 1, all]);
  });

  it('reads through the loss of an answer', async () => {
    const steps = ['open-session', 'rakp-1', 'rakp-3', 'get-device-id', 'get-chassis-status', 'close-session'] as const;
    const states = steps.map(async (to) => {
      await using peer = await simulator.open();
      await using connection = peer.connect();
      peer.bmc.inject({ kind: 'drop-replies', to, times: 1 });
      return await deviceOf(connection).power.get(call);
    });
    expect(await Promise.all(states)).to.deep.equal(steps.map(() => 'off'));
  });

  it('takes an answer for what it is though it comes twice, or the farewell is lost', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.inject({ kind: 'duplicate' });
    expect(await deviceOf(connection).power.get(call)).to.equal('off');
    await deviceOf(connection).power.set('on', call);
    peer.bmc.heal();
    peer.bmc.inject({ kind: 'drop-replies', to: 'close-session' });
    await deviceOf(connection).power.set('off', call);
    expect([await peer.executed('on'), await peer.executed('off')]).to.deep.equal([1, 1]);
  });

  it('takes a BMC that falls silent during the login for unreachable, at whichever step', async () => {
    const steps = ['get-channel-authentication-capabilities', 'open-session', 'rakp-1', 'rakp-3'] as const;
    const codes = steps.map(async (to) => {
      await using peer = await simulator.open();
      await using connection = peer.connect();
      peer.bmc.inject({ kind: 'drop-replies', to });
      return (await faultOf(deviceOf(connection).power.get(call))).code;
    });
    expect(await Promise.all(codes)).to.deep.equal(steps.map(() => 'controller-unreachable'));
  });

  it('goes by the boot device that the BMC shows after it has accepted one', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const { boot } = deviceOf(connection);
    const pxe = { target: 'pxe', mode: 'legacy', once: true } as const;
    const disk = Buffer.from([0x01, 0x05, 0x80, 0x08, 0, 0, 0]);
    peer.bmc.inject({ kind: 'wrong-data', to: 'get-system-boot-options', data: disk });
    expect((await faultOf(boot.set(pxe, call))).code).to.equal('controller-refused');
    peer.bmc.heal();
    peer.bmc.inject({ kind: 'wrong-data', to: 'get-system-boot-options', data: disk.subarray(0, 4) });
    expect((await faultOf(boot.set(pxe, call))).code).to.equal('outcome-unknown');
    expect((await faultOf(boot.get(call))).code).to.equal('controller-garbled');
  });

  it('does not call it an error that a BMC refuses to turn off what is off', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    await deviceOf(connection).power.set('soft-off', call);
    expect((await faultOf(deviceOf(connection).power.set('reset', call))).code).to.equal('controller-refused');
  });

  it('reaches a BMC over IPv6', async () => {
    await using peer = await simulator.open({}, { address: '::1' });
    await using connection = peer.connect();
    await deviceOf(connection).power.set('on', call);
    expect(await deviceOf(connection).power.get(call)).to.equal('on');
  });

  it('tells the limits of names and passwords to the byte', async () => {
    const user = { name: 'long16charsuser0', password: '20-chars-passwörd-x', privilege: 'administrator' } as const;
    await using peer = await simulator.open({}, { users: [user] });
    await using connection = peer.connect(account(user.name, user.password));
    expect(await deviceOf(connection).power.get(call)).to.equal('off');
  });
});

describe('the driver ipmi, secrets', () => {
  it('shows the password in no arguments and no environment of the processes that it starts', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const password = peer.endpoint.credential.password.reveal();
    peer.bmc.inject({ kind: 'delay', to: 'rakp-1', ms: 600 });
    const ended = deviceOf(connection).power.get(call);
    let seen = 0;
    for (let round = 0; round < 20; round++) {
      await sleep(20);
      for (const pid of await children()) {
        const read = async (file: string): Promise<string> =>
          readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '');
        const [argv, environ] = [await read('cmdline'), await read('environ')];
        expect(argv + environ).not.to.include(password);
        if (argv.includes(String(peer.bmc.port)) && environ.includes('LC_ALL=C')) seen += 1;
      }
    }
    expect(seen).to.be.greaterThan(0);
    await ended;
  });
});
