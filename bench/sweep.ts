import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startBmc, type Bmc } from '../deploy/demo/ipmi-sim.ts';
import { requestJson } from '../deploy/demo/json-client.ts';
import { freePort } from '../deploy/demo/ports.ts';
import { z } from 'zod';
import { database } from '../test/support/database.ts';
import { keystone, scratch } from '../test/support/parts.ts';
import { startFleet } from './fleet.ts';
import { startIgor, type BenchIgor, type IgorOptions } from './igor.ts';
import { startIronic } from './ironic.ts';
import { below, childrenCpuMs, proportionalMb } from './proc.ts';
import { cpuOf } from './set-site.ts';
import { personaToken } from './site.ts';

/** The power of every BMC of a fleet, asked once. */
export interface Sweep {
  readonly name: string;
  readonly seconds: number;
  /** Until the last of those that live has answered, where some are dead. */
  readonly liveSeconds?: number;
  /** Of whoever asks and of the ipmitools that it starts; PostgreSQL and BMCs apart. */
  readonly cpuMsEach: number;
  readonly barSeconds?: number;
  readonly barCpuMs?: number;
  readonly memoryMbEach?: number;
  /** Of those that live; a line with any counts for nothing. */
  readonly missing: number;
}

interface Account {
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

interface Case {
  readonly name: string;
  readonly accounts: readonly Account[];
  readonly suite: 3 | 17;
  readonly dead: number;
  readonly bars: { readonly cold: number; readonly warm: number; readonly cpuMs: number };
}

type Parts = Pick<IgorOptions, 'keystoneUrl' | 'igorPasswordFile'>;

/** Igor's rows, then those of its peers, on the same ipmi_sims. */
export const sweeps = async (parts: Parts, quick: boolean, say: (what: string) => void): Promise<readonly Sweep[]> => {
  const rows: Sweep[] = [];
  const add = (more: readonly Sweep[]): void => {
    rows.push(...more);
    for (const row of more) say(lineOf(row));
  };
  const count = quick ? 20 : 100;
  const sims = await Promise.all(Array.from({ length: count }, async (_, index) => ipmiSim(index + 1)));
  try {
    const bars = { cold: 1, warm: 0.2, cpuMs: 1 };
    add(await ofIgor(parts, { name: `${count} ipmi_sim`, accounts: sims, suite: 3, dead: 0, bars }));
    for (const atOnce of [1, 8]) add([await ofLoop(sims, atOnce)]);
    add(await ofIronic(sims, quick ? 20 : 50));
  } finally {
    await Promise.all(sims.map(async (sim) => sim.stop()));
  }
  for (const [size, dead, bars] of quick
    ? ([[100, 0, { cold: 1, warm: 0.2, cpuMs: 1 }]] as const)
    : ([
        [100, 0, { cold: 1, warm: 0.2, cpuMs: 1 }],
        [1000, 0, { cold: 6, warm: 1.5, cpuMs: 1 }],
        [1000, 500, { cold: 12, warm: 12, cpuMs: 1 }],
      ] as const)) {
    const fleet = await startFleet(size, dead);
    try {
      const accounts = fleet.ports.map((port) => ({ address: '127.0.0.1', port, ...account }));
      const name = `${size} of our simulator${dead === 0 ? '' : `, ${dead} of them dead`}`;
      add(await ofIgor(parts, { name, accounts, suite: 17, dead, bars }));
    } finally {
      await fleet.stop();
    }
  }
  return rows;
};

const account = { username: 'admin', password: 'adm1n-Secret' };

/** An address each: Ironic waits five seconds between commands to one. */
const ipmiSim = async (index: number): Promise<Bmc> => {
  const [dir, port] = [await scratch('sweep-bmc'), await freePort('udp')];
  const signal = AbortSignal.timeout(60_000);
  const address = `127.0.1.${index}`;
  return startBmc({ dir, name: `swept${index}`, address, port, password: 'igor-Secret', signal });
};

/** The service as it is run, its observer told that all are due: at its first use of them, and again. */
const ofIgor = async (parts: Parts, given: Case): Promise<readonly Sweep[]> => {
  const [dataDir, databaseUrl] = [await scratch('sweep'), await database()];
  const settings = { DATABASE_URL: databaseUrl, IGOR_KEYRING_FILE: join(dataDir, 'keyring.json') };
  await makeKeyring(settings.IGOR_KEYRING_FILE);
  const options = { ...parts, dataDir };
  const first = await startIgor({ ...options, settings: { ...settings, IGOR_OBSERVE_SECONDS: '0' } });
  await enrolAll(first, given).finally(async () => first.stop());
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`UPDATE controllers SET look_at = 'infinity'`);
  const igor = await startIgor({ ...options, settings: { ...settings, IGOR_SESSION_IDLE_SECONDS: '3600' } });
  try {
    await sleep(2_000);
    const before = await igor.memory();
    const cold = await observed(igor, client, given);
    await sleep(1_000);
    const warm = await observed(igor, client, given);
    const again = await observed(igor, client, given);
    const best = warm.seconds < again.seconds ? warm : again;
    const after = await igor.memory();
    const living = given.accounts.length - given.dead;
    const { name, bars } = given;
    const isDead = given.dead > 0;
    const poolMb = await proportionalMb(await below(igor.pid, 'ipmitool'));
    return [
      { ...cold, name: `Igor, cold: ${name}`, barSeconds: bars.cold },
      {
        ...best,
        name: `Igor, warm: ${name}`,
        barSeconds: bars.warm,
        ...(!isDead && { barCpuMs: bars.cpuMs, memoryMbEach: (after.igor - before.igor) / living }),
      },
      ...(isDead
        ? []
        : [
            {
              name: `  memory of the pool beside it, MB in all: ${Math.round(poolMb)}`,
              seconds: NaN,
              cpuMsEach: NaN,
              missing: 0,
            },
          ]),
    ];
  } finally {
    await client.end();
    await igor.stop();
  }
};

const makeKeyring = async (path: string): Promise<void> =>
  (await import('../src/adapters/keyring.ts')).makeKeyring(path);

const enrolAll = async (igor: BenchIgor, { accounts, suite }: Case): Promise<void> => {
  const [{ seed }, token] = [await keystone(), await personaToken('alice')];
  const waiting = accounts.map((one, index) => ({ ...one, name: `swept${index}-${randomBytes(3).toString('hex')}` }));
  const signal = AbortSignal.timeout(180_000);
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const { name, address, port, username, password } = one;
      const bmc = { driver: 'ipmi', address, port, username, password, options: { cipher_suites: [suite] } };
      const body = { machine: { name, project_id: seed.projects['alpha'] ?? '', bmc } };
      await requestJson('POST', `${igor.url}/v1/machines`, z.unknown(), { token, signal, body });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
};

/** From the moment at which the observer claims the first until the last that lives is told of in the database. */
const observed = async (igor: BenchIgor, client: pg.Client, given: Case): Promise<Omit<Sweep, 'name'>> => {
  const living = given.accounts.length - given.dead;
  const cpuBefore = await cpuOf([igor]);
  // As text: a Date ends at the millisecond, and what fell due within it would count as claimed.
  const asked = await client.query<{ at: string }>(
    `WITH due AS (UPDATE controllers SET look_at = clock_timestamp() RETURNING 1) SELECT max(clock_timestamp())::text AS at FROM due`,
  );
  const at = asked.rows[0]?.at;
  let begun: number | null = null;
  let seen = 0;
  let liveSeconds = NaN;
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const { rows } = await client.query<{ claimed: string; seen: string; known: string }>(
      `SELECT (SELECT count(*) FROM controllers WHERE look_at > $1::timestamptz + interval '1 minute') AS claimed,
         (SELECT count(*) FROM controllers WHERE health <> 'unknown') AS known,
         (SELECT count(*) FROM observations WHERE observed_at > $1::timestamptz) AS seen`,
      [at],
    );
    const now = performance.now();
    if (begun === null && Number(rows[0]?.claimed) > 0) begun = now;
    seen = Number(rows[0]?.seen);
    if (begun !== null && seen >= living && Number.isNaN(liveSeconds)) liveSeconds = (now - begun) / 1000;
    if (seen >= living && Number(rows[0]?.known) >= given.accounts.length) break;
    await sleep(5);
  }
  const seconds = (performance.now() - (begun ?? NaN)) / 1000;
  const cpuMsEach = ((await cpuOf([igor])) - cpuBefore) / given.accounts.length;
  return { seconds, cpuMsEach, missing: living - seen, ...(given.dead > 0 && { liveSeconds }) };
};

/** Stock ipmitool in a parallel loop of a shell. */
const ofLoop = async (sims: readonly Bmc[], atOnce: number): Promise<Sweep> => {
  const call = `ipmitool -I lanplus -H "$0" -p "$1" -U igor -E -L ADMINISTRATOR -C 3 -R 1 -N 5 power status`;
  const before = await childrenCpuMs(process.pid);
  const begun = performance.now();
  const env = { PATH: '/usr/bin:/bin', LANG: 'C', HOME: '/nonexistent', IPMITOOL_PASSWORD: 'igor-Secret' };
  const loop = spawn('xargs', ['-P', String(atOnce), '-n', '2', 'sh', '-c', call], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let said = '';
  loop.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  loop.stdin.end(sims.map(({ address, port }) => `${address} ${port}\n`).join(''));
  await once(loop, 'close');
  const seconds = (performance.now() - begun) / 1000;
  const right = said.split('\n').filter((line) => line === 'Chassis Power is off').length;
  return {
    name: `  peer: ipmitool in a loop, ${atOnce} at once: ${sims.length} ipmi_sim`,
    seconds,
    cpuMsEach: ((await childrenCpuMs(process.pid)) - before) / sims.length,
    missing: sims.length - right,
  };
};

const ofIronic = async (sims: readonly Bmc[], seconds: number): Promise<readonly Sweep[]> => {
  const ironic = await startIronic(await scratch('ironic'));
  try {
    await ironic.enrol(sims);
    const rounds = await ironic.rounds(seconds);
    const best = [...rounds].sort((a, b) => a.cpuMs - b.cpuMs)[0];
    if (best === undefined) throw new Error('Ironic began no power sync');
    const name = `  peer: Ironic, a power sync round: ${sims.length} ipmi_sim`;
    return [{ name, seconds: best.seconds, cpuMsEach: best.cpuMs / sims.length, missing: sims.length - best.calls }];
  } finally {
    await ironic.stop();
  }
};

export const sweepTable = (rows: readonly Sweep[]): string =>
  [
    'The power of every BMC, asked once, with the results in the database',
    line('', 'seconds', 'bar', 'CPU each', 'bar', 'MB each', ''),
    ...rows.map(lineOf),
  ].join('\n');

const lineOf = (row: Sweep): string =>
  line(
    row.name,
    `${shown(row.seconds, 2)}${row.liveSeconds === undefined ? '' : ` (${shown(row.liveSeconds, 2)} live)`}`,
    shown(row.barSeconds, 1),
    Number.isNaN(row.cpuMsEach) ? '' : `${row.cpuMsEach.toFixed(2)} ms`,
    shown(row.barCpuMs, 1),
    shown(row.memoryMbEach, 2),
    verdict(row),
  );

const verdict = ({ seconds, barSeconds, cpuMsEach, barCpuMs, missing }: Sweep): string => {
  if (missing > 0) return `invalid, ${missing} missing`;
  if (barSeconds === undefined) return '';
  return seconds <= barSeconds && cpuMsEach <= (barCpuMs ?? Infinity) ? 'met' : 'missed';
};

const line = (name: string, ...cells: readonly string[]): string =>
  `${name.padEnd(54)}${cells.map((cell, index) => cell.padStart(index === 0 ? 19 : 9)).join('')}`.trimEnd();

const shown = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);
