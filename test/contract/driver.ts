import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootTarget } from '../../src/domain/boot.ts';
import type { BootDevice } from '../../src/domain/boot.ts';
import { chassisHealth } from '../../src/domain/health.ts';
import { powerAction } from '../../src/domain/power.ts';
import type { PowerAction } from '../../src/domain/power.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Endpoint } from '../../src/ports/controller.ts';
import { faultOf } from '../support/fault-of.ts';
import { describeBootParameters } from './driver-boot-parameters.ts';
import { describeChassis } from './driver-chassis.ts';
import { describeLimits } from './driver-limits.ts';
import { describeSensors } from './driver-sensors.ts';
import { describeSessions } from './driver-sessions.ts';
import { describeInventory } from './driver-inventory.ts';
import { describeManagement } from './driver-management.ts';
import { describeNetwork } from './driver-network.ts';
import { describeTidiness, describeTrouble } from './driver-trouble.ts';
import { call, deviceOf, showables } from './peer.ts';
import type { Insight, ItShowing, Lacks, Open, Peer, Showable, Wish } from './peer.ts';

/** What every driver does, at every peer. What the peer cannot show is left out, and named in the title. */
export const describeDriver = (name: string, open: (wish?: Wish) => Promise<Peer>, { cannotShow }: Lacks): void => {
  describe(`${name}${cannotShow.size === 0 ? '' : ` (which cannot show: ${[...cannotShow].join(', ')})`}`, () => {
    const shown = new Set<Showable>();
    const itShowing = (what: Showable, title: string, test: (open: typeof openSeen) => Promise<void>): void => {
      shown.add(what);
      if (!cannotShow.has(what)) it(title, async () => test(openSeen));
    };
    const openSeen = async (wish?: Wish): Promise<Peer & { readonly insight: Insight }> => {
      const peer = await open(wish);
      if (peer.insight === null) throw new Error(`${name} has to show more than it does`);
      return { ...peer, insight: peer.insight };
    };

    describePower(open, itShowing);
    describeBoot(open, itShowing);
    describeHealth(open, itShowing);
    describeChassis(open, itShowing);
    describeNetwork(open, itShowing);
    describeBootParameters(open, itShowing);
    describeLimits(open, itShowing);
    describeLogin(open, itShowing);
    describeSensors(open, itShowing);
    describeSessions(open, itShowing);
    describeTrouble(open, itShowing);
    describeTidiness(open, itShowing);
    describeManagement(open, itShowing);
    describeInventory(open, itShowing);

    it('is asked for all that a peer may be unable to show', () => {
      expect([...showables].filter((what) => !shown.has(what))).to.deep.equal([]);
    });
  });
};

const describePower = (open: Open, itShowing: ItShowing): void => {
  it('reads the power state after it was set', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { power } = deviceOf(connection);
    for (const state of ['off', 'on', 'off'] as const) {
      await power.set(state, call);
      expect([await power.get(call), await peer.power()]).to.deep.equal([state, state]);
    }
  });

  const tell = async (peer: Peer, action: PowerAction): Promise<void> => {
    await using connection = peer.connect();
    const { power } = deviceOf(connection);
    await power.set('on', call);
    const before = await peer.executed(action);
    await power.set(action, call);
    expect(await peer.executed(action)).to.equal(before + 1);
    if (action === 'cycle') for (let n = 0; n < 100 && (await peer.power()) !== 'on'; n++) await sleep(50);
  };
  for (const action of powerAction.options.filter((each) => each !== 'nmi')) {
    it(`has ${action} carried out once`, async () => {
      await using peer = await open();
      await tell(peer, action);
    });
  }
  itShowing('nmi', 'has nmi carried out once', async (openSeen) => {
    await using peer = await openSeen();
    await tell(peer, 'nmi');
  });

  it('does not call it an error to turn on what is on', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { power } = deviceOf(connection);
    await power.set('on', call);
    await power.set('on', call);
    expect(await power.get(call)).to.equal('on');
  });

  it('answers several questions at once over one connection', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { power } = deviceOf(connection);
    await power.set('on', call);
    expect(await Promise.all([power.get(call), power.get(call), power.get(call)])).to.deep.equal(['on', 'on', 'on']);
  });
};

const describeBoot = (open: Open, itShowing: ItShowing): void => {
  const legacyOnce = { mode: 'legacy', once: true } as const;
  for (const target of ['pxe', 'disk', 'cdrom', 'bios', 'none'] as const) {
    it(`reads the boot device ${target} after it was set, from another connection as well`, async () => {
      await using peer = await open();
      await using connection = peer.connect();
      await using other = peer.connect();
      await deviceOf(connection).boot.set({ target, ...legacyOnce }, call);
      expect(await deviceOf(connection).boot.get(call)).to.deep.equal({ target, ...legacyOnce });
      expect(await deviceOf(other).boot.get(call)).to.deep.equal({ target, ...legacyOnce });
      expect(await peer.boot()).to.equal(target);
    });
  }

  itShowing('boot-flags', 'reads mode and duration of the boot device after they were set', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { boot } = deviceOf(connection);
    for (const mode of ['legacy', 'uefi'] as const) {
      for (const once of [true, false]) {
        const device: BootDevice = { target: 'disk', mode, once };
        await boot.set(device, call);
        expect(await boot.get(call)).to.deep.equal(device);
      }
    }
    for (const target of bootTarget.exclude(['none', 'uefi-http']).options) {
      const device: BootDevice = { target, mode: 'uefi', once: true };
      await boot.set(device, call);
      expect(await boot.get(call)).to.deep.equal(device);
    }
  });
};

const describeHealth = (open: Open, itShowing: ItShowing): void => {
  it('tells the chassis health, of which the power is a part', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { power, chassis } = deviceOf(connection);
    await power.set('on', call);
    const health = chassisHealth.parse((await chassis.health(call)).value);
    expect(health).to.include({ power: 'on', power_fault: false, drive_fault: false, cooling_fault: false });
  });

  itShowing('health-flags', 'tells a fault of the fans as soon as there is one', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { chassis } = deviceOf(connection);
    expect((await chassis.health(call)).value.cooling_fault).to.equal(false);
    peer.insight.breakFan();
    expect((await chassis.health(call)).value.cooling_fault).to.equal(true);
  });
};

const withPassword = (peer: Peer, password: string): Partial<Endpoint> => ({
  credential: { username: peer.endpoint.credential.username, password: new Secret(password) },
});

const describeLogin = (open: Open, itShowing: ItShowing): void => {
  it('tells a refused login from everything else: a wrong password, an unknown account, a disabled one', async () => {
    await using peer = await open();
    const { password } = peer.endpoint.credential;
    for (const change of [
      withPassword(peer, 'not-it'),
      { credential: { username: 'nobody', password } },
      { credential: { username: 'disabled', password: new Secret('disabled') } },
    ]) {
      await using connection = peer.connect(change);
      const { power } = deviceOf(connection);
      const before = await peer.executed('on');
      expect((await faultOf(power.get(call))).code).to.equal('controller-login-refused');
      expect((await faultOf(power.set('on', call))).code).to.equal('controller-login-refused');
      expect(await peer.executed('on')).to.equal(before);
    }
  });

  itShowing('cipher-17', 'logs in with the options that a controller has unless told', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect({ options: {} });
    expect(await deviceOf(connection).power.get(call)).to.equal(await peer.power());
  });

  itShowing(
    'privileges',
    'counts an account that may do less than was asked for as a refused login',
    async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect({ credential: peer.insight.lesser });
      expect((await faultOf(deviceOf(connection).power.set('on', call))).code).to.equal('controller-login-refused');
    },
  );

  itShowing('logins', 'tries a refused password once for each call', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect(withPassword(peer, 'not-it'));
    await faultOf(deviceOf(connection).power.get(call));
    expect(peer.insight.logins()).to.equal(1);
    await faultOf(deviceOf(connection).boot.set({ target: 'pxe', mode: 'legacy', once: true }, call));
    expect(peer.insight.logins()).to.equal(2);
  });

  itShowing('lock-out', 'locks no account by one refused password', async (openSeen) => {
    await using peer = await openSeen({ lockOutAfter: 2 });
    await using wrong = peer.connect(withPassword(peer, 'not-it'));
    await faultOf(deviceOf(wrong).power.get(call));
    await using right = peer.connect();
    expect(await deviceOf(right).power.get(call)).to.equal(await peer.power());
    await faultOf(deviceOf(wrong).power.get(call));
    await faultOf(deviceOf(wrong).power.get(call));
    await using late = peer.connect();
    expect((await faultOf(deviceOf(late).power.get(call))).code).to.equal('controller-login-refused');
  });

  itShowing(
    'session-limit',
    'tells a full session table, and finds its way in when there is room',
    async (openSeen) => {
      await using full = await openSeen({ maxSessions: 0 });
      await using shut = full.connect();
      const { power } = deviceOf(shut);
      for (const act of [async () => power.get(call), async () => power.set('on', call)]) {
        const fault = await faultOf(act());
        expect(fault.code).to.equal('sessions-exhausted');
        expect(fault.retryAfter).to.be.greaterThan(0);
      }
      await using narrow = await openSeen({ maxSessions: 1 });
      await using connection = narrow.connect();
      expect(await deviceOf(connection).power.get(call)).to.equal(await narrow.power());
    },
  );

  itShowing('session-time-out', 'leaves no session behind, however a call ends', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { power, boot } = deviceOf(connection);
    await power.get(call);
    await power.set('on', call);
    await boot.set({ target: 'pxe', mode: 'legacy', once: true }, call);
    peer.insight.inject('slow-answer');
    await faultOf(power.get({ signal: AbortSignal.timeout(150) }));
    await connection[Symbol.asyncDispose]();
    expect(peer.insight.sessions()).to.equal(0);
  });
};
