import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { newMismatches } from '../support/answers.ts';
import type { Json } from '../support/document.ts';
import { describedIn, requestsFor, send, type Asked, type Described } from '../support/fuzz.ts';
import { freePort } from '../../deploy/demo/ports.ts';
import { clientOf, freshName, startIgor, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

/** The same requests each time; others, and more, by these. */
const seed = Number(process.env['IGOR_TEST_SEED'] ?? 3);
const runs = Number(process.env['IGOR_TEST_RUNS'] ?? 60);
const longest = 420_000;

const personas = ['nobody', 'garbage', 'carol', 'bob', 'erin', 'mallory', 'admin'];

/** Of a host that nobody has. */
const hostKey = (): string => {
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const type = 'ssh-ed25519';
  return `${type} ${Buffer.concat([field(Buffer.from(type)), field(randomBytes(32))]).toString('base64')}`;
};

describe(`whatever anybody sends (seed ${seed}, ${runs} requests an operation)`, function () {
  this.timeout(longest);
  let igor: TestIgor;
  let alice: Client;
  let described: readonly Described[];
  const known: Record<string, string[]> = {
    address: ['127.0.0.1', '::1', '10.1.2.3', '169.254.169.254', '-H', 'nosuch.invalid'],
    driver: ['ipmi'],
    username: ['admin'],
    permissions: ['oob:power:get', 'oob:power:set'],
    time_zone: ['UTC', 'Europe/Zurich'],
    until: [new Date(Date.now() + 86_400_000).toISOString()],
    host_keys: [hostKey()],
    parameter: ['valid-bit-clearing', '3', 'flags', '99'],
    data: ['08', '00'],
    url: ['http://127.0.0.1:9/hook', 'https://169.254.169.254/', 'https://10.1.2.3/'],
    secret: [`whsec_${'c2Vj'.repeat(8)}`, 'whsec_short'],
    types: ['igor.power.changed', 'igor.grant.*'],
    after: ['0-0', '1-1'],
  };
  const answered = new Map<string, Map<number, number>>();

  before(async () => {
    // Sessions that a reset has killed take 5 s to be given up, and resets come faster here.
    igor = await startIgor({
      IGOR_RATE_LIMIT: '0',
      IGOR_CONTROLLER_SESSIONS: '8',
      IGOR_WEBHOOK_NETWORKS: '127.0.0.0/8',
      IGOR_WEBHOOK_HTTP: 'true',
    });
    alice = await igor.as('alice');
    const all = describedIn((await alice.get('/openapi.json').expect(200)).body as Json);
    // What deletes comes last, as it takes away what the others need.
    described = [...all].sort((one, other) => Number(one.method === 'DELETE') - Number(other.method === 'DELETE'));
    const { seed: things } = await keystone();
    const [well, refused, garbled] = [
      await simulated(igor, { powerDelayMs: 400, resetMs: 0 }),
      await simulated(igor),
      await simulated(igor),
    ];
    const account = { username: 'admin', password: 'not-this' };
    await alice.put(`/v1/controllers/${refused.controllerId}/credential`, account).expect(204);
    garbled.bmc.inject({ kind: 'completion-code', to: 'get-chassis-status', code: 0xc1 });
    const ssh = { address: '127.0.0.1', port: await freePort('tcp'), user: 'igor', host_keys: known['host_keys'] };
    const hosted = await made('machines', { machine: { name: freshName('hosted'), ssh } });
    const plain = await made('machines', { machine: { name: freshName('plain') } });
    const machines: string[] = [];
    for (let count = 0; count < 10; count += 1)
      machines.push(await made('machines', { machine: { name: freshName('spare') } }));
    const controllers: string[] = [];
    for (const port of [9001, 9002, 9003, 9004, 9005])
      controllers.push(
        await made('controllers', { controller: { address: '127.0.0.1', port, username: 'igor', password: 'pw' } }),
      );
    const subscriptions: string[] = [];
    const deliveries: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const [url, secret] = [known['url']?.[0], known['secret']?.[0]];
      const id = await made('subscriptions', { subscription: { url, secret } });
      subscriptions.push(id);
      for (let pings = 0; pings < 3; pings += 1) {
        const pinged = await alice.post(`/v1/subscriptions/${id}/pings`).expect(202);
        deliveries.push((pinged.body as { delivery: { id: string } }).delivery.id);
      }
      // What waits is given up.
      for (const enabled of [false, true])
        await alice.patch(`/v1/subscriptions/${id}`, { subscription: { enabled } }).expect(200);
    }
    Object.assign(known, {
      subscription: subscriptions,
      delivery: deliveries,
      machine: [well.id, well.name, well.id, refused.id, garbled.id, plain],
      'spare machine': machines,
      targets: [hosted, plain, well.name],
      controller: [well.controllerId],
      account_id: ['2', '3', 'admin', 'operator', 'user'],
      'spare controller': controllers,
      controller_id: [well.controllerId, ...controllers],
      project_id: Object.values(things.projects),
      marker: [well.id],
    });
  });
  after(async () => {
    await stopSimulated();
    await igor.stop();
  });

  /** The id of what is made. */
  const made = async (collection: string, body: object): Promise<string> => {
    const answer = await alice.post(`/v1/${collection}`, body).expect(201);
    return Object.values(answer.body as Record<string, { id: string }>)[0]?.id ?? '';
  };

  const tokenFor = async (persona: string): Promise<string | null> =>
    persona === 'nobody' ? null : persona === 'garbage' ? 'gAAAAAgarbage' : tokenOf(persona);

  /** What an answer shows to be there is asked for later. */
  const learn = (body: string): void => {
    for (const [thing, value] of Object.entries(JSON.parse(body) as object)) {
      const { id } = (value ?? {}) as { id?: unknown };
      if (typeof id === 'string' && thing !== 'machine' && thing !== 'controller') (known[thing] ??= []).push(id);
      if (thing === 'operation_id') (known['operation'] ??= []).push(String(value));
    }
  };

  const holds = async (one: Described, asked: Asked): Promise<void> => {
    const answer = await send(igor.url, asked, await tokenFor(asked.persona));
    const { status, body } = answer;
    const ofIt = answered.get(one.id) ?? new Map<number, number>();
    answered.set(one.id, ofIt.set(status, (ofIt.get(status) ?? 0) + 1));
    expect(status, body).not.to.equal(500);
    expect(newMismatches().join('\n')).to.equal('');
    if (status < 300 && body.startsWith('{')) learn(body);
  };

  it('gets an answer that the document describes, and never a 500', async () => {
    const began = Date.now();
    for (const one of described) {
      const property = fc.asyncProperty(requestsFor(one, personas, known), async (asked) => holds(one, asked));
      await fc.assert(property, { seed, numRuns: runs, endOnFailure: true }).catch((thrown: unknown) => {
        const { message, cause } = thrown as Error;
        throw new Error(`${one.method} ${one.path}: ${message.slice(0, 4000)}\n${String(cause)}`);
      });
    }
    expect(igor.logged.filter(({ level }) => Number(level) >= 50)).to.deep.equal([]);
    if (process.env['IGOR_TEST_SEED'] !== undefined) console.log(`${Date.now() - began} ms`, answered);
  });

  it('has reached every operation: each did what it was asked for, and refused what it must', () => {
    const reached = described.map(({ id, path }) => {
      const statuses = [...(answered.get(id)?.keys() ?? [])];
      const did = statuses.some((status) => status < 300);
      const refused = !path.startsWith('/v1/') || statuses.some((status) => status >= 400);
      return did && refused ? [] : [`${id}: ${statuses.join(', ')}`];
    });
    expect(reached.flat()).to.deep.equal([]);
  });

  it('leaves the service as it was for everybody else', async () => {
    await clientOf(igor.url, await tokenOf('bob'))
      .get(`/v1/machines/${known['machine']?.[0] ?? ''}/power`)
      .expect(200);
  });
});
