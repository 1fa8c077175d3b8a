import { randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { keystone } from './parts.ts';
import { startBmcSimulator, type BmcSimulator } from './bmc/simulator.ts';
import { machineBodyFor } from './enrol.ts';
import { clientOf, freshName, testEnvironment, tokenOf } from './igor.ts';
import { serveIgor, type IgorProcess } from './process.ts';

export interface SoakOptions {
  /** Requests to be answered, cut off ones not counted. */
  readonly operations: number;
  readonly machines: number;
  /** Users at a time. */
  readonly users: number;
  /** Answers between two kills, at least and at most. */
  readonly killAfter: readonly [number, number];
  readonly say?: (what: string) => void;
}

export interface Soaked {
  readonly answered: number;
  readonly cutOff: number;
  readonly kills: number;
  /** Of Igor together with every process that it had started, as a service manager kills. */
  readonly killsOfAll: number;
  readonly changesAsked: number;
  readonly changesCarriedOut: number;
  /** Answers that no request of that kind may have. */
  readonly strange: readonly string[];
  /** Open at the BMCs, whose own time-out is ten minutes, five seconds after the last start. */
  readonly sessionsLeft: number;
}

/** A BMC that forgets nobody by itself while the soak lasts. */
const bmcOptions = { sessionTimeoutMs: 600_000, maxSessions: 12 };

/** Users ask, and Igor is killed again and again; in the end it is started once more, and left alone. */
export const soak = async (options: SoakOptions): Promise<Soaked> => {
  const { operations, machines, users, killAfter, say = () => undefined } = options;
  const env = await testEnvironment({ IGOR_RATE_LIMIT: '0' });
  const token = await tokenOf('bob');
  const bmcs = await Promise.all(Array.from({ length: machines }, async () => startBmcSimulator(bmcOptions)));
  let igor = await serveIgor(env);
  const names = await Promise.all(bmcs.map(async (bmc) => enrolled(igor, bmc)));
  const told = { answered: 0, cutOff: 0, kills: 0, killsOfAll: 0, changesAsked: 0, strange: [] as string[] };

  const user = async (): Promise<void> => {
    while (told.answered < operations) {
      const name = names[randomInt(names.length)] ?? '';
      const change = randomInt(5) === 0;
      if (change) told.changesAsked += 1;
      const status = await ask(igor.url, token, name, change).catch(() => null);
      if (status === null) {
        told.cutOff += 1;
        await sleep(20);
      } else {
        told.answered += 1;
        if (!fitting.has(status)) told.strange.push(String(status));
        if (status === 503 || status === 409) await sleep(20);
      }
    }
  };
  const killer = async (): Promise<void> => {
    while (told.answered < operations) {
      const next = told.answered + randomInt(...killAfter);
      while (told.answered < Math.min(next, operations)) await sleep(10);
      await sleep(randomInt(50)); // in the middle of something
      const everybody = randomInt(4) === 0;
      if (everybody) {
        told.killsOfAll += 1;
        for (const pid of await family(igor.child.pid ?? 0)) kill(pid);
      }
      told.kills += 1;
      await igor.kill('SIGKILL');
      igor = await serveIgor(env);
      say(`${told.answered} answered, ${told.cutOff} cut off, ${told.kills} kills`);
    }
  };

  try {
    await Promise.all([killer(), ...Array.from({ length: users }, user)]);
    for (const pid of await family(igor.child.pid ?? 0)) kill(pid);
    await igor.kill('SIGKILL');
    igor = await serveIgor(env);
    await sleep(5_000);
    return {
      ...told,
      changesCarriedOut: bmcs.reduce((sum, bmc) => sum + bmc.count('chassis-control'), 0),
      sessionsLeft: bmcs.reduce((sum, bmc) => sum + bmc.sessions().length, 0),
    };
  } finally {
    await igor.kill('SIGTERM');
    await Promise.all(bmcs.map(async (bmc) => bmc.stop()));
  }
};

/** Done; busy; refused or unreachable for once; lost on the way. Never 500. */
const fitting: ReadonlySet<number> = new Set([200, 409, 502, 503, 504]);

const enrolled = async ({ url }: IgorProcess, { address, port }: BmcSimulator): Promise<string> => {
  const name = freshName('soaked');
  const { seed } = await keystone();
  const account = { address, port, username: 'admin', password: 'adm1n-Secret' };
  const alice = clientOf(url, await tokenOf('alice'));
  await alice.post('/v1/machines', machineBodyFor(name, seed.projects['alpha'] ?? '', account)).expect(201);
  return name;
};

const reads = ['power?refresh=true', 'power?refresh=true', 'health', 'boot'];

const ask = async (url: string, token: string, name: string, change: boolean): Promise<number> => {
  const path = change ? 'power' : (reads[randomInt(reads.length)] ?? 'health');
  const answer = await fetch(`${url}/v1/machines/${name}/${path}`, {
    method: change ? 'PUT' : 'GET',
    headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
    ...(change && { body: JSON.stringify({ target: randomInt(2) === 0 ? 'on' : 'off' }) }),
    signal: AbortSignal.timeout(60_000),
  });
  await answer.arrayBuffer();
  return answer.status;
};

/** Every process below this one, those that were left by their parent apart. */
const family = async (pid: number): Promise<readonly number[]> => {
  const all = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const parents = new Map<number, number>();
  for (const one of all) {
    const stat = await readFile(`/proc/${one}/stat`, 'latin1').catch(() => '');
    const parent = /^\d+ \(.*\) \S (\d+) /s.exec(stat)?.[1];
    if (parent !== undefined) parents.set(one, Number(parent));
  }
  const found: number[] = [];
  const visit = (above: number): void => {
    for (const [one, parent] of parents) {
      if (parent !== above) continue;
      found.push(one);
      visit(one);
    }
  };
  visit(pid);
  return found;
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return; // it has ended by itself
  }
};
