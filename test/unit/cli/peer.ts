import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Fault } from '../../../src/domain/fault.ts';
import { problem } from '../../../src/http/problem.ts';

/** What was asked of the peer. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly token: string;
  readonly prefer: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** An HTTP server that answers as Igor's documents say; a test overrides what it wants to see answered otherwise. */
export interface Peer {
  readonly url: string;
  readonly asked: Asked[];
  /** By `METHOD /path`, without the query. */
  readonly answers: Map<string, Answerer>;
  /** Tokens that are taken. */
  readonly tokens: Set<string>;
  readonly machines: Record<string, unknown>[];
  /** The most requests that were under way at once. */
  most(): number;
  close(): Promise<void>;
}

export type Answerer = (asked: Asked, response: ServerResponse) => unknown;

export const requestId = 'req-11111111-2222-4333-8444-555555555555';
export const idOf = (name: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;

export const machine = (name: string, more: object = {}): Record<string, unknown> => ({
  id: idOf(name),
  name,
  project_id: 'alpha',
  description: '',
  tags: ['rack7'],
  ports: [],
  maintenance: false,
  bindings: [],
  power_state: 'on',
  observed_at: '2026-11-20T10:00:00.000Z',
  health: 'ok',
  ssh: null,
  revision: 1,
  links: [],
  ...more,
});

/** An answer that tells of a failure, in the service's own body. */
export const refuse =
  (fault: Fault): Answerer =>
  (_asked, response) => {
    const body = problem(fault, {
      serviceType: 'out-of-band',
      requestId,
      help: (code) => `https://help.example/${code}`,
    });
    response.writeHead(fault.status, { 'Content-Type': 'application/json', 'X-Openstack-Request-Id': requestId });
    response.end(JSON.stringify(body));
  };

export const answer =
  (body: unknown, status = 200): Answerer =>
  (_asked, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', 'X-Openstack-Request-Id': requestId });
    response.end(JSON.stringify(body));
  };

export const startPeer = async (names: readonly string[]): Promise<Peer> => {
  const asked: Asked[] = [];
  const answers = new Map<string, Answerer>();
  const tokens = new Set(['good']);
  const machines = names.map((name) => machine(name));
  let underWay = 0;
  let most = 0;

  const usual = (one: Asked): Answerer => {
    const path = one.url.split('?')[0] ?? '';
    const [, kind, target = '', part] = /^\/v1\/([a-z-]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/.exec(path) ?? [];
    if (kind === 'machines' && target === '')
      return answer(list(machines, new URL(one.url, 'http://peer').searchParams));
    if (kind === 'machines') {
      const found = machines.find(({ id }) => id === target);
      if (found === undefined) return refuse(new Fault('not-found', 'there is no such machine'));
      if (part === 'power' && one.method === 'GET')
        return answer({ state: 'on', observed_at: '2026-11-20T10:00:00.000Z', stale: false, wanted: null });
      if (part === 'power') return answer({ ...(one.body as object), before: 'off', operation_id: idOf('op') });
      if (part === 'boot' && one.method === 'GET') return answer({ target: 'disk', mode: 'uefi', once: true });
      if (part === 'boot') return answer({ ...(one.body as object), operation_id: idOf('op') });
      return answer({ machine: found });
    }
    return refuse(new Fault('not-found', 'there is no such path'));
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    underWay += 1;
    most = Math.max(most, underWay);
    response.once('close', () => (underWay -= 1));
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const one: Asked = {
      method: request.method ?? '',
      url: request.url ?? '',
      token: String(request.headers['x-auth-token']),
      prefer: request.headers['prefer'] as string | undefined, // only one is sent
      headers: request.headers,
      body: text === '' ? null : JSON.parse(text),
    };
    asked.push(one);
    const chosen = answers.get(`${one.method} ${one.url.split('?')[0] ?? ''}`) ?? usual(one);
    await (tokens.has(one.token) ? chosen : refuse(new Fault('unauthenticated')))(one, response);
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    answers,
    tokens,
    machines,
    most: () => most,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

const list = (machines: readonly Record<string, unknown>[], query: URLSearchParams): object => {
  const among = (field: string): readonly string[] | undefined =>
    query.get(field)?.replace(/^in:/, '').toLowerCase().split(',');
  const [names, ids] = [among('name'), among('id')];
  const tags = query.get('tags')?.split(',') ?? [];
  const fitting = machines.filter(
    ({ id, name, tags: own }) =>
      (ids === undefined || ids.includes(String(id))) &&
      (names === undefined || names.includes(String(name).toLowerCase())) &&
      tags.every((tag) => (own as string[]).includes(tag)),
  );
  const limit = Number(query.get('limit') ?? 100);
  const from = fitting.findIndex(({ id }) => id === query.get('marker')) + 1;
  const page = fitting.slice(from, from + limit);
  // Elsewhere, as a hostile or misconfigured service may say: nobody is to follow it.
  const links = from + limit < fitting.length ? [{ rel: 'next', href: 'http://elsewhere.invalid/v1/machines' }] : [];
  return { machines: page, links };
};
