import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres.ts';
import { silent } from '../../src/words/silent.ts';
import { once, scratch } from './parts.ts';

/** One server for the whole run: the embedded one, which is a real PostgreSQL. */
const server = once(async (signal) =>
  startEmbeddedPostgres({ dataDir: await scratch('postgres'), log: silent, signal }),
);

/** The URL of a new, empty database. `IGOR_TEST_DATABASE_URL` names another server to make it on. */
export const database = async (): Promise<string> => {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const external = process.env['IGOR_TEST_DATABASE_URL'];
  const url = external === undefined ? socketUrl((await server()).connection.host) : new URL(external);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  url.pathname = `/${name}`;
  return url.href;
};

/** A URL cannot have a path for its host, but a parameter names the socket's directory. */
const socketUrl = (directory: string): URL =>
  new URL(`postgres://igor@localhost/igor?host=${encodeURIComponent(directory)}`);
