import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { requestJson } from '../deploy/demo/json-client.ts';
import type { BenchIgor } from './igor.ts';
import { cpuOf, type SetSite } from './set-site.ts';

/** How an operation on a set went. */
export interface SetRun {
  readonly id: string;
  /** From the request until the last BMC that should be on is on, as the BMCs have it. */
  readonly onSeconds: number;
  /** Until the operation has ended, its results in the database. */
  readonly seconds: number;
  /** Of Igor with its ipmitools, with the journal, the results and the readings that follow; of the targets each. */
  readonly cpuMsEach: number;
  /** Targets that did not succeed, beside those that were dead. */
  readonly wrong: number;
}

export interface SetWish {
  readonly replicas: readonly [BenchIgor, ...BenchIgor[]];
  readonly token: string;
  readonly ids: readonly string[];
  readonly target?: 'on' | 'off';
  /** Of the targets, those that answer nothing. */
  readonly dead?: number;
}

/** Whether so many machines as live are on, asked of the BMCs themselves. */
export type AllOn = (count: number) => Promise<boolean>;

const counts = z.object({ queued: z.int(), running: z.int(), succeeded: z.int(), failed: z.int(), unknown: z.int() });
const shown = z.object({ operation: z.object({ id: z.string(), state: z.string(), counts }) });
type Shown = z.output<typeof shown>['operation'];

const signal = (): AbortSignal => AbortSignal.timeout(180_000);

export const begun = async ({ url }: BenchIgor, token: string, body: object): Promise<Shown> =>
  (await requestJson('POST', `${url}/v1/operations`, shown, { token, signal: signal(), body })).operation;

export const looked = async ({ url }: BenchIgor, token: string, id: string): Promise<Shown> =>
  (await requestJson('GET', `${url}/v1/operations/${id}`, shown, { token, signal: signal() })).operation;

export const powerWish = (ids: readonly string[], target: 'on' | 'off' = 'on'): object => ({
  kind: 'power.set',
  targets: { ids },
  parameters: { target },
  strategy: { stagger_ms: 0 },
});

const isOver = ({ state }: Shown): boolean => state !== 'queued' && state !== 'running';

/** Until it has ended. */
export const ended = async (igor: BenchIgor, token: string, id: string): Promise<Shown> => {
  const end = AbortSignal.timeout(180_000);
  let operation = await looked(igor, token, id);
  while (!isOver(operation)) {
    await sleep(50, undefined, { signal: end });
    operation = await looked(igor, token, id);
  }
  return operation;
};

/** Powers a set on without a stagger, looking at the BMCs and not at Igor for when it is done. */
export const setRun = async (site: SetSite, wish: SetWish, allOn: AllOn): Promise<SetRun> => {
  const { replicas, token, ids, target = 'on', dead = 0 } = wish;
  const living = ids.length - dead;
  const cpuBefore = await cpuOf(replicas);
  const from = performance.now();
  const { id } = await begun(replicas[0], token, powerWish(ids, target));
  const done = new AbortController();
  const over = ended(replicas[0], token, id)
    .then((operation) => ({ operation, at: performance.now() }))
    .finally(() => done.abort());
  let onAt = NaN;
  while (Number.isNaN(onAt)) {
    const isLast = done.signal.aborted;
    if (await allOn(living)) onAt = performance.now();
    else if (isLast) break;
    await sleep(20);
  }
  const { operation, at } = await over;
  if (dead === 0) await readBack(site, ids, target);
  return {
    id,
    onSeconds: (onAt - from) / 1000,
    seconds: (at - from) / 1000,
    cpuMsEach: ((await cpuOf(replicas)) - cpuBefore) / ids.length,
    wrong: Math.abs(living - operation.counts.succeeded),
  };
};

/** The readings after the change are part of what it costs. */
const readBack = async ({ sql }: SetSite, ids: readonly string[], target: 'on' | 'off'): Promise<void> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const { rows } = await sql.query<{ seen: number }>(
      'SELECT count(*)::integer AS seen FROM observations WHERE power_state = $1 AND NOT stale AND machine_id = ANY($2)',
      [target, ids],
    );
    if ((rows[0]?.seen ?? 0) >= ids.length) return;
    await sleep(100);
  }
};
