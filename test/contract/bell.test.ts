import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { bell } from '../../src/adapters/postgres/bell.ts';
import { source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { Secret } from '../../src/domain/secret.ts';
import { silent } from '../../src/words/silent.ts';
import { database } from '../support/database.ts';
import { eventually } from '../support/embedded-postgres.ts';

describe('the bell', () => {
  let connected: DataSource;
  let sql: Sql;
  let place: { readonly url: Secret };
  before(async () => {
    place = { url: new Secret(await database()) };
    connected = await source(place).initialize();
    sql = sqlOf(connected);
  });
  after(async () => connected.destroy());

  it('is heard by every replica, on the channel that was rung, and no more once it is stopped', async () => {
    const mine = bell(place, sql, silent);
    const theirs = bell(place, sql, silent);
    const heard: string[] = [];
    try {
      const stop = mine.on('queue', (said) => void heard.push(`mine ${String(said)}`));
      theirs.on('queue', (said) => void heard.push(`theirs ${String(said)}`));
      theirs.on('events', (said) => void heard.push(`events ${String(said)}`));
      await eventually(async () => heard.length === 3, 5_000); // each has begun to listen
      heard.length = 0;
      await mine.ring('queue', 'osl01');
      await eventually(async () => heard.length === 2, 5_000);
      expect(heard.sort()).to.deep.equal(['mine osl01', 'theirs osl01']);
      stop();
      await mine.ring('queue');
      await eventually(async () => heard.length === 3, 5_000);
      expect(heard.at(-1)).to.equal('theirs ');
    } finally {
      await Promise.all([mine.stop(), theirs.stop()]);
    }
  });

  it('tells that something may have been missed, when its connection was cut', async () => {
    const rings = bell(place, sql, silent);
    const heard: (string | null)[] = [];
    try {
      rings.on('queue', (said) => void heard.push(said));
      await eventually(async () => heard.length === 1, 5_000);
      await sql.rows(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
      await eventually(async () => heard.length === 2, 5_000);
      expect(heard).to.deep.equal([null, null]);
      await rings.ring('queue', 'again');
      await eventually(async () => heard.length === 3, 5_000);
      expect(heard.at(-1)).to.equal('again');
    } finally {
      await rings.stop();
    }
  });
});
