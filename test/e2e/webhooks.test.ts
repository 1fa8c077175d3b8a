import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';
import { keystone } from '../support/parts.ts';
import { startReceiver, type Received, type Receiver } from '../support/receiver.ts';
import { thingsIn, type Things } from '../support/things.ts';

describe('events sent to who has subscribed', () => {
  let igor: TestIgor;
  /** Another replica, on the same database. */
  let other: TestIgor;
  let receiver: Receiver;
  let erin: Client;
  let bob: Client;
  let mallory: Client;
  let ledger: Ledger;
  let things: Things;
  let alpha: string;
  let beta: string;
  let paths = 0;

  before(async () => {
    receiver = await startReceiver();
    const settings = { IGOR_WEBHOOK_NETWORKS: '127.0.0.1', IGOR_WEBHOOK_CA_FILE: receiver.caFile };
    igor = await startIgor(settings);
    const { databaseUrl, dataDir } = igor;
    const same = { DATABASE_URL: databaseUrl, IGOR_KEYRING_FILE: `${dataDir}/keyring.json` };
    other = await startIgor({ ...settings, ...same });
    [erin, bob, mallory] = [await igor.as('erin'), await igor.as('bob'), await igor.as('mallory')];
    ledger = await ledgerAt(databaseUrl);
    things = thingsIn(ledger.sql);
    const { seed } = await keystone();
    [alpha, beta] = [seed.projects['alpha'] ?? '', seed.projects['beta'] ?? ''];
  });
  after(async () => {
    await Promise.all([igor.stop(), other.stop()]);
    await ledger.close();
    await receiver.stop();
  });

  const url = (path: string): string => `https://localhost:${receiver.port}${path}`;
  interface Made {
    readonly id: string;
    readonly path: string;
  }
  const subscribed = async (more: object = {}): Promise<Made> => {
    const path = `/hook-${(paths += 1)}`;
    const given = { url: url(path), secret: receiver.secret, types: ['igor.power.*'], ...more };
    const made = await erin.post('/v1/subscriptions', { subscription: given }).expect(201);
    return { id: (made.body as { subscription: { id: string } }).subscription.id, path };
  };
  const heard = async (path: string, count: number): Promise<readonly Received[]> => {
    for (let tries = 0; receiver.at(path).length < count; tries += 1) {
      if (tries > 1000) throw new Error(`${path} heard ${receiver.at(path).length} of ${count}`);
      await sleep(10);
    }
    return receiver.at(path);
  };
  interface Shown {
    readonly id: string;
    readonly state: string;
    readonly attempts: number;
    readonly last_status: number | null;
    readonly last_error: string | null;
  }
  const deliveries = async ({ id }: Made, query = ''): Promise<readonly Shown[]> =>
    ((await erin.get(`/v1/subscriptions/${id}/deliveries${query}`).expect(200)).body as { deliveries: Shown[] })
      .deliveries;
  const settled = async (of: Made, fits: (shown: Shown) => boolean): Promise<Shown> => {
    for (let tries = 0; tries < 600; tries += 1) {
      const found = (await deliveries(of)).find(fits);
      if (found !== undefined) return found;
      await sleep(20);
    }
    throw new Error(JSON.stringify(await deliveries(of)));
  };
  /** As if what waits had waited so long. */
  const later = async ({ id }: Made, interval: string): Promise<void> => {
    const moved = 'next_at = next_at - $2::interval, created_at = created_at - $2::interval';
    await ledger.sql.rows(`UPDATE deliveries SET ${moved} WHERE subscription_id = $1`, [id, interval]);
    await ledger.sql.rows('UPDATE subscriptions SET due_at = due_at - $2::interval WHERE id = $1', [id, interval]);
  };

  it('arrive signed, one a request, in the order in which they happened', async () => {
    const { path } = await subscribed();
    const { id } = await things.machine(alpha);
    for (const state of ['on', 'off', 'on', 'off']) await things.power(id, state);
    const all = await heard(path, 4);
    expect(all.every(({ isSigned }) => isSigned)).to.be.true;
    expect(all[0]?.contentType).to.equal('application/cloudevents+json');
    expect(all.map(({ event }) => (event['data'] as { state: string }).state)).to.deep.equal([
      'on',
      'off',
      'on',
      'off',
    ]);
    expect(all[0]?.event).to.include({ specversion: '1.0', subject: `machines/${id}` });
    expect(all.map(({ id: webhookId }) => webhookId)).to.deep.equal(all.map(({ event }) => event['id']));
  });

  it('arrive once each, with two replicas at work', async () => {
    const made = [await subscribed(), await subscribed(), await subscribed()];
    const { id } = await things.machine(alpha);
    for (let count = 0; count < 40; count += 1) await things.power(id, count % 2 === 0 ? 'on' : 'off');
    for (const { path } of made) await heard(path, 40);
    await sleep(300);
    for (const { path } of made) {
      const ids = receiver.at(path).map((one) => one.id);
      expect(ids).to.have.length(40);
      expect(new Set(ids).size).to.equal(40);
    }
  });

  it('are those of the project alone, of the wanted types, machines and tags', async () => {
    const [mine, theirs] = [await things.machine(alpha), await things.machine(beta)];
    const [all, one, tagged, health] = [
      await subscribed(),
      await subscribed({ machine_ids: [mine.id] }),
      await subscribed({ tags: ['rack-of-hooks'] }),
      await subscribed({ types: ['igor.health.changed'] }),
    ];
    const tag = await things.machine(alpha);
    await ledger.sql.rows(`UPDATE machines SET tags = '{rack-of-hooks}' WHERE id = $1`, [tag.id]);
    for (const { id } of [theirs, mine, tag]) await things.power(id, 'on');
    await things.health(mine.controllerId, 'ok');
    const subjects = async ({ path }: Made, count: number): Promise<readonly unknown[]> =>
      (await heard(path, count)).map(({ event }) => `${String(event['type'])} ${String(event['subject'])}`);
    const power = ({ id }: { id: string }): string => `igor.power.changed machines/${id}`;
    expect(await subjects(all, 2)).to.deep.equal([power(mine), power(tag)]);
    expect(await subjects(one, 1)).to.deep.equal([power(mine)]);
    expect(await subjects(tagged, 1)).to.deep.equal([power(tag)]);
    expect(await subjects(health, 1)).to.deep.equal([`igor.health.changed machines/${mine.id}`]);
    await sleep(200);
    expect(receiver.received.some(({ event }) => event['subject'] === `machines/${theirs.id}`)).to.be.false;
  });

  it('are tried again, with the same id and before what came later, and told as they stand', async () => {
    const made = await subscribed();
    receiver.answer(made.path, { status: 500 });
    const { id } = await things.machine(alpha);
    await things.power(id, 'on');
    await things.power(id, 'off');
    const first = await settled(made, ({ attempts }) => attempts === 1);
    expect(first).to.include({ state: 'queued', last_status: 500, last_error: 'the receiver answered 500' });
    expect(receiver.at(made.path)).to.have.length(1);
    receiver.answer(made.path, { status: 200 });
    await later(made, '5 seconds');
    const all = await heard(made.path, 3);
    expect(all[1]?.id).to.equal(all[0]?.id);
    expect(all[2]?.id).not.to.equal(all[0]?.id);
    await settled(made, ({ state, attempts }) => state === 'delivered' && attempts === 2);
  });

  it('are given up after a day, shown, and sent once more when asked for', async () => {
    const made = await subscribed();
    receiver.answer(made.path, { status: 503 });
    const { id } = await things.machine(alpha);
    await things.power(id, 'on');
    await settled(made, ({ attempts }) => attempts === 1);
    await later(made, '25 hours');
    const dead = await settled(made, ({ state }) => state === 'dead');
    expect(dead).to.include({ attempts: 2, last_status: 503 });
    expect(await deliveries(made, '?state=dead')).to.have.length(1);
    expect(igor.logText() + other.logText()).to.contain('delivery.dead');
    receiver.answer(made.path, { status: 204 });
    await erin.post(`/v1/subscriptions/${made.id}/deliveries/${dead.id}/retries`).expect(202);
    await settled(made, ({ state }) => state === 'delivered');
    await erin.post(`/v1/subscriptions/${made.id}/deliveries/${dead.id}/retries`).expect(409);
    expect(new Set(receiver.at(made.path).map((one) => one.id)).size).to.equal(1);
  });

  it('do not follow a redirect, nor wait for an answer without end, nor heed one that is too long', async () => {
    const [led, endless] = [await subscribed(), await subscribed()];
    receiver.answer(led.path, { status: 307, headers: { Location: url('/elsewhere') } });
    receiver.answer(endless.path, 'endless');
    const { id } = await things.machine(alpha);
    await things.power(id, 'on');
    const refused = await settled(led, ({ attempts }) => attempts === 1);
    expect(refused.last_error).to.contain('redirects are not followed');
    await settled(endless, ({ state }) => state === 'delivered');
    expect(receiver.at('/elsewhere')).to.deep.equal([]);
  });

  it('arrive elsewhere while a receiver is silent, slow or gone', async () => {
    const [silent, well] = [await subscribed(), await subscribed()];
    receiver.answer(silent.path, 'silence');
    const { id } = await things.machine(alpha);
    const began = Date.now();
    await things.power(id, 'on');
    await heard(silent.path, 1);
    await things.power(id, 'off');
    await heard(well.path, 2);
    expect(Date.now() - began).to.be.lessThan(5_000);
    expect((await deliveries(silent))[0]?.state).to.equal('queued');
    await erin.delete(`/v1/subscriptions/${silent.id}`).expect(204);
  });

  it('are sent no more to who says that he is gone', async () => {
    const made = await subscribed();
    receiver.answer(made.path, { status: 410 });
    await erin.post(`/v1/subscriptions/${made.id}/pings`).expect(202);
    await settled(made, ({ state }) => state === 'dead');
    for (let tries = 0; tries < 100; tries += 1) {
      const { body } = await erin.get(`/v1/subscriptions/${made.id}`).expect(200);
      if (!(body as { subscription: { enabled: boolean } }).subscription.enabled) break;
      await sleep(20);
    }
    await erin.post(`/v1/subscriptions/${made.id}/pings`).expect(409);
  });

  it('are taken over from a replica that died while it sent, and then come again with the same id', async () => {
    const made = await subscribed();
    receiver.answer(made.path, { status: 500 });
    await erin.post(`/v1/subscriptions/${made.id}/pings`).expect(202);
    await settled(made, ({ attempts }) => attempts === 1);
    receiver.answer(made.path, { status: 200 });
    // As a replica leaves it that is killed after the receiver has heard, and before it could write that down.
    await ledger.sql.rows(`UPDATE subscriptions SET claimed_by = gen_random_uuid(), claimed_at = now() WHERE id = $1`, [
      made.id,
    ]);
    await later(made, '5 seconds');
    const [first, again] = await heard(made.path, 2);
    expect(again?.id).to.equal(first?.id);
  });

  it('go nowhere but where the operator permits: by name, by address, and however it is spelt', async () => {
    const { port } = receiver;
    const refused = [
      `https://127.0.0.2:${port}/`,
      'https://10.1.2.3/',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/',
      'https://[::ffff:169.254.169.254]/',
      'https://[fe80::1]/',
      'https://0.0.0.0/',
      'https://2130706434/',
      'https://0x7f.0.0.2/',
      'https://192.0.2.1/',
      'https://nosuch.invalid/',
      `http://127.0.0.1:${port}/`,
      'https://user:secret@localhost/',
      'https://localhost/#part',
      'ftp://localhost/',
      'file:///etc/passwd',
    ];
    for (const one of refused) {
      const answer = await erin.post('/v1/subscriptions', { subscription: { url: one, secret: receiver.secret } });
      expect(answer.status, one).to.equal(400);
    }
  });

  it('are checked again when they are sent: a name may stand for another address by then', async () => {
    const made = await subscribed();
    await ledger.sql.rows('UPDATE subscriptions SET url = $2 WHERE id = $1', [made.id, 'https://127.0.0.2/']);
    await erin.post(`/v1/subscriptions/${made.id}/pings`).expect(202);
    const failed = await settled(made, ({ attempts }) => attempts === 1);
    expect(failed.last_status).to.equal(null);
    expect(failed.last_error).to.contain('is a loopback address');
  });

  it('ask no proxy of the environment', async () => {
    const asked: string[] = [];
    const proxy = createServer((request) => void asked.push(request.url ?? ''));
    proxy.on('connect', ({ url: to = '' }, socket) => {
      asked.push(to);
      socket.destroy();
    });
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
    process.env['https_proxy'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      const made = await subscribed();
      await erin.post(`/v1/subscriptions/${made.id}/pings`).expect(202);
      await heard(made.path, 1);
    } finally {
      delete process.env['https_proxy'];
      proxy.close();
    }
    expect(asked).to.deep.equal([]);
  });

  it('are for managers, of their project alone; the key is never shown', async () => {
    const made = await subscribed();
    await bob.get('/v1/subscriptions').expect(403);
    await mallory.get(`/v1/subscriptions/${made.id}`).expect(404);
    const { text } = await erin.get(`/v1/subscriptions/${made.id}`).expect(200);
    expect(text).not.to.contain('whsec_');
    await erin
      .patch(`/v1/subscriptions/${made.id}`, { subscription: { description: 'x' } })
      .set('If-Match', '"9"')
      .expect(412);
    const client = new pg.Client({ connectionString: igor.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ all: string }>(
      'SELECT (SELECT json_agg(s) FROM subscriptions s)::text || (SELECT json_agg(j) FROM journal j)::text AS all',
    );
    await client.end();
    expect(rows[0]?.all).to.contain('igor1:').and.not.to.contain(receiver.secret.slice(6));
    expect(igor.logText()).not.to.contain(receiver.secret.slice(6));
  });
});
