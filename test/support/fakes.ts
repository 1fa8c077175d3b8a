import type { Identity } from '../../src/domain/caller.ts';
import type { Binding, Controller } from '../../src/domain/controller.ts';
import type { Grant } from '../../src/domain/grant.ts';
import type { PowerAction, PowerState } from '../../src/domain/power.ts';
import { Secret } from '../../src/domain/secret.ts';
import { z } from 'zod';
import type { Capabilities, Connection, Driver } from '../../src/ports/controller.ts';
import type { Controllers, Leases, Log, Reach, Shelves } from '../../src/ports/services.ts';

/** Bob, member of alpha, unless said otherwise. */
export const identityWith = (changes: Partial<Identity> = {}): Identity => ({
  userId: 'u1',
  userName: 'bob',
  userDomainId: 'default',
  projectId: 'p1',
  projectName: 'alpha',
  projectDomainId: 'default',
  domainId: null,
  systemScope: null,
  roles: ['member'],
  expiresAt: new Date(Date.now() + 60_000),
  accessRules: null,
  delegation: null,
  federation: null,
  person: null,
  ...changes,
});

/** Power on machine m1 of project `owner`, for user u1, in 2026, unless said otherwise. */
export const grantWith = (changes: Partial<Grant> = {}): Grant => ({
  id: 'grant-1',
  kind: 'grant',
  projectId: 'owner',
  machineId: 'm1',
  tags: [],
  permissions: ['oob:machine:list', 'oob:machine:get', 'oob:power:set'],
  grantee: { kind: 'user', id: 'u1' },
  from: new Date('2026-01-01T00:00:00Z'),
  until: new Date('2027-01-01T00:00:00Z'),
  timeZone: 'UTC',
  hours: [],
  reason: 'a test',
  grantedBy: { id: 'u9', name: 'alice' },
  approveBy: null,
  minutes: null,
  approvedBy: null,
  revokedAt: null,
  revision: 1,
  createdAt: new Date('2026-01-01T00:00:00Z'),
  ...changes,
});

/** A controller in memory. What is called is written down; `hold` keeps a call from answering. */
export interface FakeController {
  readonly driver: Driver;
  readonly calls: string[];
  state: PowerState;
  opened: number;
  closed: number;
  /** Awaited before a change is carried out. */
  hold: Promise<void>;
}

export const fakeController = (): FakeController => {
  const fake = { calls: [] as string[], state: 'off' as PowerState, opened: 0, closed: 0, hold: Promise.resolve() };
  const power: Capabilities['power'] = {
    async get({ signal }) {
      signal.throwIfAborted();
      fake.calls.push('get');
      return fake.state;
    },
    async set(action: PowerAction, { signal }) {
      fake.calls.push(`set ${action}`);
      await fake.hold;
      signal.throwIfAborted();
      fake.state = action === 'off' || action === 'soft-off' ? 'off' : 'on';
    },
  };
  const driver: Driver = {
    name: 'fake',
    port: 1,
    options: z.strictObject({}),
    offers: new Set(['power']),
    open(): Connection {
      fake.opened += 1;
      let open = true;
      return {
        device: { power },
        get isSound() {
          return open;
        },
        login: async () => null,
        keepAlive: async () => undefined,
        async [Symbol.asyncDispose]() {
          if (open) fake.closed += 1;
          open = false;
        },
      };
    },
  };
  return Object.assign(fake, { driver });
};

export const bindingTo = (controllerId: string, revision = 1): Binding => ({
  controllerId,
  address: '127.0.0.1:1',
  revision,
  roles: ['power'],
  selector: null,
});

export const controllersWith = (driver: string): Pick<Controllers, 'endpoint'> => ({
  endpoint: async (id) => ({
    controller: { id, driver, address: '127.0.0.1', port: 1, options: {} } as unknown as Controller, // as much as is read
    credential: { username: 'igor', password: new Secret('x') },
  }),
});

/** Leases in memory, which a test can give to another replica. */
export const fakeLeases = (): Leases & {
  readonly held: Set<string>;
  readonly elsewhere: Set<string>;
  readonly wanted: Set<string>;
} => {
  const held = new Set<string>();
  const elsewhere = new Set<string>();
  const wanted = new Set<string>();
  return {
    held,
    elsewhere,
    wanted,
    async acquire(id) {
      if (elsewhere.has(id)) return null;
      held.add(id);
      return { fence: 1n };
    },
    renew: async (ids) => ({ lost: ids.filter((id) => elsewhere.has(id)), wanted: ids.filter((id) => wanted.has(id)) }),
    async release(id) {
      held.delete(id);
    },
  };
};

/** Shelves in memory. */
export const fakeShelves = (): Shelves => {
  const kept = new Map<string, Buffer>();
  return {
    of: (id) => ({
      get: async (key) => kept.get(`${id} ${key}`) ?? null,
      put: async (key, value) => void kept.set(`${id} ${key}`, value),
    }),
  };
};

export const anywhere: Reach = { resolve: async (host) => [host] };

export const quiet: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => quiet };

function ignore(): void {
  // a log nobody reads
}
