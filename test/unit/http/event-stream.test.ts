import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import { z } from 'zod';
import type { Steps } from '../../../src/core/execute.ts';
import { stream } from '../../../src/core/operation.ts';
import { openapi } from '../../../src/http/openapi.ts';
import { listen } from '../../../src/http/listener.ts';
import { routes } from '../../../src/http/routes.ts';
import { identityWith } from '../../support/fakes.ts';

/** Shared by whoever listens, as an event is that many watch. */
const shared = { said: 'hello', secret: 'not declared' };
let made = 0;
const counted = z.object({ said: z.string() }).refine(() => {
  made += 1;
  return true;
});

const resumable = stream({
  on: 'service',
  name: 'whoami.get',
  summary: 'Follows',
  method: 'get',
  path: '/followed',
  permission: 'oob:whoami:get',
  effect: 'read',
  input: z.strictObject({ after: z.coerce.number().int().optional() }),
  event: z.object({ after: z.number().nullable() }),
  async run({ input, emit }) {
    const after = input.after ?? null;
    await emit({ after }, String((after ?? 0) + 1));
    await emit({ after });
  },
});
const plain = stream({
  on: 'service',
  name: 'whoami.get',
  summary: 'Tells',
  method: 'get',
  path: '/told',
  permission: 'oob:whoami:get',
  effect: 'read',
  input: z.strictObject({}),
  event: counted,
  run: async ({ emit }) => emit(shared),
});

/** The flow, with steps that let everything pass. */
const steps = {
  services: {},
  authenticate: async () => ({ identity: identityWith(), service: null }),
  admit: async () => undefined,
  attend: () => ({ [Symbol.dispose]: () => undefined }),
  relay: async () => null,
  seat: () => ({ [Symbol.dispose]: () => undefined }),
  scope: async () => ({ identity: identityWith() }),
  locate: async () => ({ id: null, found: {}, bindings: [], subject: {} }),
  decide: () => ({ permitted: true, by: 'a test' }),
  audit: async (_act: unknown, work: (remark: () => void) => Promise<unknown>) => work(() => undefined),
  lease: async () => ({
    device: {},
    waited: false,
    signal: new AbortController().signal,
    [Symbol.asyncDispose]: async () => undefined,
  }),
  outdate: async () => undefined,
  watch: () => ({ signal: new AbortController().signal, [Symbol.dispose]: () => undefined }),
} as unknown as Steps; // as much as these operations meet

describe('a stream of events', () => {
  let server: Server;
  let url: string;
  before(async () => {
    const app = express();
    app.use((_request, response, next) => {
      response.locals['arrival'] = { address: null, path: '/', href: (path: string) => path };
      next();
    });
    app.use(routes({ steps, operations: [resumable, plain] }));
    server = createServer((request, response) => void app(request, response));
    url = `http://${await listen(server, '127.0.0.1:0')}`;
  });
  after(() => void server.close());

  const heard = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
    (await fetch(`${url}${path}`, { headers })).text();

  it('names an event by the id that it was given, and none that has none', async () => {
    expect(await heard('/followed')).to.equal(
      'id: 1\ndata: {"after":null}\n\ndata: {"after":null}\n\nevent: end\ndata: {}\n\n',
    );
  });

  it('goes on after what the query names, or after what Last-Event-ID does, which is newer', async () => {
    expect(await heard('/followed?after=6')).to.match(/^id: 7\n/);
    expect(await heard('/followed', { 'Last-Event-ID': '8' })).to.match(/^id: 9\n/);
    expect(await heard('/followed?after=6', { 'Last-Event-ID': '8' })).to.match(/^id: 9\n/);
    expect(await heard('/followed?after=6', { 'Last-Event-ID': '' })).to.match(/^id: 7\n/);
  });

  it('takes no notice of Last-Event-ID where nothing can be resumed', async () => {
    expect(await heard('/told', { 'Last-Event-ID': '8' })).to.match(/^data: \{"said":"hello"\}\n/);
    const { paths } = openapi([resumable, plain], '0') as {
      paths: Record<string, { get: { parameters: { $ref?: string }[] } }>;
    };
    const named = (path: string): boolean =>
      paths[path]?.get.parameters.some(({ $ref }) => $ref === '#/components/parameters/last-event-id') === true;
    expect([named('/v1/followed'), named('/v1/told')]).to.deep.equal([true, false]);
  });

  it('looks once at what it tells to many', async () => {
    const before = made;
    await Promise.all([heard('/told'), heard('/told'), heard('/told')]);
    expect(made - before).to.be.at.most(1);
  });
});
