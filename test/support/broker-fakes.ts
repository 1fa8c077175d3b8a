import { z } from 'zod';
import type { BrokerPorts } from '../../src/core/broker/index.ts';
import { life } from '../../src/core/life.ts';
import { unlessAborted } from '../../src/core/waiting.ts';
import type { Binding, Controller, ControllerHealth } from '../../src/domain/controller.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { PowerAction, PowerState } from '../../src/domain/power.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Conditions, SessionJournal, Shelves } from '../../src/ports/broker.ts';
import type { CallOptions, Capabilities, Connection, Driver } from '../../src/ports/controller.ts';
import type { Controllers, Leases } from '../../src/ports/services.ts';
import { anywhere, quiet } from './fakes.ts';

/** A controller in memory. What is called is written down; `hold` keeps a change from answering, `holdRead` a read. */
interface FakeController {
  readonly driver: Driver;
  readonly calls: string[];
  state: PowerState;
  opened: number;
  closed: number;
  /** The most sessions that were open at one time. */
  most: number;
  logins: number;
  /** Those that have begun. */
  attempts: number;
  probes: number;
  keptAlive: number;
  /** Whether a login stands between calls. */
  isStanding: boolean;
  /** Whether anything answers there. */
  isThere: boolean;
  /** What a login is refused with. */
  refuses: Fault | null;
  /** What calls are refused with. */
  fails: Fault | null;
  /** Awaited before a change is carried out. */
  hold: Promise<void>;
  /** Awaited before a read is answered. */
  holdRead: Promise<void>;
  /** Awaited before a login is answered. */
  holdLogin: Promise<void>;
  /** Awaited before a session has ended. */
  holdClose: Promise<void>;
  /** Ends every session that is open, without telling. */
  forget(): void;
}

const fakeController = (): FakeController => {
  let generation = 0;
  const fake = {
    calls: [] as string[],
    state: 'off' as PowerState,
    opened: 0,
    closed: 0,
    most: 0,
    logins: 0,
    attempts: 0,
    probes: 0,
    keptAlive: 0,
    isStanding: true,
    isThere: true,
    refuses: null as Fault | null,
    fails: null as Fault | null,
    hold: Promise.resolve(),
    holdRead: Promise.resolve(),
    holdLogin: Promise.resolve(),
    holdClose: Promise.resolve(),
    forget: () => void (generation += 1),
  };
  const deviceOf = (born: number, doubt: () => void): Pick<Capabilities, 'power' | 'eventLog'> => {
    const answer = (): void => {
      if (fake.fails !== null) throw fake.fails;
      if (born === generation) return;
      doubt();
      throw new Fault('controller-unreachable', 'the session has ended');
    };
    const read = async (what: string, { signal }: CallOptions): Promise<void> => {
      signal.throwIfAborted();
      fake.calls.push(what);
      answer();
      await unlessAborted(fake.holdRead, signal);
    };
    const power: Capabilities['power'] = {
      async get(...given) {
        // Whatever else a test gives it.
        await read('get', given.at(-1) ?? given[0]);
        return fake.state;
      },
      async set(action: PowerAction, { signal }) {
        fake.calls.push(`set ${action}`);
        answer();
        await fake.hold;
        signal.throwIfAborted();
        fake.state = action === 'off' || action === 'soft-off' ? 'off' : 'on';
      },
    };
    const eventLog: Partial<Capabilities['eventLog']> = {
      async read(call) {
        await read('log', call);
        return {} as Awaited<ReturnType<Capabilities['eventLog']['read']>>; // nobody looks into it
      },
    };
    return { power, eventLog: eventLog as Capabilities['eventLog'] }; // as much as is called
  };
  const driver: Driver = {
    name: 'fake',
    port: 1,
    options: z.strictObject({}),
    offers: new Set(['power', 'eventLog']),
    probe: async () => {
      fake.probes += 1;
      return fake.isThere;
    },
    open(): Connection {
      let [open, sound] = [true, true];
      const born = generation;
      fake.opened += 1;
      fake.most = Math.max(fake.most, fake.opened - fake.closed);
      return {
        device: deviceOf(born, () => (sound = false)),
        get isSound() {
          return open && sound;
        },
        async login() {
          fake.attempts += 1;
          await fake.holdLogin;
          if (fake.refuses !== null) fake.logins += 1;
          if (fake.refuses !== null) throw fake.refuses;
          if (born !== generation) sound = false;
          if (born !== generation) throw new Fault('controller-unreachable', 'the session has ended');
          fake.logins += 1;
          return fake.isStanding ? { handle: fake.opened, pid: null } : null;
        },
        async keepAlive() {
          fake.keptAlive += 1;
          if (born === generation) return;
          sound = false;
          throw new Fault('controller-unreachable', 'the session has ended');
        },
        async [Symbol.asyncDispose]() {
          if (!open) return;
          open = false;
          await fake.holdClose;
          fake.closed += 1;
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
  roles: ['power', 'logs'],
  selector: null,
});

/** What is on record of a controller and what was learnt of it, in memory, as the database keeps both. */
const fakeRecord = (driver: string, now: () => number): FakeRecord => {
  const sheets = new Map<string, Sheet>();
  const sheetOf = (id: string): Sheet => {
    const sheet = sheets.get(id) ?? fresh();
    sheets.set(id, sheet);
    return sheet;
  };
  const current = (id: string, revision: number): Sheet | null =>
    sheetOf(id).revision === revision ? sheetOf(id) : null;
  return {
    sheetOf,
    controllers: {
      async endpoint(id) {
        const { revision, maxSessions, retryAt, refusedAt, lacks, health, failures } = sheetOf(id);
        const controller = { id, driver, address: '127.0.0.1', port: 1, options: {}, revision, maxSessions };
        return {
          controller: controller as unknown as Controller, // as much as is read
          credential: { username: 'igor', password: new Secret('x') },
          standing: {
            health,
            failures,
            retryMs: retryAt === null ? null : Math.max(0, retryAt - now()),
            refused: refusedAt === null ? null : { at: new Date(), checkMs: Math.max(0, refusedAt + 300_000 - now()) },
            seenAt: null,
            lacks: new Map(lacks),
          },
        };
      },
    },
    conditions: {
      async healthy(id, revision, health) {
        Object.assign(current(id, revision) ?? {}, { health, failures: 0, retryAt: null });
      },
      async unreachable(id, revision, failures, retryMs) {
        Object.assign(current(id, revision) ?? {}, { health: 'unreachable', failures, retryAt: now() + retryMs });
      },
      async refused(id, revision) {
        Object.assign(current(id, revision) ?? {}, { health: 'credentials', refusedAt: now() });
      },
      async learn(id, operation, detail) {
        sheetOf(id).lacks.set(operation, { learntAt: new Date(), detail });
      },
      async forgive(id) {
        const sheet = sheetOf(id);
        Object.assign(sheet, { failures: 0, retryAt: null });
        sheet.lacks.clear();
        if (sheet.refusedAt !== null && now() - sheet.refusedAt > 300_000) sheet.refusedAt = null;
      },
      count: async () => new Map(),
    },
  };
};

interface Sheet {
  revision: number;
  maxSessions: number | null;
  health: ControllerHealth;
  failures: number;
  retryAt: number | null;
  refusedAt: number | null;
  readonly lacks: Map<string, { readonly learntAt: Date; readonly detail: string }>;
}

interface FakeRecord {
  readonly controllers: Pick<Controllers, 'endpoint'>;
  readonly conditions: Conditions;
  sheetOf(id: string): Sheet;
}

const fresh = (): Sheet => ({
  revision: 1,
  maxSessions: null,
  health: 'unknown',
  failures: 0,
  retryAt: null,
  refusedAt: null,
  lacks: new Map(),
});

/** The journal of sessions in memory: those that have not ended. */
const fakeSessionJournal = (): SessionJournal & {
  readonly rows: Map<string, { handle: number | null }>;
} => {
  const rows = new Map<string, { handle: number | null }>();
  return {
    rows,
    begin: async ({ id }) => void rows.set(id, { handle: null }),
    opened: async (id, { handle }) => void rows.set(id, { handle }),
    end: async (id) => void rows.delete(id),
    orphans: async () => [],
    handles: async () => [...rows.values()].flatMap(({ handle }) => (handle === null ? [] : [handle])),
    postpone: async () => undefined,
  };
};

/** Leases in memory, which a test can give to another replica. */
const fakeLeases = (): Leases & {
  readonly held: Set<string>;
  readonly elsewhere: Set<string>;
  /** Those that another replica waits for. */
  readonly coveted: Set<string>;
} => {
  const held = new Set<string>();
  const elsewhere = new Set<string>();
  const coveted = new Set<string>();
  let fence = 1n;
  const made = {
    held,
    elsewhere,
    coveted,
    async acquire(id: string) {
      if (elsewhere.has(id)) {
        fence += 1n;
        return null;
      }
      held.add(id);
      return { fence };
    },
    astray: async (ids: readonly string[]) => ids.filter((id) => !held.has(id)),
    holder: async (id: string) => (elsewhere.has(id) ? 'another' : null),
    wanted: async () => [...coveted],
    async release(id: string) {
      held.delete(id);
    },
  };
  return made;
};

/** Shelves in memory. */
const fakeShelves = (): Shelves => {
  const kept = new Map<string, Buffer>();
  return {
    of: (id) => ({
      get: async (key) => kept.get(`${id} ${key}`) ?? null,
      put: async (key, value) => void kept.set(`${id} ${key}`, value),
    }),
  };
};

/** All that a broker is made of, over one controller in memory. */
export const fakeBroker = ({ actMs = 60_000, ...changes }: Partial<BrokerPorts> & { readonly actMs?: number } = {}) => {
  const now = changes.now ?? ((): number => performance.now());
  const fake = fakeController();
  const leases = fakeLeases();
  const record = fakeRecord('fake', now);
  const journal = fakeSessionJournal();
  const counts = { logins: 0, joined: 0, open: 0 };
  const alive = life({ now, actMs });
  alive.beaten(now(), true);
  const ports: BrokerPorts = {
    controllers: record.controllers,
    conditions: record.conditions,
    journal,
    leases,
    drivers: new Map([['fake', fake.driver]]),
    reach: anywhere,
    shelves: fakeShelves(),
    settling: nothingPending,
    log: quiet,
    now,
    life: alive,
    idleMs: 1_000,
    sessionsEach: 2,
    sessionsTotal: 100,
    tendMs: 10,
    checkMs: 10,
    counted: {
      loggedIn: () => (counts.logins += 1),
      joined: () => (counts.joined += 1),
      sessions: (open) => (counts.open = open),
    },
    ...changes,
  };
  return { fake, leases, record, journal, counts, alive, ports };
};

/** No password is being replaced. */
const nothingPending = { quiet: async () => undefined, settle: async () => false };
