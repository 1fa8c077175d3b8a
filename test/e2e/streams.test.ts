import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { expect } from 'chai';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { startIgor, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { passwordToken } from '../../deploy/demo/json-client.ts';

/** What a client of an event stream has heard so far. */
interface Listener {
  readonly events: readonly { readonly event: string; readonly data: Readonly<Record<string, unknown>> }[];
  /** Resolves with the milliseconds since 1970 at which the stream ended. */
  readonly ended: Promise<number>;
  /** Resolves when so many events have come. */
  heard(count: number): Promise<void>;
  leave(): void;
}

const listen = async (url: string, token: string): Promise<Listener> => {
  const request = http.get(url, { headers: { 'X-Auth-Token': token } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  expect(response.statusCode).to.equal(200);
  expect(response.headers['content-type']).to.match(/^text\/event-stream/);
  const events: { event: string; data: Record<string, unknown> }[] = [];
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const parts = (text + chunk).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts.filter((one) => !one.startsWith(':'))) {
      const event = /^event: (.*)$/m.exec(part)?.[1] ?? 'message';
      events.push({ event, data: JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? '{}') as Record<string, unknown> });
    }
    response.emit('heard');
  });
  const ended = once(response, 'end').then(() => Date.now());
  ended.catch(() => undefined); // who leaves does not look whether it ended
  return {
    events,
    ended,
    async heard(count) {
      while (events.length < count) await once(response, 'heard', { signal: AbortSignal.timeout(10_000) });
    },
    leave: () => request.destroy(),
  };
};

describe('an open stream', () => {
  let igor: TestIgor;
  let machine: Enrolled;
  let erin: Client;
  before(async () => {
    igor = await startIgor({ IGOR_TOKEN_CACHE_SECONDS: '2' });
    machine = await enrol(igor, 'alpha');
    erin = await igor.as('erin');
  });
  after(async () => igor.stop());

  const streamOf = (of: Enrolled): string => `${igor.url}/v1/machines/${of.id}/power/events`;
  const codeOf = ({ events }: Listener): unknown =>
    (events.at(-1)?.data as { errors?: { code: string }[] } | undefined)?.errors?.[0]?.code;

  const granted = async (until: Date): Promise<string> => {
    const { seed } = await keystone();
    const grant = {
      machine: machine.id,
      permissions: ['oob:power:watch'],
      grantee: { user_id: seed.users['mallory'] },
      until: until.toISOString(),
      reason: 'to watch',
    };
    return ((await erin.post('/v1/grants', { grant }).expect(201)).body as { grant: { id: string } }).grant.id;
  };

  it('is not held open by who asks for its header alone', async () => {
    const { token } = await igor.as('bob');
    // A client that keeps its connections; others close it after a HEAD.
    const agent = new http.Agent({ keepAlive: true });
    const request = http.request(streamOf(machine), { method: 'HEAD', agent, headers: { 'X-Auth-Token': token } });
    const [answer] = (await once(request.end(), 'response')) as [http.IncomingMessage];
    expect(answer.statusCode).to.equal(200);
    expect(answer.headers['content-type']).to.match(/^text\/event-stream/);
    const lines = () => igor.logged.filter(({ msg, method }) => msg === 'request.ended' && method === 'HEAD');
    while (lines().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    agent.destroy();
  });

  it('is one of a hundred at most of the same user', async () => {
    const { token } = await igor.as('carol');
    const open = await Promise.all(Array.from({ length: 100 }, async () => listen(streamOf(machine), token)));
    const refused = await fetch(streamOf(machine), { headers: { 'X-Auth-Token': token } });
    expect(refused.status).to.equal(429);
    expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(0);
    for (const stream of open) stream.leave();
  });

  it('tells what is known, and then what changes', async () => {
    const bob = await igor.as('bob');
    await bob.put(`/v1/machines/${machine.id}/power`, { target: 'off' }).expect(200);
    await bob.get(`/v1/machines/${machine.id}/power?refresh=true`).expect(200);
    const stream = await listen(streamOf(machine), bob.token);
    await stream.heard(1);
    await bob.put(`/v1/machines/${machine.id}/power`, { target: 'on' }).expect(200);
    while (stream.events.at(-1)?.data['state'] !== 'on') await stream.heard(stream.events.length + 1);
    stream.leave();
    expect(stream.events[0]?.data['state']).to.equal('off');
  });

  it('is refused like any request, before it begins', async () => {
    const { status, headers } = await fetch(streamOf(machine), {
      headers: { 'X-Auth-Token': await tokenOf('mallory') },
    });
    expect(status).to.equal(404);
    expect(headers.get('content-type')).to.match(/^application\/json/);
  });

  it('is told of to a HEAD, after which the connection serves the next', async () => {
    const { hostname, port } = new URL(igor.url);
    const token = await tokenOf('bob');
    const ask = (method: string, path: string, more = ''): string =>
      `${method} ${path} HTTP/1.1\r\nHost: igor\r\nX-Auth-Token: ${token}\r\n${more}\r\n`;
    const socket = net.connect(Number(port), hostname);
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.write(ask('HEAD', `/v1/machines/${machine.id}/power/events`));
    socket.write(ask('GET', '/v1/whoami', 'Connection: close\r\n'));
    let heard = '';
    for await (const chunk of socket) heard += String(chunk);
    expect(heard.match(/^HTTP\/1\.1 200 OK/gm)).to.have.length(2);
    expect(heard).to.match(/^Content-Type: text\/event-stream/m);
  });

  it('is cut within two seconds when the grant that opened it is revoked, and says why', async () => {
    const id = await granted(new Date(Date.now() + 3_600_000));
    const stream = await listen(streamOf(machine), await tokenOf('mallory'));
    await stream.heard(1);
    const revokedAt = Date.now();
    await erin.delete(`/v1/grants/${id}`).expect(204);
    expect((await stream.ended) - revokedAt).to.be.lessThan(2_000);
    expect(stream.events.at(-1)?.event).to.equal('fault');
    expect(codeOf(stream)).to.equal('out-of-band.forbidden');
  });

  it('is cut within two seconds when the grant ends by itself', async () => {
    const until = new Date(Date.now() + 2_500);
    await granted(until);
    const stream = await listen(streamOf(machine), await tokenOf('mallory'));
    expect((await stream.ended) - until.getTime())
      .to.be.greaterThan(-50)
      .and.lessThan(2_000);
  });

  it('is cut within the re-validation interval when its token is revoked', async () => {
    const { url } = await keystone();
    const login = { url, user: 'carol', password: 'carolpw', project: 'alpha', signal: AbortSignal.timeout(10_000) };
    const token = await passwordToken(login);
    const stream = await listen(streamOf(machine), token);
    await stream.heard(1);
    const revokedAt = Date.now();
    const revoked = await fetch(`${url}/auth/tokens`, {
      method: 'DELETE',
      headers: { 'X-Auth-Token': token, 'X-Subject-Token': token },
    });
    expect(revoked.status).to.equal(204);
    expect((await stream.ended) - revokedAt).to.be.lessThan(2_000 + 2_000);
    expect(codeOf(stream)).to.equal('out-of-band.unauthenticated');
  });

  it('is cut within the same interval when it was opened by what was still known of a revoked token', async () => {
    const { url } = await keystone();
    const login = { url, user: 'carol', password: 'carolpw', project: 'alpha', signal: AbortSignal.timeout(10_000) };
    const token = await passwordToken(login);
    const headers = { 'X-Auth-Token': token };
    expect((await fetch(`${igor.url}/v1/whoami`, { headers })).status).to.equal(200);
    const knownAt = Date.now();
    const revoked = await fetch(`${url}/auth/tokens`, {
      method: 'DELETE',
      headers: { ...headers, 'X-Subject-Token': token },
    });
    expect(revoked.status).to.equal(204);
    await new Promise((resolve) => setTimeout(resolve, knownAt + 1_700 - Date.now()));
    const stream = await listen(streamOf(machine), token);
    expect((await stream.ended) - knownAt).to.be.lessThan(2_000 + 1_500);
    expect(codeOf(stream)).to.equal('out-of-band.unauthenticated');
  });

  it('is cut when its machine goes to another project', async () => {
    const other = await enrol(igor, 'alpha');
    const { seed } = await keystone();
    const stream = await listen(streamOf(other), await tokenOf('bob'));
    await stream.heard(1);
    const movedAt = Date.now();
    const alice = await igor.as('alice');
    await alice.patch(`/v1/machines/${other.id}`, { machine: { project_id: seed.projects['beta'] } }).expect(200);
    expect((await stream.ended) - movedAt).to.be.lessThan(2_000);
    expect(codeOf(stream)).to.equal('out-of-band.not-found');
  });

  it('leaves nothing running when its client goes away', async () => {
    const stream = await listen(streamOf(machine), await tokenOf('bob'));
    await stream.heard(1);
    const lines = (): number =>
      igor.logged.filter(({ msg, operation }) => msg === 'request.ended' && operation === 'power.watch').length;
    const before = lines();
    stream.leave();
    for (let tries = 0; lines() === before && tries < 100; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(lines()).to.equal(before + 1);
  });
});
