import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { requestJson } from '../deploy/demo/json-client.ts';
import type { Figure } from './figures.ts';
import type { BenchIgor } from './igor.ts';
import { begun, ended, powerWish, type SetRun } from './set-run.ts';
import { addBareMachines, cpuOf, type SetSite } from './set-site.ts';
import { watchers } from './set-watchers.ts';

/** One user's power commands, one after the other, to machines of his own: by themselves, and while a set is being worked off. */
export const latencies = async (given: {
  readonly igor: BenchIgor;
  readonly token: string;
  readonly ids: readonly string[];
  readonly own: readonly string[];
  readonly samples: number;
}): Promise<readonly Figure[]> => {
  const { igor, token, ids, own, samples } = given;
  let turn = 0;
  const put = async (): Promise<number> => {
    const id = own[turn % own.length] ?? '';
    const body = { target: Math.floor(turn / own.length) % 2 === 0 ? 'on' : 'off' };
    turn += 1;
    const from = performance.now();
    const signal = AbortSignal.timeout(60_000);
    await requestJson('PUT', `${igor.url}/v1/machines/${id}/power`, z.unknown(), { token, signal, body });
    return performance.now() - from;
  };
  for (let warm = 0; warm < own.length * 2; warm += 1) await put();
  await sleep(1_000);
  const idle: number[] = [];
  while (idle.length < samples) {
    idle.push(await put());
    await sleep(20);
  }
  const busy: number[] = [];
  let wrong = 0;
  for (let runs = 0; runs < 3 && busy.length < samples; runs += 1) {
    const { id } = await begun(igor, token, powerWish(ids, runs % 2 === 0 ? 'off' : 'on'));
    const done = new AbortController();
    const over = ended(igor, token, id).finally(() => done.abort());
    // What is sent when it ends is not counted: nothing is under way any more for a part of it.
    for (let ms = await put(); !done.signal.aborted; ms = await put()) {
      busy.push(ms);
      await sleep(20);
    }
    wrong += ids.length - (await over).counts.succeeded;
  }
  const name = (percent: number): string =>
    `one PUT power while ${ids.length} are worked off, against none, p${percent}`;
  return [50, 95].map((percent) => {
    const [quiet, loaded] = [quantile(idle, percent), quantile(busy, percent)];
    const beside = `${loaded.toFixed(1)} ms (${busy.length}) against ${quiet.toFixed(1)} ms (${idle.length})`;
    return { name: name(percent), value: loaded / quiet, unit: 'x', most: 2, beside, wrong };
  });
};

const quantile = (values: readonly number[], percent: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * percent) / 100))] ?? NaN;

/** The same with people who look on, each told of every target. */
export const watching = async (given: {
  readonly igor: BenchIgor;
  readonly site: SetSite;
  readonly ids: readonly string[];
  readonly tokens: readonly string[];
  readonly count: number;
  readonly alone: SetRun;
}): Promise<readonly Figure[]> => {
  const { igor, ids, tokens, count, alone } = given;
  const [token = ''] = tokens;
  const runs: { readonly seconds: number; readonly cpu: number; readonly wrong: number; readonly bytes: number }[] = [];
  for (const target of ['on', 'off'] as const) {
    const before = await cpuOf([igor]);
    const from = performance.now();
    const { id } = await begun(igor, token, powerWish(ids, target));
    const looking = await watchers(igor.url, { id, count, tokens });
    const { counts } = await ended(igor, token, id);
    const seconds = (performance.now() - from) / 1000;
    const untold = await looking.done;
    await sleep(2_000); // the readings that follow
    const cpu = ((await cpuOf([igor])) - before) / ids.length;
    runs.push({ seconds, cpu, wrong: ids.length - counts.succeeded + untold, bytes: looking.bytes() });
  }
  const best = runs.reduce((one, other) => (one.seconds <= other.seconds ? one : other));
  const { wrong } = best;
  const name = `${ids.length} with ${count} watchers`;
  return [
    {
      name: `${name}, against none`,
      ...{ value: best.seconds / alone.seconds, unit: 'x', most: 1.2, wrong },
      beside: `${best.seconds.toFixed(2)} s against ${alone.seconds.toFixed(2)} s; ${(best.bytes / count / 1024).toFixed(0)} KiB each`,
    },
    {
      name: `${name}, each target`,
      ...{ value: best.cpu, unit: 'ms CPU', wrong },
      beside: `without them ${alone.cpuMsEach.toFixed(2)}`,
    },
  ];
};

/** An operation on very many, asked for by their range. Nothing of it is done. */
export const enqueueing = async (given: {
  readonly igor: BenchIgor;
  readonly site: SetSite;
  readonly token: string;
  readonly count: number;
}): Promise<readonly Figure[]> => {
  const { igor, site, token, count } = given;
  const prefix = await addBareMachines(site, count);
  const took: number[] = [];
  for (let tries = 0; tries < 3; tries += 1) {
    const from = performance.now();
    const { id } = await begun(igor, token, {
      kind: 'power.set',
      targets: { range: `${prefix}[00001-${String(count).padStart(5, '0')}]` },
      parameters: { target: 'on' },
      strategy: { stagger_ms: 600_000 },
    });
    took.push((performance.now() - from) / 1000);
    const { url } = igor;
    const signal = AbortSignal.timeout(60_000);
    const body = { state: 'cancelled' };
    await requestJson('PATCH', `${url}/v1/operations/${id}`, z.unknown(), { token, signal, body });
    await ended(igor, token, id);
  }
  const beside = `of ${took.map((one) => one.toFixed(2)).join(', ')}`;
  return [
    { name: `queueing ${count} targets, the best of three`, value: Math.min(...took), unit: 's', most: 1, beside },
  ];
};

/** Of two replicas one is killed in the middle; until the last target has ended on the other. */
export const handOver = async (given: {
  readonly site: SetSite;
  readonly token: string;
  readonly ids: readonly string[];
  readonly victim: BenchIgor;
  readonly survivor: BenchIgor;
  readonly round: number;
}): Promise<readonly Figure[]> => {
  const { token, ids, victim, survivor, round } = given;
  const { id } = await begun(survivor, token, powerWish(ids));
  const held = async (): Promise<Record<string, number>> => {
    const { rows } = await given.site.sql.query<{ state: string; count: number }>(
      `SELECT t.state, count(*)::integer FROM operation_targets t
       WHERE t.operation_id = $1 AND t.replica_id = (SELECT r.id FROM replicas r WHERE r.address = $2) GROUP BY t.state`,
      [id, new URL(victim.url).host],
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  };
  // In the middle of its share: some of it done, some being done.
  let its = await held();
  const end = performance.now() + 60_000;
  while (((its['succeeded'] ?? 0) < ids.length / 20 || (its['running'] ?? 0) === 0) && performance.now() < end) {
    await sleep(5);
    its = await held();
  }
  process.kill(victim.pid, 'SIGKILL');
  const from = performance.now();
  const { counts } = await ended(survivor, token, id);
  const seconds = (performance.now() - from) / 1000;
  await victim.stop();
  const left = counts.queued + counts.running;
  return [
    {
      name: `kill -9 of one of two in the middle of ${ids.length}, until the last has ended, ${round}`,
      ...{ value: seconds, unit: 's', most: 5, wrong: left },
      beside: `${counts.succeeded} succeeded, ${counts.unknown} unknown, ${counts.failed} failed; it had done ${its['succeeded'] ?? 0}, and ${its['running'] ?? 0} of its ${(its['running'] ?? 0) + (its['claimed'] ?? 0)} were running`,
    },
  ];
};
