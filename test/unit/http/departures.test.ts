import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import { departures } from '../../../src/http/request.ts';

describe('the signal that a client has gone', () => {
  it('serves every request of a connection, and ends with it', async () => {
    const goneOf = departures();
    const signals: AbortSignal[] = [];
    const app = express();
    app.get('/', (request, response) => {
      signals.push(goneOf(request));
      response.send('here');
    });
    app.get('/never', (request) => void signals.push(goneOf(request)));
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const _ of [1, 2]) {
      const [answer] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
      await once(answer.resume(), 'end');
    }
    const other = get(`${url}/never`, { agent: new Agent() }).on('error', () => undefined);
    while (signals.length < 3) await new Promise(setImmediate);
    const [first, second, third] = signals;
    expect(first).to.equal(second);
    expect(third).not.to.equal(first);
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false, false]);

    const left = once(third ?? new EventTarget(), 'abort');
    other.destroy();
    await left;
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false, true]);
    const ended = once(first ?? new EventTarget(), 'abort');
    agent.destroy();
    await ended;
    server.close();
  });
});
