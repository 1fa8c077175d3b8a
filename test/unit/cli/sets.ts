import type { ServerResponse } from 'node:http';
import { Fault } from '../../../src/domain/fault.ts';
import { foldHosts } from '../../../src/domain/selection/fold.ts';
import { answer, idOf, refuse, type Asked, type Peer } from './peer.ts';

/** What becomes of a target: what differs from one that succeeded. */
export type Fate = (name: string, asked: SetBody) => object;

export interface SetBody {
  readonly kind: string;
  readonly targets: { readonly ids?: readonly string[]; readonly names?: readonly string[]; readonly range?: string };
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly strategy?: object;
  readonly plan?: string;
  readonly dry_run?: boolean;
}

/** A peer that does things to sets, as Igor's documents say. */
export interface Sets {
  /** Operations that were made. */
  readonly made: SetBody[];
  /** The key of each POST, in order. */
  readonly keys: (string | undefined)[];
  /** What becomes of each. */
  fate: Fate;
  /** More targets than so many want a plan. */
  radius: number;
  /** Of the plan that is wanted. */
  hash: string;
  /** In place of the stream's usual answer. */
  stream: ((asked: Asked, response: ServerResponse, finished: object) => void) | null;
  readonly id: string;
}

interface Target {
  readonly state: string;
}

export const withSets = (peer: Peer, fate: Fate): Sets => {
  const id = idOf('set');
  const sets: Sets = { made: [], keys: [], fate, radius: 100, hash: 'a'.repeat(64), stream: null, id };
  const byKey = new Set<string>();
  let targets: readonly Target[] = [];

  const chosen = ({ targets: wanted }: SetBody): readonly Record<string, unknown>[] =>
    peer.machines.filter(
      (one) =>
        wanted.ids?.includes(String(one['id'])) === true ||
        wanted.names?.includes(String(one['name'])) === true ||
        wanted.range !== undefined,
    );
  const operation = (isOver: boolean): object => {
    const body = sets.made.at(-1);
    const names = body === undefined ? [] : chosen(body).map(({ name }) => String(name));
    const states = targets.map(({ state }) => (isOver ? state : 'queued'));
    const count = (state: string): number => states.filter((one) => one === state).length;
    return {
      id,
      kind: body?.kind,
      state: isOver ? (count('succeeded') === states.length ? 'succeeded' : 'partly') : 'queued',
      target: null,
      targets: foldHosts(names),
      total: names.length,
      counts: Object.fromEntries(
        ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'unknown'].map((state) => [state, count(state)]),
      ),
      parameters: body?.parameters,
      strategy: { max_parallel: 10_000, stagger_ms: 0, stop_after_failures: null, order: 'none' },
      user_id: 'bob',
      sequence: isOver ? 7 : 1,
      created_at: '2026-11-20T10:00:00Z',
      started_at: '2026-11-20T10:00:01Z',
      ended_at: isOver ? '2026-11-20T10:00:02Z' : null,
      links: [],
    };
  };

  peer.answers.set('POST /v1/operations', (asked, response) => {
    const body = asked.body as SetBody; // as this program sends it
    const machines = chosen(body);
    if (body.dry_run === true) {
      const items = machines.map(({ name }, position) => ({ position, name, after: [] }));
      const targetsText = foldHosts(machines.map(({ name }) => String(name)));
      const plan = { hash: sets.hash, kind: body.kind, targets: targetsText, total: machines.length, items };
      const strategy = { max_parallel: 50, stagger_ms: 200, stop_after_failures: null, order: 'none' };
      const needs = { needs_plan: machines.length > sets.radius, parameters: body.parameters, strategy };
      answer({ plan: { ...plan, ...needs, least_seconds: 0.2 * (machines.length - 1) } })(asked, response);
      return;
    }
    const key = asked.headers['idempotency-key'];
    sets.keys.push(typeof key === 'string' ? key : undefined);
    if (body.plan === undefined && machines.length > sets.radius) {
      void refuse(new Fault('plan-required'))(asked, response);
      return;
    }
    if (body.plan !== undefined && body.plan !== sets.hash) {
      void refuse(new Fault('plan-outdated'))(asked, response);
      return;
    }
    if (typeof key !== 'string' || !byKey.has(key)) {
      sets.made.push(body);
      targets = machines.map(({ id: machine, name }, position) => ({
        position,
        kind: 'machine',
        id: machine,
        name,
        state: 'succeeded',
        operation_id: idOf(`op${position}`),
        fault: null,
        result: null,
        ...sets.fate(String(name), body),
      }));
    }
    if (typeof key === 'string') byKey.add(key);
    answer({ operation: operation(false) }, 202)(asked, response);
  });
  peer.answers.set(`GET /v1/operations/${id}`, (asked, response) =>
    answer({ operation: operation(true) })(asked, response),
  );
  peer.answers.set(`GET /v1/operations/${id}/targets`, (asked, response) => {
    const query = new URL(asked.url, 'http://peer').searchParams;
    const from = Number(query.get('marker') ?? -1) + 1;
    const wanted = targets.filter(({ state }) => (query.get('state') ?? state) === state);
    const page = wanted.slice(from, from + Number(query.get('limit')));
    const isLast = from + page.length >= wanted.length;
    answer({ targets: page, links: isLast ? [] : [{ rel: 'next', href: 'http://elsewhere.invalid/' }] })(
      asked,
      response,
    );
  });
  peer.answers.set(`GET /v1/operations/${id}/events`, (asked, response) => {
    const finished = { operation: operation(true), targets: [] };
    if (sets.stream !== null) {
      sets.stream(asked, response, finished);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(`id: 7\ndata: ${JSON.stringify(finished)}\n\nevent: end\ndata: {}\n\n`);
  });
  return sets;
};
