import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { bell } from '../../src/adapters/postgres/bell.ts';
import { events } from '../../src/adapters/postgres/events.ts';
import { eventFeed, type EventFeed } from '../../src/core/event-feed.ts';
import { cloudEvent } from '../../src/domain/event.ts';
import { origin, type Position } from '../../src/domain/event-position.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Events, StoredEvent } from '../../src/ports/events.ts';
import { database } from '../support/database.ts';
import { quiet } from '../support/fakes.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';
import { thingsIn, type Things } from '../support/things.ts';

describe('events in PostgreSQL', () => {
  let ledger: Ledger;
  let kept: Events;
  let things: Things;
  before(async () => {
    ledger = await ledgerAt(await database());
    kept = events(ledger.sql);
    things = thingsIn(ledger.sql);
  });
  after(async () => ledger.close());

  const everything = async (after: Position): Promise<readonly StoredEvent[]> => (await kept.after(after, 1000)).events;
  const told = async (after: Position, id: string): Promise<readonly [string, unknown][]> =>
    (await everything(after)).filter(({ subject }) => subject.endsWith(id)).map(({ type, data }) => [type, data]);

  /** Changes a machine's power in a transaction that stays open until it is told otherwise. */
  const slowly = async (id: string, state: string): Promise<{ commit(): Promise<void>; rollback(): Promise<void> }> => {
    const client = new pg.Client({ connectionString: ledger.url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('UPDATE observations SET power_state = $2 WHERE machine_id = $1', [id, state]);
    const end = (word: string) => async () => {
      await client.query(word);
      await client.end();
    };
    return { commit: end('COMMIT'), rollback: end('ROLLBACK') };
  };

  it('are read without a gap when an older transaction commits after a younger one', async () => {
    const [one, other] = [await things.machine(), await things.machine()];
    const start = await kept.head();
    const older = await slowly(one.id, 'on');
    await things.power(other.id, 'on');
    const between = await kept.after(start, 10);
    expect(between.events).to.deep.equal([]);
    expect(between.more).to.be.true;
    await older.commit();
    const all = await everything(start);
    expect(all.map(({ machineId }) => machineId)).to.deep.equal([one.id, other.id]);
    expect(await everything(all[1]?.position ?? origin)).to.deep.equal([]);
  });

  it('are not there when what they tell of was rolled back', async () => {
    const { id } = await things.machine();
    const start = await kept.head();
    await (await slowly(id, 'on')).rollback();
    expect(await everything(start)).to.deep.equal([]);
    expect((await kept.after(start, 10)).more).to.be.false;
  });

  it('tell a change of power, and not what stays', async () => {
    const { id } = await things.machine();
    const start = await kept.head();
    await things.power(id, 'on');
    await things.power(id, 'on');
    await ledger.sql.rows('UPDATE observations SET stale = true WHERE machine_id = $1', [id]);
    await things.power(id, 'off');
    const all = await told(start, id);
    expect(all.map(([type, data]) => [type, (data as { before: string }).before, (data as { state: string }).state]))
      .to //
      .deep.equal([
        ['igor.power.changed', 'unknown', 'on'],
        ['igor.power.changed', 'on', 'off'],
      ]);
  });

  it('tell the health of each machine whose power a controller carries, or of a controller that carries none', async () => {
    const shared = await things.controller();
    const [one, other] = [await things.machine('p1', shared), await things.machine('p2', shared)];
    const lone = await things.controller('p3');
    const start = await kept.head();
    await things.health(shared, 'unreachable');
    await things.health(lone, 'ok');
    const all = await everything(start);
    expect(all.map(({ projectId, machineId }) => [projectId, machineId])).to.have.deep.members([
      ['p1', one.id],
      ['p2', other.id],
      ['p3', null],
    ]);
    expect(all.find(({ machineId }) => machineId === null)?.controllerOwner).to.equal('p3');
  });

  it('tell what becomes of a grant, and its end once, however many replicas look', async () => {
    const { id } = await things.machine();
    const start = await kept.head();
    const [ending, revoked] = [await things.grant(id, 'p1', '300 ms'), await things.grant(id, 'p1')];
    await ledger.sql.rows(`UPDATE grants SET until_at = until_at + interval '1 hour' WHERE id = $1`, [revoked]);
    await ledger.sql.rows('UPDATE grants SET revoked_at = now() WHERE id = $1', [revoked]);
    expect(await kept.tellEnded()).to.equal(0);
    await sleep(320);
    const counts = await Promise.all([kept.tellEnded(), kept.tellEnded(), kept.tellEnded()]);
    expect(counts.reduce((sum, count) => sum + count)).to.equal(1);
    const types = async (grant: string) => (await told(start, grant)).map(([type]) => type.replace('igor.grant.', ''));
    expect(await types(ending)).to.deep.equal(['created', 'ended']);
    expect(await types(revoked)).to.deep.equal(['created', 'changed', 'revoked']);
    // One that is prolonged ends once more.
    await ledger.sql.rows(`UPDATE grants SET until_at = clock_timestamp() + interval '100 ms' WHERE id = $1`, [ending]);
    await sleep(120);
    expect(await kept.tellEnded()).to.equal(1);
  });

  it('tell of what was granted before they were told of at all, but not that it had ended', async () => {
    const { id } = await things.machine();
    const old = await things.grant(id, 'p1', '-1 hour');
    await ledger.sql.rows('UPDATE grants SET ended_at = now() WHERE id = $1', [old]);
    expect(await kept.tellEnded()).to.equal(0);
  });

  it('each fit what is declared of their type', async () => {
    const all = await everything(origin);
    expect(new Set(all.map(({ type }) => type)).size).to.be.at.least(6);
    for (const { id, type, subject, at, data } of all) {
      const envelope = { specversion: '1.0', source: 'https://igor.test', datacontenttype: 'application/json' };
      cloudEvent.parse({ ...envelope, id, type, subject, time: at.toISOString(), data });
    }
  });

  it('are lost from where they were removed on, and from a place that this database never had', async () => {
    const { id } = await things.machine();
    await things.power(id, 'on');
    const old = await everything(origin);
    await ledger.sql.rows(`UPDATE events SET at = at - interval '8 days'`);
    const start = await kept.head();
    await things.power(id, 'off');
    expect(await kept.prune(7)).to.equal(old.length);
    expect(await kept.prune(7)).to.equal(0);
    expect(await kept.isLost(old[0]?.position ?? origin)).to.be.true;
    expect(await kept.isLost(old.at(-1)?.position ?? origin)).to.be.false;
    expect(await kept.isLost(start)).to.be.false;
    expect(await kept.isLost({ xid: 10n ** 15n, seq: 1n })).to.be.true;
    expect((await everything(start)).map(({ machineId }) => machineId)).to.deep.equal([id]);
  });

  it('go on in a database that was put in place of one with higher numbers', async () => {
    const { id } = await things.machine();
    await things.power(id, 'on');
    await ledger.sql.rows(`UPDATE events SET xid = '900000000000'`);
    await ledger.sql.rows(`UPDATE event_marks SET outbox_xid = '900000000000', pruned_xid = '900000000000'`);
    expect(await everything(origin)).to.deep.equal([]);
    await kept.adopt();
    const start = await kept.head();
    await things.power(id, 'off');
    expect((await everything(origin)).length).to.be.greaterThan(1);
    expect(await everything(start)).to.have.length(1);
    expect(await kept.isLost(start)).to.be.false;
    await kept.adopt();
    expect(await everything(start)).to.have.length(1);
  });

  describe('and a feed of them', () => {
    let rings: ReturnType<typeof bell>;
    let asked = 0;
    let feed: EventFeed;
    const end = new AbortController();
    before(() => {
      rings = bell({ url: new Secret(ledger.url) }, ledger.sql, quiet);
      const counted: Events = {
        ...kept,
        async after(position, most) {
          asked += 1;
          return kept.after(position, most);
        },
      };
      const now = () => performance.now();
      feed = eventFeed({ events: counted, bell: rings, log: quiet, source: 'https://igor.test', now });
    });
    after(async () => {
      end.abort();
      await rings.stop();
    });

    interface Watcher {
      readonly ids: string[];
      readonly wires: object[];
      readonly ended: Promise<void>;
    }
    const watch = (start: Position, signal: AbortSignal = end.signal, pauseMs = 0): Watcher => {
      const heard: Watcher = { ids: [], wires: [], ended: Promise.resolve() };
      const run = async (): Promise<void> => {
        for await (const one of feed.from(start, { end: null, signal })) {
          heard.ids.push(one.id);
          heard.wires.push(one.wire);
          if (pauseMs > 0) await sleep(pauseMs);
        }
      };
      return { ...heard, ended: run() };
    };
    const until = async (holds: () => boolean): Promise<void> => {
      for (let tries = 0; !holds(); tries += 1) {
        if (tries > 500) throw new Error('it did not come');
        await sleep(10);
      }
    };

    it('asks the database once for two hundred watchers, and tells them the same object', async () => {
      const { id } = await things.machine();
      const stop = new AbortController();
      setMaxListeners(0, stop.signal);
      const start = await kept.head();
      const watchers = Array.from({ length: 200 }, () => watch(start, stop.signal));
      for (let last = -1; last !== asked;) {
        last = asked;
        await sleep(200);
      }
      const before = asked;
      await things.power(id, 'on');
      await until(() => watchers.every(({ ids }) => ids.length === 1));
      expect(asked - before).to.be.at.most(3);
      expect(new Set(watchers.map(({ wires }) => wires[0])).size).to.equal(1);
      stop.abort();
      await Promise.all(watchers.map(async ({ ended }) => ended));
    });

    it('asks nothing while nobody watches', async () => {
      await sleep(600);
      const before = asked;
      await sleep(1_200);
      expect(asked - before).to.equal(0);
    });

    it('tells each event once and in order, to the quick, to the slow and to who comes late', async () => {
      const { id } = await things.machine();
      const stop = new AbortController();
      const start = await kept.head();
      const quick = watch(start, stop.signal);
      const slow = watch(start, stop.signal, 45);
      const older = await slowly((await things.machine()).id, 'on');
      for (let count = 0; count < 30; count += 1) await things.power(id, count % 2 === 0 ? 'on' : 'off');
      await older.commit();
      await until(() => quick.ids.length === 31);
      // By now what it is about may have changed hands: it is read anew for who is behind.
      await sleep(1_100);
      await until(() => slow.ids.length === 31);
      const late = watch(start, stop.signal);
      await until(() => late.ids.length === 31);
      await sleep(100);
      const inOrder = (await everything(start)).map((one) => one.id);
      for (const { ids } of [quick, slow, late]) expect(ids).to.deep.equal(inOrder);
      stop.abort();
    });

    it('ends by itself when it is asked for what is there and no more', async () => {
      const all = await everything(origin);
      const found: string[] = [];
      const options = { end: await kept.head(), signal: end.signal };
      for await (const one of feed.from(origin, options)) found.push(one.id);
      expect(found).to.deep.equal(all.map(({ id }) => id));
    });
  });
});
