import { expect } from 'chai';
import type { Operation } from '../../src/core/operation.ts';
import type { Permission } from '../../src/domain/policy.ts';
import { operations } from '../../src/operations/index.ts';
import { machineBodyFor } from '../support/enrol.ts';
import { clientOf, freshName, registerTest, startIgor, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { eventually } from '../support/embedded-postgres.ts';
import { keystone, sshd } from '../support/parts.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';
import {
  applicationCredential,
  credentialToken,
  domainToken,
  freshToken,
  makeTrust,
  mintedToken,
  systemToken,
  trustToken,
  unscopedToken,
} from '../support/tokens.ts';

/** From whom on each permission is open: the one table that this test is about. */
const levels: Readonly<Record<Permission, Level>> = {
  'oob:scope:all': 'admin',
  'oob:scope:domain': 'nobody',
  'oob:whoami:get': 'anyone',
  'oob:machine:list': 'reader',
  'oob:machine:get': 'reader',
  'oob:machine:enrol': 'admin',
  'oob:machine:update': 'manager',
  'oob:machine:aim': 'admin',
  'oob:machine:lend': 'manager',
  'oob:machine:delete': 'admin',
  'oob:controller:list': 'manager',
  'oob:controller:get': 'manager',
  'oob:controller:create': 'admin',
  'oob:controller:update': 'admin',
  'oob:controller:delete': 'admin',
  'oob:credential:set': 'admin',
  'oob:controller:check': 'manager',
  'oob:capability:list': 'manager',
  'oob:credential:rotate': 'admin',
  'oob:session:list': 'manager',
  'oob:session:delete': 'manager',
  'oob:inventory:get': 'reader',
  'oob:firmware:get': 'manager',
  'oob:self-test:get': 'manager',
  'oob:reset:create': 'manager',
  'oob:raw-command:run': 'admin',
  'oob:account:list': 'manager',
  'oob:account:get': 'manager',
  'oob:account:create': 'admin',
  'oob:account:update': 'admin',
  'oob:network:get': 'manager',
  'oob:network:update': 'admin',
  'oob:alert-destination:list': 'manager',
  'oob:alert-destination:get': 'manager',
  'oob:alert-destination:set': 'manager',
  'oob:alert-destination:test': 'manager',
  'oob:account:delete': 'admin',
  'oob:password:set': 'admin',
  'oob:power:get': 'reader',
  'oob:power:set': 'member',
  'oob:power:watch': 'reader',
  'oob:power-policy:get': 'reader',
  'oob:power-policy:set': 'member',
  'oob:power-history:get': 'reader',
  'oob:power-reading:get': 'reader',
  'oob:power-limit:get': 'reader',
  'oob:power-limit:set': 'manager',
  'oob:power-limit:clear': 'manager',
  'oob:boot:get': 'reader',
  'oob:boot:set': 'member',
  'oob:boot:clear': 'member',
  'oob:boot-parameter:list': 'reader',
  'oob:boot-parameter:get': 'reader',
  'oob:boot-parameter:set': 'member',
  'oob:health:get': 'reader',
  'oob:indicator:get': 'reader',
  'oob:indicator:set': 'member',
  'oob:watchdog:get': 'reader',
  'oob:watchdog:disable': 'member',
  'oob:watchdog:reset': 'member',
  'oob:sensor:list': 'reader',
  'oob:sensor:get': 'reader',
  'oob:sensor-sample:list': 'reader',
  'oob:sensor-threshold:set': 'manager',
  'oob:event-log:list': 'reader',
  'oob:event-log:get': 'reader',
  'oob:event-log-entry:list': 'reader',
  'oob:event-log-entry:get': 'reader',
  'oob:event-log-clock:get': 'reader',
  'oob:event-log-archive:list': 'reader',
  'oob:event-log-archive:get': 'reader',
  'oob:event-log:clear': 'manager',
  'oob:event-log-entry:delete': 'manager',
  'oob:event-log-clock:set': 'manager',
  // To read the power of each, as the body asks.
  'oob:operation:create': 'reader',
  'oob:operation:list': 'reader',
  'oob:operation:get': 'reader',
  'oob:selector:list': 'reader',
  'oob:selector:get': 'reader',
  'oob:selector:create': 'member',
  'oob:selector:update': 'member',
  'oob:selector:delete': 'member',
  'oob:operation:watch': 'reader',
  'oob:operation-target:list': 'reader',
  'oob:operation:update': 'manager',
  'oob:operation:retry': 'member',
  'oob:schedule:list': 'reader',
  'oob:schedule:get': 'reader',
  'oob:schedule:create': 'member',
  'oob:schedule:update': 'manager',
  'oob:schedule:delete': 'manager',
  'oob:schedule-run:list': 'reader',
  'oob:schedule-run:create': 'admin',
  'oob:execution:create': 'member',
  'oob:execution:get': 'member',
  'oob:event:watch': 'reader',
  'oob:subscription:list': 'manager',
  'oob:subscription:get': 'manager',
  'oob:subscription:create': 'manager',
  'oob:subscription:update': 'manager',
  'oob:subscription:delete': 'manager',
  'oob:subscription:ping': 'manager',
  'oob:delivery:list': 'manager',
  'oob:delivery:retry': 'manager',
  'oob:grant:list': 'reader',
  'oob:grant:get': 'manager',
  'oob:grant:create': 'manager',
  'oob:grant:update': 'manager',
  'oob:grant:delete': 'manager',
  'oob:grant:request': 'reader',
  'oob:grant:approve': 'manager',
  'oob:replica:list': 'admin',
  'oob:audit:list': 'manager',
  'oob:audit:export': 'manager',
};

type Level = 'anyone' | 'reader' | 'member' | 'manager' | 'admin' | 'nobody';
const order: readonly Level[] = ['anyone', 'reader', 'member', 'manager', 'admin', 'nobody'];

interface Asker {
  readonly who: string;
  readonly token: () => Promise<string | null>;
  /** What its roles amount to on alpha; null: the token is not good. */
  readonly level: Level | null;
  /** Whether alpha's things lie within its scope: all things are alpha's. */
  readonly sees: boolean;
  /** What it may do beyond its level. */
  readonly beyond?: readonly Permission[];
  /** Whether access rules let it come at all. */
  readonly comes?: (operation: Operation) => boolean;
  /** Whether Keystone lets it hand on what it may: a user's own token of a project. */
  readonly handsOn?: boolean;
  /** The token of the service that passes its requests on. */
  readonly service?: () => Promise<string>;
}

const persona = (who: string, level: Level, sees = true): Asker => ({
  who,
  token: async () => tokenOf(who),
  level,
  sees,
  handsOn: true,
});

/** Every kind of token there is, from the real Keystone. */
const callers: readonly Asker[] = [
  { who: 'nobody', token: async () => null, level: null, sees: false },
  { who: 'garbage', token: async () => 'gAAAAAgarbage', level: null, sees: false },
  { who: 'a token that has ended', token: async () => mintedToken('alice', 'alpha', -60), level: null, sees: false },
  persona('carol', 'reader'),
  persona('bob', 'member'),
  persona('erin', 'manager'),
  persona('alice', 'admin'),
  persona('mallory', 'member', false),
  { who: "a domain's admin", token: async () => domainToken('alice'), level: 'anyone', sees: false },
  { who: 'a token without a scope', token: async () => unscopedToken('carol'), level: 'anyone', sees: false },
  { who: 'the service user alone', token: async () => freshToken('svc', 'service'), level: 'anyone', sees: false },
  {
    who: 'a reader of the system',
    token: async () => systemToken('svcreader'),
    level: 'reader',
    sees: true,
    beyond: [
      'oob:controller:list',
      'oob:controller:get',
      'oob:session:list',
      'oob:capability:list',
      'oob:firmware:get',
      'oob:self-test:get',
      'oob:account:list',
      'oob:account:get',
      'oob:subscription:list',
      'oob:subscription:get',
      'oob:delivery:list',
      'oob:grant:get',
      'oob:replica:list',
      'oob:audit:list',
      'oob:audit:export',
      'oob:network:get',
      'oob:alert-destination:list',
      'oob:alert-destination:get',
    ],
  },
  { who: 'an admin of the system', token: async () => systemToken('alice'), level: 'admin', sees: true },
  {
    who: 'an application credential that is member alone',
    token: async () => credentialToken(await applicationCredential('bob', 'alpha')),
    level: 'member',
    sees: true,
  },
  {
    who: 'an application credential with access rules',
    token: async () => credentialToken((await keystone()).seed.applicationCredential),
    level: 'member',
    sees: true,
    comes: ({ method, path }) => method === 'get' && path.startsWith('/machines/'),
  },
  { who: 'a trust', token: async () => trustToken(await makeTrust(false)), level: 'member', sees: true },
  {
    who: 'a trust that impersonates',
    token: async () => trustToken(await makeTrust(true)),
    level: 'member',
    sees: true,
  },
  {
    who: 'a service, for a reader whose token has ended',
    token: async () => mintedToken('carol', 'alpha', -60),
    level: 'reader',
    sees: true,
    service: async () => freshToken('svc', 'service'),
  },
];

type Expected = 'done' | 401 | 403 | 404;

/** On the service, but with names of machines in the body. */
const naming: ReadonlySet<string> = new Set(['execution.create', 'operation.create', 'schedule.create']);

/** On the service, for a project that the body names. */
const owning: ReadonlySet<string> = new Set(['selector.create']);

/** What an operation on a thing of alpha's, or on the service, answers to a caller. */
const expected = (operation: Operation, { level, sees, beyond = [], comes, handsOn = false }: Asker): Expected => {
  const { on, name, permission } = operation;
  if (level === null || comes?.(operation) === false) return 401;
  if (on !== 'service' && !sees) return 404;
  const may = beyond.includes(permission) || order.indexOf(level) >= order.indexOf(levels[permission]);
  if (!may || (name === 'schedule.create' && !handsOn)) return 403;
  if (owning.has(name) && !sees) return 403;
  return naming.has(name) && !sees ? 404 : 'done';
};

interface Stage {
  readonly machine: Simulated;
  readonly operationId: string;
  /** On a set, the first of which fails and the last of which waits. */
  readonly setId: string;
  readonly scheduleId: string;
  readonly executionId: string;
  readonly archiveId: string;
  readonly projectId: string;
  readonly hostKeys: readonly string[];
  /** Who has no part in any of it. */
  readonly strangerId: string;
}

/** A body for each operation that takes one. What an operation consumes is made anew for each caller. */
const bodies: Readonly<Record<string, (stage: Stage) => object>> = {
  'machine.enrol': ({ projectId }) => ({ machine: { name: freshName('swept'), project_id: projectId } }),
  'machine.update': () => ({ machine: { description: 'swept' } }),
  'tag.replace': () => ({ tags: ['swept'] }),
  'power.set': () => ({ target: 'on' }),
  'boot.set': () => ({ target: 'pxe' }),
  'boot-parameter.set': () => ({ data: '08' }),
  'power-policy.set': () => ({ policy: 'previous' }),
  'power-limit.set': () => ({ watts: 300 }),
  'indicator.set': () => ({ state: 'on', seconds: 5 }),
  'sensor-threshold.set': () => ({ upper_critical: 95 }),
  'event-log-clock.set': () => ({ time: 'now' }),
  'controller.create': () => ({
    controller: { address: '127.0.0.1', port: freshPort(), username: 'igor', password: 'pw' },
  }),
  'controller.update': () => ({ controller: { options: { cipher_suites: [3] } } }),
  'credential.set': () => account,
  'reset.create': () => ({ kind: 'warm' }),
  'raw-command.run': () => ({ netfn: 6, command: 1 }),
  'account.create': () => ({ account: { name: freshAccount(), password: 'Sw3pt-Secret', privilege: 'user' } }),
  'account.update': () => ({ account: { enabled: true } }),
  'alert-destination.set': () => receiver,
  'password.set': () => ({ password: 'Sw3pt-Secret' }),
  'network.update': () => ({ channel: { ipv4: { netmask: '255.0.0.0' } } }),
  'grant.create': ({ machine, strangerId }) => ({ grant: grantTo(strangerId, machine.name) }),
  'grant.update': () => ({ grant: { reason: 'swept' } }),
  'grant.request': () => ({ grant: { permissions: ['oob:power:get'], reason: 'swept' } }),
  'selector.create': ({ projectId }) => ({
    selector: { name: freshName('swept'), project_id: projectId, tags: ['swept'] },
  }),
  'selector.update': () => ({ selector: { description: 'swept' } }),
  'operation.create': ({ machine }) => ({ kind: 'power.get', targets: { names: [machine.name] } }),
  'schedule.create': ({ machine }) => ({ schedule: scheduleOf(machine.name) }),
  'schedule.update': () => ({ schedule: { enabled: false } }),
  'operation.update': () => ({ state: 'cancelled' }),
  'operation.retry': () => ({}),
  'subscription.create': ({ projectId }) => ({
    subscription: { ...subscription.subscription, project_id: projectId },
  }),
  'subscription.update': () => ({ subscription: { description: 'swept' } }),
  'execution.create': ({ machine }) => ({ targets: [machine.name], command: ['true'] }),
};

/** The event log has one entry, whose number is 1, whatever was done to it before. */
const refill = ({ bmc: { log } }: Simulated): void => {
  log.clear();
  log.event([0x08, 0x15, 0x6f, 0x01, 0xff, 0xff]);
};

let accounts = 0;
const freshAccount = (): string => `swept${(accounts += 1)}`;
const userAccount = { name: 'user', password: 'Sw3pt-Secret', privilege: 'user' };

/** Igor's, on the BMC. */
const account = { username: 'admin', password: 'adm1n-Secret' };

/** Nobody hears there. */
const subscription = { subscription: { url: 'http://127.0.0.1:9/hook', secret: `whsec_${'c2Vj'.repeat(8)}` } };

/** Of a controller's alerts. */
const receiver = { alert_destination: { address: '127.0.0.8' } };

/** What stands for the further parts of paths. */
const parts: Readonly<Record<string, string>> = {
  sensor: 'cpu1-temp',
  tag: 'swept',
  log: 'sel',
  entry: '0001',
  account_id: 'user',
  destination: '2',
  parameter: 'valid-bit-clearing',
  number: '1',
};

const scheduleOf = (machine: string): object => ({
  name: freshName('swept'),
  cron: '@yearly',
  operation: { kind: 'power.get', targets: { names: [machine] } },
});

const grantTo = (userId: string, machine: string): object => ({
  machine,
  permissions: ['oob:power:get'],
  grantee: { user_id: userId },
  until: new Date(Date.now() + 3_600_000).toISOString(),
  reason: 'to be swept',
});

let port = 30_000;
const freshPort = (): number => (port += 1);

describe('every route, by every persona', () => {
  let igor: TestIgor;
  let stage: Stage;
  let alice: Client;
  let bob: Client;
  let erin: Client;
  let requestId: string | null = null;
  let consumed = 'none';
  let subscriptionId: string | null = null;
  let deliveryId: string | null = null;

  /** On condition that the event log is as it is. */
  const asItIs = async ({ id }: Simulated): Promise<Record<string, string>> => {
    const { headers } = await alice.get(`/v1/machines/${id}/logs/sel`).expect(200);
    return { 'If-Match': headers['etag'] ?? '' };
  };

  before(async () => {
    igor = await startIgor({ IGOR_WEBHOOK_NETWORKS: '127.0.0.0/8', IGOR_WEBHOOK_HTTP: 'true' });
    await registerTest('http://igor.test:8080', false); // access rules count for a service that is listed
    alice = await igor.as('alice');
    const { seed } = await keystone();
    const projectId = seed.projects['alpha'] ?? '';
    const machine = await simulated(igor, {}, { ssh: true });
    bob = await igor.as('bob');
    erin = await igor.as('erin');
    const power = await bob.put(`/v1/machines/${machine.id}/power`, { target: 'off' }).expect(200);
    await alice.put(`/v1/controllers/${machine.controllerId}/alert-destinations/2`, receiver).expect(200);
    const run = await bob
      .post('/v1/executions', { targets: [machine.name], command: ['true'] })
      .set('Prefer', 'wait=20')
      .expect(200);
    const bare = freshName('bare');
    await alice.post('/v1/machines', { machine: { name: bare, project_id: projectId } }).expect(201);
    const set = await alice
      .post('/v1/operations', {
        kind: 'indicator.set',
        targets: { names: [bare, machine.name] },
        parameters: { state: 'off' },
        strategy: { stagger_ms: 600_000 },
      })
      .expect(202);
    const setId = (set.body as { operation: { id: string } }).operation.id;
    await eventually(async () => {
      const { body } = await alice.get(`/v1/operations/${setId}`).expect(200);
      return (body as { operation: { counts: { failed: number } } }).operation.counts.failed === 1;
    }, 10_000);
    const schedule = await alice.post('/v1/schedules', { schedule: scheduleOf(machine.name) }).expect(201);
    refill(machine);
    const cleared = await alice
      .delete(`/v1/machines/${machine.id}/logs/sel/entries`)
      .set(await asItIs(machine))
      .expect(200);
    stage = {
      machine,
      projectId,
      hostKeys: (await sshd()).hostKeys,
      strangerId: seed.users['svcadmin'] ?? '',
      operationId: (power.body as { operation_id: string }).operation_id,
      setId,
      scheduleId: (schedule.body as { schedule: { id: string } }).schedule.id,
      executionId: (run.body as { execution: { id: string } }).execution.id,
      archiveId: (cleared.body as { archive: { id: string } }).archive.id,
    };
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  /** The thing that an operation is tried on: one that it uses up is made for it. */
  const thing = async (operation: Operation): Promise<string> => {
    switch (operation.on) {
      case 'machine': {
        if (operation.path.endsWith('{tag}'))
          await alice.put(`/v1/machines/${stage.machine.id}/tags/swept`).expect(201);
        if (operation.name.startsWith('event-log')) refill(stage.machine);
        if (operation.name !== 'machine.delete') return stage.machine.id;
        const peer = { address: '127.0.0.1', ...account, port: freshPort() };
        const made = await alice
          .post('/v1/machines', machineBodyFor(freshName('doomed'), stage.projectId, peer))
          .expect(201);
        return (made.body as { machine: { id: string } }).machine.id;
      }
      case 'controller': {
        // One that was deleted is there again; of one that is there, 409 tells.
        if (operation.name === 'account.delete')
          await alice.post(`/v1/controllers/${stage.machine.controllerId}/accounts`, { account: userAccount });
        if (operation.name !== 'controller.delete') return stage.machine.controllerId;
        const controller = {
          address: '127.0.0.1',
          port: freshPort(),
          username: 'igor',
          password: 'pw',
          project_id: stage.projectId,
        };
        const made = await alice.post('/v1/controllers', { controller }).expect(201);
        return (made.body as { controller: { id: string } }).controller.id;
      }
      case 'grant': {
        // Nobody may ask for many at a time.
        if (requestId !== null) await alice.delete(`/v1/grants/${requestId}`).expect(204);
        requestId = null;
        const made =
          operation.name === 'grant.approve'
            ? await bob
                .post(`/v1/machines/${stage.machine.id}/grant-requests`, bodies['grant.request']?.(stage))
                .expect(201)
            : await erin.post('/v1/grants', bodies['grant.create']?.(stage)).expect(201);
        const { id } = (made.body as { grant: { id: string } }).grant;
        if (operation.name === 'grant.approve') requestId = id;
        return id;
      }
      case 'selector': {
        const made = await bob.post('/v1/selectors', bodies['selector.create']?.(stage)).expect(201);
        return (made.body as { selector: { id: string } }).selector.id;
      }
      case 'operation':
        return operation.name === 'operation.get' ? stage.operationId : stage.setId;
      case 'schedule': {
        if (operation.effect === 'read') return stage.scheduleId;
        // A hundred of them are enough for a project.
        await alice.delete(`/v1/schedules/${consumed}`);
        const made = await alice.post('/v1/schedules', { schedule: scheduleOf(stage.machine.name) }).expect(201);
        consumed = (made.body as { schedule: { id: string } }).schedule.id;
        return consumed;
      }
      case 'execution':
        return stage.executionId;
      case 'subscription': {
        if (operation.name === 'subscription.delete') return aSubscription();
        const id = (subscriptionId ??= await aSubscription());
        if (operation.name === 'delivery.retry') deliveryId = await aDeadDelivery(id);
        return id;
      }
      case 'service':
        return '';
    }
  };

  const aSubscription = async (): Promise<string> => {
    const made = await erin.post('/v1/subscriptions', subscription).expect(201);
    return (made.body as { subscription: { id: string } }).subscription.id;
  };

  /** What waits when a subscription is disabled is given up. */
  const aDeadDelivery = async (id: string): Promise<string> => {
    const path = `/v1/subscriptions/${id}`;
    const pinged = await erin.post(`${path}/pings`).expect(202);
    for (const enabled of [false, true]) await erin.patch(path, { subscription: { enabled } }).expect(200);
    return (pinged.body as { delivery: { id: string } }).delivery.id;
  };

  /** One that is open at the stage's controller: that by which it is asked, at least. */
  const aSession = async (): Promise<string> => {
    const listed = await alice.get(`/v1/controllers/${stage.machine.controllerId}/sessions`).expect(200);
    return (listed.body as { sessions: { id: string }[] }).sessions[0]?.id ?? '';
  };

  /** A token of each, and that of its service, for all that it asks. */
  const tokens = new Map<Asker, Promise<readonly [string | null, string | null]>>();
  const shown = async (caller: Asker): Promise<readonly [string | null, string | null]> => {
    const made = tokens.get(caller) ?? Promise.all([caller.token(), caller.service?.() ?? null]);
    tokens.set(caller, made);
    return made;
  };

  for (const operation of operations) {
    for (const caller of callers) {
      const outcome = expected(operation, caller);
      it(`answers ${operation.name} by ${caller.who} with ${outcome === 'done' ? 'success' : outcome}`, async () => {
        const named =
          operation.on === 'service' ? operation.path : operation.path.replace(/\{\w+\}/, await thing(operation));
        const now: Readonly<Record<string, string>> = {
          ...parts,
          archive: stage.archiveId,
          ...(deliveryId !== null && { delivery: deliveryId }),
          ...(named.includes('{session}') && { session: await aSession() }),
        };
        const path = `/v1${named.replaceAll(/\{(\w+)\}/g, (_, part: string) => now[part] ?? 'unnamed')}`;
        const [token, service] = await shown(caller);
        const client = clientOf(igor.url, token);
        const passed = {
          ...(service !== null && { 'X-Service-Token': service }),
          ...(operation.faults?.includes('precondition-required') === true && (await asItIs(stage.machine))),
        };
        const body = bodies[operation.name]?.(stage);
        const {
          status,
          headers,
          body: answer,
        } = await (operation.event !== undefined
          ? begun(igor.url + path, { ...passed, ...(token !== null && { 'X-Auth-Token': token }) })
          : (operation.method === 'get' ? client.get(path) : client[operation.method](path, body)).set(passed));
        if (outcome === 'done') expect(operation.statuses ?? [200]).to.include(status);
        else {
          expect(status).to.equal(outcome);
          expect((answer as { errors: { status: number }[] }).errors[0]?.status).to.equal(outcome);
        }
        expect(headers['www-authenticate'] !== undefined).to.equal(outcome === 401);
        expect(headers['x-openstack-request-id']).to.match(/^req-[0-9a-f-]{36}$/);
      });
    }
  }
});

/** How a stream begins, or is refused; nobody listens on. */
const begun = async (url: string, headers: Record<string, string>) => {
  const enough = new AbortController();
  const answer = await fetch(url, { headers, signal: enough.signal });
  const body: unknown = answer.status === 200 ? {} : await answer.json();
  enough.abort();
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body };
};
