import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, idOf, refuse, startPeer, type Answerer, type Peer } from './peer.ts';
import { newUser, type User } from './world.ts';

const happened = (id: string, state: string): string =>
  `id: ${id}\ndata: ${JSON.stringify({
    type: 'igor.power.changed',
    subject: `machines/${idOf('osl01')}`,
    time: '2026-11-21T20:00:00.000Z',
    data: { project_id: 'p1', machine: { id: idOf('osl01'), name: 'osl01' }, before: 'off', state },
  })}\n\n`;

describe('igor events and subscriptions', () => {
  let peer: Peer;
  let erin: User;
  beforeEach(async () => {
    peer = await startPeer([]);
    erin = await newUser(peer.url);
  });
  afterEach(async () => {
    await erin.leave();
    await peer.close();
  });

  it('shows what happened, a line each', async () => {
    peer.answers.set('GET /v1/events', (_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(`: here\n\n${happened('1-1', 'on')}event: end\ndata: {}\n\n`);
    });
    const { out, code } = await erin.igor(['events', '--type', 'igor.power.*']);
    expect(code).to.equal(0);
    expect(out).to.equal('2026-11-21T20:00:00.000Z  power.changed  osl01  before=off state=on\n');
    const query = new URL(peer.asked[0]?.url ?? '', 'http://peer').searchParams;
    expect([query.get('follow'), query.get('types'), query.get('since') !== null]).to.deep.equal([
      'false',
      'igor.power.*',
      true,
    ]);
  });

  it('goes on after the last event that it saw when the stream is cut off', async () => {
    const resumed: (string | undefined)[] = [];
    const cut: Answerer = (_asked, response) => {
      resumed.push(response.req.headers['last-event-id'] as string | undefined);
      if (resumed.length === 3) {
        refuse(new Fault('forbidden'))({} as never, response);
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(happened(`${resumed.length}-1`, 'on'));
    };
    peer.answers.set('GET /v1/events', cut);
    const { out, code } = await erin.igor(['events', '--follow']);
    expect(resumed).to.deep.equal([undefined, '1-1', '2-1']);
    expect(out.trimEnd().split('\n')).to.have.length(2);
    expect(code).to.equal(1);
  });

  it('makes a key for a subscription, and shows it once', async () => {
    const id = idOf('hook');
    peer.answers.set('POST /v1/subscriptions', answer({ subscription: { id } }, 201));
    const { err, code } = await erin.igor(['subscriptions', 'create', '--url', 'https://hooks.example/', '--tag', 'a']);
    expect(code).to.equal(0);
    const { subscription } = peer.asked[0]?.body as { subscription: { secret: string; tags: string[] } };
    expect(subscription.tags).to.deep.equal(['a']);
    expect(err).to.contain(subscription.secret);
    expect(Buffer.from(subscription.secret.slice(6), 'base64')).to.have.length(32);
  });

  it('shows what was given up, and why', async () => {
    const id = idOf('hook');
    const dead = { id: idOf('d'), type: 'igor.power.changed', subject: 'machines/x', state: 'dead', attempts: 9 };
    const body = { deliveries: [{ ...dead, last_error: 'ECONNREFUSED', created_at: '2026-11-21T20:00:00Z' }] };
    peer.answers.set(`GET /v1/subscriptions/${id}/deliveries`, answer(body));
    const { out } = await erin.igor(['subscriptions', 'deliveries', id, '--state', 'dead']);
    expect(out).to.match(/dead +9 +ECONNREFUSED/);
  });
});
