import { bootTarget } from '../../src/domain/boot.ts';
import type { BootTarget } from '../../src/domain/boot.ts';
import type { PowerAction } from '../../src/domain/power.ts';
import { Secret } from '../../src/domain/secret.ts';
import { drivers } from '../../src/drivers/index.ts';
import type { Driver, Endpoint, Purpose } from '../../src/ports/controller.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BmcFault } from '../support/bmc/faults.ts';
import { ipmitool } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator } from '../support/bmc/simulator.ts';
import type { BmcSimulator, Step } from '../support/bmc/simulator.ts';
import { bmc, once, scratch } from '../support/parts.ts';
import type { Insight, Lacks, Peer, Trouble, Wish } from './peer.ts';

/** How the driver reaches a BMC, and what for its connections are opened unless told. */
export interface Way {
  readonly transport: 'processes' | 'shells';
  readonly purpose?: Purpose;
}

/** The driver, with a home that is removed after the run; one for the whole run and each transport. */
const driverBy = (transport: Way['transport']): (() => Promise<Driver & { stop(): Promise<void> }>) =>
  once(async () => {
    const all = drivers({ homeDir: await scratch('ipmitool-home'), transport });
    const ipmi = all.get('ipmi');
    if (ipmi === undefined) throw new Error('there is no driver ipmi');
    return { ...ipmi, stop: async () => all[Symbol.asyncDispose]() };
  });
const driversBy = { processes: driverBy('processes'), shells: driverBy('shells') } as const;

const endpointOf = (
  at: { address: string; port: number },
  username: string,
  password: string,
  options: object,
): Endpoint => ({
  address: at.address,
  port: at.port,
  credential: { username, password: new Secret(password) },
  options,
  shelf: null,
});

/** Debian's ipmi_sim. The machine behind it is a script that keeps a log. */
export const ipmiSimBy = ({ transport, purpose }: Way): Lacks & { readonly open: () => Promise<Peer> } => ({
  cannotShow: new Set([
    'cipher-17',
    'boot-flags',
    'health-flags',
    'nmi',
    'restore-policies',
    'power-history',
    'identify-state',
    'boot-parameters',
    'watchdog',
    'power-limit',
    'privileges',
    'logins',
    'lock-out',
    'session-limit',
    'session-time-out',
    'session-address',
    'session-close',
    'faults',
    'self-test',
    'resets',
    'network-settings',
    'alerts',
    'inventory-spoilt',
  ]),
  async open() {
    const sim = await bmc('driver-contract');
    const driver = await driversBy[transport]();
    const endpoint = endpointOf(sim, sim.username, sim.password, { cipher_suites: [sim.cipher] });
    return {
      endpoint,
      connect: (change) => driver.open({ ...endpoint, ...(purpose && { purpose }), ...change }),
      power: async () => sim.chassis.power(),
      async boot() {
        const device = (await sim.chassis.boot()) ?? 'none';
        return device === 'default' ? 'disk' : bootTarget.parse(device);
      },
      async executed(action) {
        const changes = await sim.chassis.changes();
        return changes.filter((change) => change === logged[action]).length;
      },
      insight: null,
      // Other tests use it, too.
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
});

/** By a process for each command. */
export const ipmiSim = ipmiSimBy({ transport: 'processes' });

/** What the machine behind ipmi_sim is told first; it turns itself on again after a cycle. */
const logged: Readonly<Record<PowerAction, string>> = {
  on: 'power 1',
  off: 'power 0',
  'soft-off': 'shutdown 1',
  cycle: 'power 0',
  reset: 'reset 1',
  nmi: 'nothing',
};

export interface SimulatorPeer extends Peer {
  readonly insight: Insight;
  readonly bmc: BmcSimulator;
}

/** Our own BMC, which shows everything. */
export const simulatorBy = ({
  transport,
  purpose,
}: Way): Lacks & { readonly open: (wish?: Wish, options?: Partial<BmcOptions>) => Promise<SimulatorPeer> } => ({
  cannotShow: new Set(),
  async open({ maxSessions = 16, lockOutAfter = null } = {}, options = {}) {
    const sim = await startBmcSimulator({ maxSessions, lockOutAfter, ...options });
    const driver = await driversBy[transport]();
    const endpoint = endpointOf(sim, 'admin', 'adm1n-Secret', {});
    return {
      endpoint,
      bmc: sim,
      connect: (change) => driver.open({ ...endpoint, ...(purpose && { purpose }), ...change }),
      power: async () => sim.chassis.power,
      boot: async () => bootTargetOf(sim),
      executed: async (action) => controls(sim, action),
      insight: insightOf(sim),
      [Symbol.asyncDispose]: async () => sim.stop(),
    };
  },
});

/** By a process for each command. */
export const simulator = simulatorBy({ transport: 'processes' });

/** Data of Chassis Control (IPMI 2.0 table 28-4). */
const codes: Readonly<Record<PowerAction, number>> = { off: 0, on: 1, cycle: 2, reset: 3, nmi: 4, 'soft-off': 5 };

const controls = (sim: BmcSimulator, action: PowerAction): number =>
  sim
    .executed()
    .filter(
      ({ command, data, completion }) => command === 'chassis-control' && completion === 0 && data[0] === codes[action],
    ).length;

const bootTargetOf = (sim: BmcSimulator): BootTarget => {
  const names = new Map<number, BootTarget>([
    [0, 'none'],
    [1, 'pxe'],
    [2, 'disk'],
    [5, 'cdrom'],
    [6, 'bios'],
  ]);
  const flags = sim.chassis.boot.get(5)?.data ?? Buffer.alloc(2);
  const target = names.get((flags.readUInt8(1) >> 2) & 0xf);
  if (target === undefined) throw new Error('a boot device that nobody set');
  return target;
};

/** As a process does that is killed in the middle. */
const leftBy = async (sim: BmcSimulator): Promise<number> => {
  await using tool = await ipmitool();
  const killer = new AbortController();
  const heal = sim.inject({ kind: 'drop-replies', to: 'get-device-guid' });
  const count = sim.count('get-device-guid');
  const login = { user: 'operator', password: '0per-Secret', privilege: 'OPERATOR', signal: killer.signal } as const;
  const killed = tool.run(sim, ['raw', '0x06', '0x08'], login);
  while (sim.count('get-device-guid') === count) await sleep(2);
  killer.abort();
  await killed;
  heal();
  const handle = sim.sessions().findLast(({ user }) => user === 'operator')?.handle;
  if (handle === undefined) throw new Error('no session was left behind');
  return handle;
};

const insightOf = (sim: BmcSimulator): Insight => ({
  logins: () => sim.logins('admin').attempts,
  sessions: () => sim.sessions().length,
  lesser: { username: 'operator', password: new Secret('0per-Secret') },
  stranger: async () => leftBy(sim),
  inject: (trouble) => void sim.inject(troubles[trouble]),
  heal: () => sim.heal(),
  refuseMask: () => void sim.lan.refused.add(6),
  leaveNetworkInTheMiddle: () => void sim.lan.set(0, Buffer.from([1])),
  alerts: () => sim.lan.alerts.map(({ address }) => address),
  breakFan: () => {
    sim.chassis.flags.coolingFault = true;
  },
  breakSelf: () => {
    sim.management.selfTest = [0x57, 0x20];
  },
  spoilInventory: () => void sim.fru.get(0)?.bytes.write('X', 12),
  resets: () => sim.management.resets,
});

const control = 'chassis-control';
const status = 'get-chassis-status';
const troubles: Readonly<Record<Trouble, BmcFault<Step>>> = {
  'boot-answer-lost': { kind: 'drop-replies', to: 'set-system-boot-options' },
  'change-answer-lost': { kind: 'drop-replies', to: control },
  'change-refused': { kind: 'completion-code', to: control, code: 0xc0 },
  'dies-after-change': { kind: 'die', after: control },
  'empty-answer': { kind: 'wrong-data', to: status, data: Buffer.alloc(0) },
  'forged-answer': { kind: 'garbage', to: status, bytes: forgedAnswer() },
  'reset-answer-lost': { kind: 'drop-replies', to: 'cold-reset' },
  'slow-answer': { kind: 'delay', to: status, ms: 600 },
  'slow-login': { kind: 'delay', to: 'rakp-1', ms: 1000 },
  'threshold-answer-lost': { kind: 'drop-replies', to: 'set-sensor-thresholds' },
};

/** Shaped like a packet of ipmitool's session, which always has the same id; signed and encrypted by nobody. */
function forgedAnswer(): Buffer {
  const head = [6, 0, 0xff, 7, 6, 0xc0, 0xa4, 0xa3, 0xa2, 0xa0, 9, 0, 0, 0, 32, 0];
  return Buffer.from([...head, ...Array<number>(32).fill(0x5a), 0xff, 0xff, 2, 7, ...Array<number>(16).fill(0xa5)]);
}
