import { randomUUID } from 'node:crypto';
import { Fault } from '../../domain/fault.ts';
import type { Visit } from '../../ports/controller.ts';
import type { SessionPurpose } from '../../ports/broker.ts';
import type { Settling } from '../settling.ts';
import { pause, unlessAborted } from '../waiting.ts';
import { refusal } from './breaker.ts';
import { budgetOf, type Holding, type Known, type Opening, type Session } from './holding.ts';
import { opener, type OpeningPorts } from './opening.ts';
import type { Slots } from './slots.ts';

/** A long read is one of so many messages that it has a session of its own, beside which changes and short reads go on. */
export type Use = 'change' | 'read' | 'long-read';

/** Counts, shares and closes every session. */
export interface Sessions {
  /** Refuses while it makes no sense to try: it did not answer, or refused us. */
  admit(held: Holding): Promise<Known>;
  /** Shared by all who want one for that; to be given back. Faults: those of opening. */
  use(held: Holding, use: Use, signal: AbortSignal): Promise<Session>;
  /** One by other data than those on record, which nobody else is given; to be given back. */
  visit(held: Holding, change: Visit, signal: AbortSignal): Promise<Session>;
  giveBack(held: Holding, session: Session): void;
  /** Nobody new uses what is open there; each is closed when nobody does. Resolves when those are that nobody uses. */
  retire(held: Holding): Promise<void>;
  /** Closes one, whoever uses it. */
  close(held: Holding, session: Session): Promise<void>;
}

interface Ports extends OpeningPorts {
  /** Reads anew what is known of it. Faults: `not-found`. */
  readonly know: (held: Holding) => Promise<Known>;
  /** Where a password is being replaced, which one holds. */
  readonly settling: Pick<Settling, 'quiet' | 'settle'>;
  readonly sessionsEach: number;
  /** Sessions of this replica, on all controllers together. */
  readonly total: Slots;
  /** Closes the one that nobody has used for longest, on whatever controller. */
  readonly makeRoom: () => void;
  /** Milliseconds after its last use that a session stays open. */
  readonly idleMs: number;
}

/** Until a session that is in use is given back. */
const placeMs = 30_000;
/** Its turn among all that are to be opened, the question whether anything is there, and the login, which the driver bounds. */
const openMs = 120_000;
/** A refusal is looked up again, for another replica may have been told to forget it. */
const recallMs = 1_000;
const mostAttempts = 3;
/** So often a change looks whether a slow controller has ended what it is at, until it has a session of its own, if there is room. */
const mostLooks = 30;
const lookMs = 10;

export const sessions = (ports: Ports): Sessions => {
  const { know, now, total, sessionsEach, settling } = ports;
  const { open, ended } = opener(ports);

  const free = (held: Holding): void => {
    held.slots.give();
    total.give();
  };

  const close: Sessions['close'] = async (held, session) => {
    session.isRetired = true;
    forget(held, session);
    session.closing ??= (async () => {
      await session.connection[Symbol.asyncDispose]();
      held.sessions.delete(session);
      free(held);
      await ended(session.id);
    })();
    await session.closing;
  };

  /** Nobody new uses it. */
  const leave = async (held: Holding, session: Session): Promise<void> => {
    session.isRetired = true;
    forget(held, session);
    if (session.users === 0) await close(held, session);
  };

  /** A place within both budgets; what is idle gives way. */
  const place = async (held: Holding, signal: AbortSignal): Promise<void> => {
    if (held.slots.taken >= budgetOf(held, sessionsEach)) {
      const idle = [...held.sessions].find(({ users, closing }) => users === 0 && closing === null);
      if (idle !== undefined) void close(held, idle);
    }
    await held.slots.take(signal, held.rank);
    try {
      ports.makeRoom();
      await total.take(signal, held.rank);
    } catch (fault) {
      held.slots.give();
      throw fault;
    }
  };

  /** Whether to try at all: what is dead, or refuses us, is left alone, whoever asks. */
  const admit = async (held: Holding): Promise<Known> => {
    let known = held.known ?? (await know(held));
    if (known.readAt < held.heldSince) known = await know(held);
    if (refusal(known, now()) !== null && now() - known.readAt > recallMs) known = await know(held);
    const fault = refusal(known, now());
    if (fault !== null) throw fault;
    return known;
  };

  /** What a rotation left open is settled by this login's turn, and in its place. */
  const settled = async (held: Holding, signal: AbortSignal): Promise<void> => {
    try {
      if (await settling.settle(held.id, signal)) held.known = null;
    } catch (thrown) {
      if (!signal.aborted) await ports.health.failed(held, thrown, true);
      throw thrown;
    }
  };

  const begin = async (held: Holding, purpose: SessionPurpose, change: Visit): Promise<Session> => {
    // By nobody's signal: who leaves takes nobody else's login along.
    const within = (ms: number): AbortSignal => AbortSignal.any([held.lost.signal, AbortSignal.timeout(ms)]);
    const isOnRecord = Object.keys(change).length === 0;
    if (isOnRecord) {
      await admit(held);
      // Before it takes a place, which the rotation's own login may need.
      await settling.quiet(held.id);
    }
    await place(held, within(placeMs));
    try {
      const signal = within(openMs);
      // One login after the other, so that an account which is refused is offered once.
      const turn = held.login.then(async () => {
        if (isOnRecord) await settled(held, signal);
        const known = isOnRecord ? await admit(held) : (held.known ?? (await know(held)));
        return open(held, known, { id: randomUUID(), purpose, change }, signal);
      });
      held.login = turn.catch(() => undefined);
      const session = await turn;
      held.sessions.add(session);
      return session;
    } catch (fault) {
      free(held);
      throw fault;
    }
  };

  /** Takes a place in it, unless it is of no use. One that was idle is proven first for a change, which is not repeated. */
  const isFit = async (session: Session, use: Use, signal: AbortSignal): Promise<boolean> => {
    const isSound = (): boolean => session.connection.isSound;
    if (session.isRetired || !isSound()) return false;
    session.users += 1;
    if (use !== 'change' || !session.isStanding) return true;
    try {
      await session.connection.login({ signal });
      return true;
    } catch (thrown) {
      session.users -= 1;
      if (isSound() || signal.aborted) throw thrown;
      return false;
    }
  };

  const giveBack = (held: Holding, session: Session): void => {
    session.users -= 1;
    session.usedAt = now();
    session.spokenAt = now();
    const isUnwanted = session.isRetired || session.purpose === 'visit' || !session.connection.isSound;
    if (isUnwanted || (session.users === 0 && (held.slots.waiting > 0 || ports.idleMs === 0)))
      void leave(held, session);
  };

  /** Whether another session could be had at once: what is idle gives way. */
  const hasRoom = (held: Holding): boolean =>
    held.slots.taken < budgetOf(held, sessionsEach) ||
    [...held.sessions].some(({ users, closing }) => users === 0 && closing === null);

  /** The same as `isFit`, for a change; null: what others are at takes long, and there is room beside them. */
  const isFitSoon = async (held: Holding, session: Session, signal: AbortSignal): Promise<boolean | null> => {
    const began = now();
    const isBusy = (): boolean => session.users > 0 && session.usedAt < began;
    for (let looks = 0; isBusy() && looks < mostLooks && !signal.aborted; looks += 1) await pause(lookMs, signal);
    return isBusy() && hasRoom(held) ? null : isFit(session, 'change', signal);
  };

  const shared = (held: Holding, purpose: SessionPurpose, revision: number): Opening => {
    const found = held.open.get(purpose);
    if (found !== undefined && found.revision >= revision) return found;
    // It is not as the controller is now on record. Whoever uses it may end with it.
    if (found !== undefined) void found.session.then(async (old) => leave(held, old)).catch(() => undefined);
    const made: Opening = { revision, made: null, session: begin(held, purpose, {}) };
    held.open.set(purpose, made);
    made.session.then(
      (session) => (made.made = session),
      () => {
        if (held.open.get(purpose) === made) held.open.delete(purpose);
      },
    );
    return made;
  };

  return {
    admit,
    async use(held, use, signal) {
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const { controller } = held.known ?? (await know(held));
        // Where no login stands, each call is one.
        if ([...held.sessions].every(({ isStanding }) => !isStanding)) await admit(held);
        const purpose = use === 'long-read' && budgetOf(held, sessionsEach) > 1 ? 'reads' : 'shared';
        const session = await unlessAborted(shared(held, purpose, controller.revision).session, signal);
        const fit = use === 'change' ? await isFitSoon(held, session, signal) : await isFit(session, use, signal);
        if (fit === true) return session;
        if (fit === null) {
          const own = await unlessAborted(shared(held, 'changes', controller.revision).session, signal);
          if (await isFit(own, use, signal)) return own;
          void leave(held, own);
        } else void leave(held, session);
      }
      throw new Fault('controller-unreachable', 'it ends every session as soon as it is open');
    },
    async visit(held, change, signal) {
      const opened = begin(held, 'visit', change);
      try {
        const session = await unlessAborted(opened, signal);
        session.users += 1;
        return session;
      } catch (fault) {
        // Who has left cannot close it.
        void opened.then(async (session) => close(held, session)).catch(() => undefined);
        throw fault;
      }
    },
    giveBack,
    async retire(held) {
      const opening = [...held.open.values()];
      held.open.clear();
      for (const { session } of opening) void session.then(async (one) => leave(held, one)).catch(() => undefined);
      await Promise.all([...held.sessions].map(async (session) => leave(held, session)));
    },
    close,
  };
};

const forget = (held: Holding, session: Session): void => {
  for (const [purpose, { made }] of held.open) if (made === session) held.open.delete(purpose);
};
