import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import express from 'express';
import { z } from 'zod';
import type { Steps } from '../../../src/core/execute.ts';
import { operation } from '../../../src/core/operation.ts';
import { listen } from '../../../src/http/listener.ts';
import { routes } from '../../../src/http/routes.ts';
import { identityWith } from '../../support/fakes.ts';

/** Takes half a second, whatever is asked; and says that it takes as long as is asked. */
const slow = operation({
  on: 'service',
  name: 'whoami.get',
  summary: 'Slow',
  method: 'put',
  path: '/slow',
  permission: 'oob:whoami:get',
  effect: 'change',
  input: z.strictObject({ wait_ms: z.int().optional() }),
  output: z.object({ done: z.boolean() }),
  lastsMs: ({ wait_ms }) => wait_ms ?? 0,
  async run() {
    await sleep(500);
    return { done: true };
  },
});

/** The flow, with steps that let everything pass. */
const steps = {
  services: {},
  authenticate: async () => ({ identity: identityWith(), service: null }),
  admit: async () => undefined,
  attend: () => ({ [Symbol.dispose]: () => undefined }),
  relay: async () => null,
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
} as unknown as Steps; // as much as this operation meets

describe('routes', () => {
  let server: Server;
  let url: string;
  before(async () => {
    const app = express();
    app.use(express.json());
    app.use((_request, response, next) => {
      response.locals['arrival'] = { address: null, path: '/slow', href: (path: string) => path };
      next();
    });
    app.use(routes({ steps, operations: [slow] }));
    server = createServer((request, response) => void app(request, response));
    server.timeout = 150;
    url = `http://${await listen(server, '127.0.0.1:0')}/slow`;
  });
  after(() => void server.close());

  const ask = async (body: object): Promise<unknown> => {
    const sent = { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    return fetch(url, sent).then(
      async (answer) => answer.json(),
      () => 'cut off',
    );
  };

  it('bear the silence of what said that it takes longer, and of nothing else', async () => {
    expect(await ask({ wait_ms: 2_000 })).to.deep.equal({ done: true });
    expect(await ask({})).to.equal('cut off');
  });
});
