import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { z } from 'zod';
import type { Operation } from '../../src/core/operation.ts';
import { operations } from '../../src/operations/index.ts';
import { freshName, startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

/** Where the secrets of an operation's input stand: `machine.bmc.password`. */
const secretsOf = ({ input }: Operation): readonly string[] => {
  const found: string[] = [];
  const walk = (schema: unknown, path: readonly string[]): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { secret, properties = {}, anyOf = [], items } = schema as Schema;
    if (secret === true) found.push(path.join('.'));
    for (const [key, property] of Object.entries(properties)) walk(property, [...path, key]);
    for (const part of anyOf) walk(part, path);
    walk(items, [...path, '0']);
  };
  walk(z.toJSONSchema(input, { io: 'input' }), []);
  return found;
};
interface Schema {
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly anyOf?: readonly unknown[];
  readonly items?: unknown;
}

const secretive = operations.filter((operation) => secretsOf(operation).length > 0);

let port = 40_000;
const elsewhere = () => ({ address: '127.0.0.1', port: (port += 1), username: 'igor' });

/** Where nobody listens. */
const receiver = 'http://127.0.0.1:9/hook';

/** A body for each operation that takes a secret, with the secret at each of its places. */
const bodies: Readonly<Record<string, (secret: string) => object>> = {
  'machine.enrol': (password) => ({ machine: { name: freshName('secret'), bmc: { ...elsewhere(), password } } }),
  'controller.create': (password) => ({ controller: { ...elsewhere(), password } }),
  'credential.set': (password) => ({ username: 'admin', password }),
  'account.create': (password) => ({ account: { name: `a${(port += 1)}`, password, privilege: 'user' } }),
  'password.set': (password) => ({ password }),
  'network.update': (community) => ({ channel: { snmp_community: community } }),
  'subscription.create': (secret) => ({ subscription: { url: receiver, secret } }),
  'subscription.update': (secret) => ({ subscription: { secret } }),
};

describe('a secret among the parameters of an operation', () => {
  let igor: TestIgor;
  let database: pg.Client;
  let alice: Client;
  let bob: Client;
  let subscriptionId: string;
  const used: string[] = [];
  before(async () => {
    igor = await startIgor({ IGOR_WEBHOOK_NETWORKS: '127.0.0.0/8', IGOR_WEBHOOK_HTTP: 'true' });
    alice = await igor.as('alice');
    bob = await igor.as('bob');
    const subscription = { url: receiver, secret: `whsec_${randomBytes(32).toString('base64')}` };
    const { body } = await alice.post('/v1/subscriptions', { subscription }).expect(201);
    subscriptionId = (body as { subscription: { id: string } }).subscription.id;
    database = new pg.Client({ connectionString: igor.databaseUrl });
    await database.connect();
  });
  after(async () => {
    await database.end();
    await igor.stop();
    await stopSimulated();
  });

  /** Of at most 16 bytes, which every BMC takes; the last two make it what a password policy asks for. */
  const fresh = ({ name }: Operation): string => {
    const secret = name.startsWith('subscription.')
      ? `whsec_${randomBytes(32).toString('base64')}`
      : `${randomUUID().replaceAll('-', '').slice(0, 14)}Z9`;
    used.push(secret);
    return secret;
  };
  const ask = (client: Client, { method, path }: Operation, one: Simulated, body: object) => {
    const url = `/v1${path.replace('{machine}', one.id).replace('{controller}', one.controllerId).replace('{account_id}', 'user').replace('{number}', '1').replace('{subscription}', subscriptionId)}`;
    if (method === 'get' || method === 'delete') throw new Error(`${method} ${path} has no body to hold a secret`);
    return client[method](url, body);
  };
  /** Every row of every table, as PostgreSQL writes it. */
  const everything = async (): Promise<string> => {
    const { rows: tables } = await database.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await database.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      texts.push(...rows.map(({ text }) => text));
    }
    return texts.join('\n');
  };
  /** As it may come to stand somewhere: plain, by its bytes, or encoded. */
  const shapesOf = (secret: string): readonly string[] => {
    const bytes = Buffer.from(secret);
    return [
      secret,
      bytes.toString('hex'),
      bytes.toString('base64').slice(0, 20),
      [...bytes].map((byte) => `0x${byte.toString(16)}`).join(' '),
      [...bytes].join(','),
    ];
  };

  it('is found in every operation that declares one, and in no other place than these', () => {
    expect(Object.keys(bodies).toSorted()).to.deep.equal(secretive.map(({ name }) => name).toSorted());
  });

  for (const operation of secretive) {
    it(`of ${operation.name} is given at every place where one is declared`, () => {
      const body = JSON.stringify(bodies[operation.name]?.('here') ?? {});
      expect(body.split('"here"')).to.have.length(secretsOf(operation).length + 1);
    });

    it(`of ${operation.name} never stands in the clear in a table, the log or an answer, whatever becomes of it`, async () => {
      const one = await simulated(igor);
      const body = bodies[operation.name] ?? (() => ({}));
      const done = await ask(alice, operation, one, body(fresh(operation)));
      expect(done.status).to.be.within(200, 204);
      const unfit = await ask(alice, operation, one, { ...body(fresh(operation)), unheard: 'of' });
      expect(unfit.status).to.equal(400);
      const denied = await ask(bob, operation, one, body(fresh(operation)));
      expect(denied.status).to.equal(403);
      one.bmc.inject({ kind: 'black-hole' });
      const silent = await ask(alice, operation, one, body(fresh(operation)));
      const stored = await everything();
      for (const secret of used.flatMap(shapesOf)) {
        for (const { text } of [done, unfit, denied, silent]) expect(text).not.to.contain(secret);
        expect(igor.logText()).not.to.contain(secret);
        expect(stored).not.to.contain(secret);
      }
    });
  }

  it('is looked for where it would be found: what is no secret is there', async () => {
    const one = await simulated(igor);
    const told = randomUUID();
    await alice.patch(`/v1/machines/${one.id}`, { machine: { description: told } }).expect(200);
    expect(await everything()).to.contain(told);
  });

  it('of a rotation is sealed while it is on its way, and gone from there when that is settled', async () => {
    const one = await simulated(igor);
    await alice.get(`/v1/machines/${one.id}/power?refresh=true`).expect(200);
    one.bmc.inject({ kind: 'drop-replies', to: 'set-user-password' });
    await alice.post(`/v1/controllers/${one.controllerId}/credential/rotations`).expect(504);
    one.bmc.heal();
    const secret = one.bmc.accounts[1]?.password ?? '';
    const rows = async () =>
      (
        await database.query<{ password_sealed: string }>(
          'SELECT password_sealed FROM pending_credentials WHERE id = $1',
          [one.controllerId],
        )
      ).rows;
    expect(secret).to.have.length(20);
    expect(await rows()).to.have.length(1);
    for (const shape of shapesOf(secret)) expect(await everything()).not.to.contain(shape);
    await alice.get(`/v1/machines/${one.id}/power?refresh=true`).expect(200);
    expect(await rows()).to.deep.equal([]);
    for (const shape of shapesOf(secret)) {
      expect(await everything()).not.to.contain(shape);
      expect(igor.logText()).not.to.contain(shape);
    }
  });
});
