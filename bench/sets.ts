import { setTimeout as sleep } from 'node:timers/promises';
import { startBmc, type Bmc } from '../deploy/demo/ipmi-sim.ts';
import { freePort } from '../deploy/demo/ports.ts';
import { scratch } from '../test/support/parts.ts';
import { figureLine, type Figure } from './figures.ts';
import { startFleet, type Fleet } from './fleet.ts';
import type { BenchIgor } from './igor.ts';
import { enqueueing, handOver, latencies, watching } from './set-beside.ts';
import { ironicPower, loopPower, onCount } from './set-peers.ts';
import { setRun, type AllOn, type SetRun } from './set-run.ts';
import { setSite, type SetSite } from './set-site.ts';
import { personaToken } from './site.ts';

interface Options {
  readonly quick: boolean;
  /** Of Igor's Node, for the runs of a thousand. */
  readonly nodeArgs: readonly string[];
  readonly say: (what: string) => void;
}

/** Machines beside the sets, for whoever wants just one. */
const ownMachines = 4;

/** What is done to whole sets of machines (issue: fleets), with its peers beside it. */
export const sets = async ({ quick, nodeArgs, say }: Options): Promise<readonly Figure[]> => {
  const figures: Figure[] = [];
  const add = (more: readonly Figure[]): void => {
    figures.push(...more);
    for (const figure of more) say(figureLine(figure));
  };
  await withSims(quick ? 20 : 100, add);
  const size = quick ? 100 : 1000;
  const fleet = await startFleet(size + ownMachines);
  try {
    say(`enrolling ${size}`);
    const accounts = fleet.ports.map((port) => ({ address: '127.0.0.1', port, ...account }));
    const site = await setSite(accounts, 17);
    try {
      const token = await personaToken('alice');
      const given: Given = { fleet, site, token, ids: site.ids.slice(0, size), say };
      const alone = await onOne(given, { add, nodeArgs, own: site.ids.slice(size), quick });
      await onTwo(given, alone, add);
      await handOvers(given, quick ? 100 : 200, add);
      await halfDead(given, add);
    } finally {
      await site.end();
    }
  } finally {
    await fleet.stop();
  }
  return figures;
};

type Add = (figures: readonly Figure[]) => void;

interface Given {
  readonly fleet: Fleet;
  readonly site: SetSite;
  readonly token: string;
  readonly ids: readonly string[];
  readonly say: (what: string) => void;
}

const account = { username: 'admin', password: 'adm1n-Secret' };

/** Beside Ironic and ipmitool, on the same BMCs. */
const withSims = async (count: number, add: Add): Promise<void> => {
  const sims = await Promise.all(Array.from({ length: count }, async (_, index) => ipmiSim(index + 1)));
  try {
    const allOn: AllOn = async (on) => (await onCount(sims)) === on;
    const site = await setSite(
      sims.map(({ address, port, username, password }) => ({ address, port, username, password })),
      3,
    );
    const igor = await site.start();
    try {
      const token = await personaToken('alice');
      const wish = { replicas: [igor] as const, token, ids: site.ids };
      const run = async (): Promise<SetRun> => setRun(site, wish, allOn);
      const off = async (): Promise<SetRun> =>
        setRun(site, { ...wish, target: 'off' }, async () => (await onCount(sims)) === 0);
      const bars = { seconds: 1.5, cpuMs: 10 };
      const cold = await run();
      add(runFigures(`Igor, sessions to be opened: ${count} ipmi_sim`, cold, bars));
      await off();
      const first = await run();
      await off();
      const second = await run();
      add(runFigures(`Igor, sessions open: ${count} ipmi_sim`, better(first, second), bars));
      await off();
    } finally {
      await igor.stop();
      await site.end();
    }
    add(await loopPower(sims, 'on'));
    await loopPower(sims, 'off');
    for (const isTuned of [false, true]) {
      add(await ironicPower(sims, isTuned));
      await loopPower(sims, 'off');
    }
  } finally {
    await Promise.all(sims.map(async (sim) => sim.stop()));
  }
};

/** An address each: Ironic waits between two commands to one. */
const ipmiSim = async (index: number): Promise<Bmc> => {
  const [dir, port] = [await scratch('set-bmc'), await freePort('udp')];
  const signal = AbortSignal.timeout(60_000);
  return startBmc({ dir, name: `set${index}`, address: `127.0.2.${index}`, port, password: 'igor-Secret', signal });
};

const better = (one: SetRun, other: SetRun): SetRun => (one.onSeconds < other.onSeconds ? one : other);

const runFigures = (
  name: string,
  run: SetRun,
  bars: { readonly seconds: number; readonly cpuMs?: number },
): readonly Figure[] => {
  const { wrong } = run;
  const beside = `ended after ${run.seconds.toFixed(2)} s`;
  return [
    { name: `${name}, until all are on`, value: run.onSeconds, unit: 's', most: bars.seconds, beside, wrong },
    ...(bars.cpuMs === undefined
      ? []
      : [{ name: `${name}, each`, value: run.cpuMsEach, unit: 'ms CPU', most: bars.cpuMs, wrong } as const]),
  ];
};

/** From off to on, and each command sent once. */
const fleetRun = async (
  { fleet, site, token, ids }: Given,
  replicas: readonly [BenchIgor, ...BenchIgor[]],
  dead = 0,
): Promise<SetRun> => {
  await fleet.off();
  const { controls } = await fleet.power();
  const run = await setRun(site, { replicas, token, ids, dead }, async (count) => (await fleet.power()).on >= count);
  const sent = (await fleet.power()).controls - controls;
  return { ...run, wrong: run.wrong + Math.abs(sent - (ids.length - dead)) };
};

interface Alone {
  readonly cold: SetRun;
  readonly warm: SetRun;
}

const bars = { seconds: 12, cpuMs: 10 };

const onOne = async (
  given: Given,
  more: {
    readonly add: Add;
    readonly nodeArgs: readonly string[];
    readonly own: readonly string[];
    readonly quick: boolean;
  },
): Promise<Alone> => {
  const { fleet, site, token, ids } = given;
  const { add, own, quick } = more;
  const igor = await site.start(more.nodeArgs);
  try {
    const what = `${ids.length} of our simulator`;
    const cold = await fleetRun(given, [igor]);
    add(runFigures(`Igor, sessions to be opened: ${what}`, cold, bars));
    const first = await fleetRun(given, [igor]);
    const warm = better(first, await fleetRun(given, [igor]));
    add(runFigures(`Igor, sessions open: ${what}`, warm, bars));
    add(await latencies({ igor, token, ids, own, samples: quick ? 20 : 60 }));
    await fleet.off();
    const tokens = [token, await personaToken('bob')];
    add(await watching({ igor, site, ids, tokens, count: quick ? 20 : 200, alone: warm }));
    await fleet.off();
    add(await enqueueing({ igor, site, token, count: quick ? 1000 : 10_000 }));
    return { cold, warm };
  } finally {
    await igor.stop();
  }
};

/** What one does, done by two that share the work; each against the better of the runs of one. */
const onTwo = async (given: Given, alone: Alone, add: Add): Promise<void> => {
  const { site, ids } = given;
  const [one, other] = [await site.start(), await site.start()];
  try {
    await sleep(1_000);
    const cold = await fleetRun(given, [one, other]);
    const first = await fleetRun(given, [one, other]);
    const warm = better(first, await fleetRun(given, [one, other]));
    const share = async (id: string): Promise<string> => {
      const { rows } = await site.sql.query<{ count: number }>(
        'SELECT count(*)::integer FROM operation_targets WHERE operation_id = $1 GROUP BY replica_id',
        [id],
      );
      return rows.map(({ count }) => count).join(' and ');
    };
    const name = `two replicas, what one does in the time they take: ${ids.length}`;
    const ratio = async (what: string, both: SetRun, single: SetRun): Promise<Figure> => ({
      name: `${name}, ${what}`,
      value: single.seconds / both.seconds,
      unit: 'x',
      least: 1,
      beside: `${both.seconds.toFixed(2)} s against ${single.seconds.toFixed(2)} s; ${await share(both.id)}`,
      wrong: both.wrong,
    });
    add([await ratio('sessions to be opened', cold, alone.cold), await ratio('sessions open', warm, alone.warm)]);
  } finally {
    await Promise.all([one.stop(), other.stop()]);
  }
};

/** Three times: it matters how long the dead one's last beat was ago. */
const handOvers = async (given: Given, count: number, add: Add): Promise<void> => {
  const ids = given.ids.slice(0, count);
  for (let round = 1; round <= 3; round += 1) {
    const [victim, survivor] = [await given.site.start(), await given.site.start()];
    try {
      await given.fleet.off();
      add(await handOver({ ...given, ids, victim, survivor, round }));
    } finally {
      await Promise.all([victim.stop(), survivor.stop()]);
    }
  }
};

/** The living must not wait for the dead. */
const halfDead = async (given: Given, add: Add): Promise<void> => {
  const { fleet, site, ids } = given;
  const dead = ids.length / 2;
  await fleet.deaden(dead + ownMachines);
  const igor = await site.start();
  try {
    const run = await fleetRun(given, [igor], dead);
    add(runFigures(`Igor, ${ids.length} of which ${dead} are dead, the living`, run, { seconds: 15 }));
  } finally {
    await igor.stop();
  }
};
