import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startBmcSimulator, type BmcSimulator } from './bmc/simulator.ts';
import { machineBodyFor } from './enrol.ts';
import { clientOf, freshName, testEnvironment, tokenOf } from './igor.ts';
import { keystone, scratch } from './parts.ts';
import { serveIgor, type IgorProcess } from './process.ts';

/** What goes wrong in a round, while two replicas work an operation off. */
export const mishaps = ['kill', 'freeze', 'deafen', 'disconnect', 'cancel', 'drain'] as const;
export type Mishap = (typeof mishaps)[number];

export interface FleetSoakOptions {
  readonly rounds: readonly Mishap[];
  readonly machines: number;
  readonly say?: (what: string) => void;
}

export interface FleetSoaked {
  readonly rounds: number;
  readonly changes: number;
  readonly unknown: number;
  /** What must never be, in words. */
  readonly wrong: readonly string[];
  /** Milliseconds from the death of a replica to the end of what it had to do. */
  readonly handOvers: readonly number[];
}

interface Operation {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly counts: Readonly<Record<string, number>>;
}
interface Target {
  readonly name: string;
  readonly state: string;
}

/** Longer than a replica may be silent. */
const frozenMs = 5_500;
/** By when whatever was asked for has ended, whatever happened: nothing waits for ever. */
const mostMs = 30_000;

/** Operations on a fleet, in each of which something goes wrong; the BMCs count what was sent. */
export const fleetSoak = async ({
  rounds,
  machines,
  say = () => undefined,
}: FleetSoakOptions): Promise<FleetSoaked> => {
  const shared = await testEnvironment({ IGOR_RATE_LIMIT: '0', IGOR_BLAST_RADIUS: '0', IGOR_OBSERVE_SECONDS: '5' });
  const envs = [shared, { ...shared, IGOR_DATA_DIR: await scratch('second') }] as const;
  const bmcs = await Promise.all(Array.from({ length: machines }, async () => startBmcSimulator({ maxSessions: 12 })));
  const replicas: [IgorProcess, IgorProcess] = [await serveIgor(envs[0]), await serveIgor(envs[1])];
  const database = new pg.Client({ connectionString: shared['DATABASE_URL'] });
  database.on('error', () => undefined);
  const told = { changes: 0, unknown: 0, wrong: [] as string[], handOvers: [] as number[] };
  try {
    await database.connect();
    const fleet = await enrolled(replicas[0], bmcs);
    const names = [...fleet.keys()];
    const token = await tokenOf('bob');

    const round = async (mishap: Mishap, index: number): Promise<void> => {
      const wrong = (what: string): void => void told.wrong.push(`round ${index} (${mishap}): ${what}`);
      const before = new Map(names.map((name) => [name, fleet.get(name)?.count('chassis-control') ?? 0]));
      const victim = randomInt(2) as 0 | 1;
      const other = (1 - victim) as 0 | 1;
      const body = {
        kind: 'power.set',
        targets: { names },
        parameters: { target: index % 2 === 0 ? 'on' : 'off' },
        strategy: { stagger_ms: [0, 40, 100][randomInt(3)] },
      };
      const operation = await created([replicas[victim].url, replicas[other].url], token, body);
      await sleep(randomInt(400));
      const survivor = clientOf(replicas[other].url, token);
      const began = performance.now();
      switch (mishap) {
        case 'kill':
          await replicas[victim].kill('SIGKILL');
          break;
        case 'freeze':
          replicas[victim].child.kill('SIGSTOP');
          break;
        case 'drain':
          void replicas[victim].kill('SIGTERM');
          break;
        case 'deafen':
          await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
          break;
        case 'disconnect':
          await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()`);
          break;
        case 'cancel':
          await survivor.patch(`/v1/operations/${operation.id}`, { state: 'cancelled' });
      }
      const ended = await ending(replicas[other].url, token, operation.id);
      const took = performance.now() - began;
      if (mishap === 'kill') told.handOvers.push(took);
      if (mishap === 'freeze') {
        await sleep(Math.max(0, frozenMs - took));
        replicas[victim].child.kill('SIGCONT');
        await sleep(1_000); // what it does now comes too late
      }
      if (ended === null) {
        wrong(`operation ${operation.id} did not end`);
        return;
      }
      const { body: answer } = await survivor.get(`/v1/operations/${operation.id}/targets?limit=1000`).expect(200);
      const { targets } = answer as { targets: readonly Target[] };
      const sum = Object.values(ended.counts).reduce((all, count) => all + count, 0);
      if (sum !== machines || targets.length !== machines) wrong(`${sum} counted, ${targets.length} listed`);
      for (const { name, state } of targets) {
        const sent = (fleet.get(name)?.count('chassis-control') ?? 0) - (before.get(name) ?? 0);
        told.changes += sent;
        if (state === 'unknown') told.unknown += 1;
        if (state === 'queued' || state === 'running') wrong(`${name} is ${state} at the end`);
        if (sent > 1) wrong(`${name} was sent ${sent} changes`);
        if (state === 'succeeded' && sent !== 1) wrong(`${name} succeeded, and was sent nothing`);
        if (state === 'cancelled' && sent !== 0) wrong(`${name} was cancelled, and was sent a change`);
      }
      if (mishap === 'kill' || mishap === 'drain') {
        await replicas[victim].kill('SIGKILL');
        replicas[victim] = await serveIgor(envs[victim]);
      }
      say(
        `${index + 1} of ${rounds.length} (${mishap}): ${ended.state} ${JSON.stringify(ended.counts)} after ${Math.round(took)} ms`,
      );
    };

    for (const [index, mishap] of rounds.entries()) await round(mishap, index);
    return { ...told, rounds: rounds.length };
  } finally {
    await database.end().catch(() => undefined);
    for (const { child } of replicas) child.kill('SIGCONT');
    await Promise.all(replicas.map(async (replica) => replica.kill('SIGTERM')));
    await Promise.all(bmcs.map(async (bmc) => bmc.stop()));
  }
};

/** By machine's name. */
const enrolled = async (
  { url }: IgorProcess,
  bmcs: readonly BmcSimulator[],
): Promise<ReadonlyMap<string, BmcSimulator>> => {
  const { seed } = await keystone();
  const alice = clientOf(url, await tokenOf('alice'));
  const fleet = new Map<string, BmcSimulator>();
  for (const bmc of bmcs) {
    const name = freshName('fleet');
    const account = { address: bmc.address, port: bmc.port, username: 'admin', password: 'adm1n-Secret' };
    await alice.post('/v1/machines', machineBodyFor(name, seed.projects['alpha'] ?? '', account)).expect(201);
    fleet.set(name, bmc);
  }
  return fleet;
};

/** Asked of one replica or the other, with the same key, until one answers: it is made once. */
const created = async (urls: readonly string[], token: string, body: object): Promise<Operation> => {
  const key = randomUUID();
  for (let attempt = 0; ; attempt += 1) {
    const url = urls[attempt % urls.length] ?? '';
    const answer = await asked(`${url}/v1/operations`, token, 'POST', body, { 'Idempotency-Key': key }).catch(
      () => null,
    );
    if (answer?.status === 202) return (answer.body as { operation: Operation }).operation;
    if (attempt > 40) throw new Error(`no operation was made: ${JSON.stringify(answer)}`);
    await sleep(250);
  }
};

const ending = async (url: string, token: string, id: string): Promise<Operation | null> => {
  for (const end = performance.now() + mostMs; performance.now() < end;) {
    await sleep(50);
    const answer = await asked(`${url}/v1/operations/${id}`, token, 'GET').catch(() => null);
    if (answer?.status !== 200) continue;
    const { operation } = answer.body as { operation: Operation };
    if (operation.state !== 'queued' && operation.state !== 'running') return operation;
  }
  return null;
};

const asked = async (
  url: string,
  token: string,
  method: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const answer = await fetch(url, {
    method,
    headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  });
  return { status: answer.status, body: await answer.json() };
};
