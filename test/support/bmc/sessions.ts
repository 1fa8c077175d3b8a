import { randomInt } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import type { Slot } from './accounts.ts';
import type { BmcOptions } from './options.ts';
import type { Keys } from './packet.ts';
import type { Privilege } from './privilege.ts';
import { sequenceWindow, type SequenceWindow } from './sequence-window.ts';
import type { Suite } from './suites.ts';

export type Peer = Pick<RemoteInfo, 'address' | 'port'>;

/** A login under way: between Open Session and RAKP 4. It holds a slot like a session. */
export interface Login {
  readonly id: number;
  readonly consoleId: number;
  readonly suite: Suite;
  readonly peer: Peer;
  /** Milliseconds of the clock that never jumps; so is `usedAt`. */
  readonly startedAt: number;
  /** Set by RAKP 1. */
  challenge: Challenge | null;
}

export interface Challenge {
  readonly user: Slot;
  readonly role: Privilege;
  readonly rakp1: Buffer;
  readonly rakp2: Buffer;
  /** What RAKP 3 must hold, and what proves the BMC in RAKP 4. */
  readonly expected: Buffer;
  readonly proof: Buffer;
  readonly keys: Keys;
}

export interface Session {
  readonly id: number;
  readonly consoleId: number;
  /** One byte, unique among the sessions open at one time. */
  readonly handle: number;
  readonly user: Slot;
  /** The highest that this session may ask for. */
  readonly limit: Privilege;
  readonly keys: Keys;
  readonly peer: Peer;
  /** The message that opened it, and the answer, for a retransmission. */
  readonly rakp3: Buffer;
  readonly rakp4: Buffer;
  readonly window: SequenceWindow;
  /** The latest requests with their answers, for retransmissions; newest last. */
  readonly answered: Answered[];
  privilege: Privilege;
  /** Sequence number of the latest packet sent. */
  sent: number;
  usedAt: number;
}

interface Answered {
  /** The request's message, whole: a retransmission is the same byte for byte. */
  readonly request: Buffer;
  readonly step: string;
  /** The answer's message. */
  readonly message: Buffer;
}

export interface Sessions {
  /** Null when all slots are taken. */
  begin(suite: Suite, consoleId: number, peer: Peer): Login | null;
  login(id: number): Login | undefined;
  abandon(login: Login): void;
  /** The login becomes a session, at privilege User or lower (IPMI 2.0 §22.18). */
  activate(login: Login, challenge: Challenge, rakp3: Buffer, rakp4: Buffer): void;
  find(id: number): Session | undefined;
  byHandle(handle: number): Session | undefined;
  /** Those open now, oldest first. */
  list(): readonly Session[];
  /** Its idle time begins anew. */
  touch(session: Session): void;
  close(session: Session): void;
  clear(): void;
}

/** The table of sessions. What has timed out is dropped when the table is next looked at: no timers. */
export const sessionTable = (options: BmcOptions): Sessions => {
  const logins = new Map<number, Login>();
  const sessions = new Map<number, Session>();
  let lastHandle = 0;

  const expire = (): void => {
    const now = performance.now();
    for (const login of logins.values()) if (now - login.startedAt > options.loginTimeoutMs) logins.delete(login.id);
    for (const it of sessions.values()) if (now - it.usedAt > options.sessionTimeoutMs) sessions.delete(it.id);
  };
  const freeId = (): number => {
    const id = randomInt(1, 2 ** 32);
    return logins.has(id) || sessions.has(id) ? freeId() : id;
  };
  const freeHandle = (): number => {
    const taken = new Set([...sessions.values()].map(({ handle }) => handle));
    do lastHandle = (lastHandle % 255) + 1;
    while (taken.has(lastHandle));
    return lastHandle;
  };

  return {
    begin(suite, consoleId, peer) {
      expire();
      for (const login of logins.values()) if (samePeer(login, consoleId, peer)) logins.delete(login.id);
      if (logins.size + sessions.size >= options.maxSessions) return null;
      const login: Login = { id: freeId(), consoleId, suite, peer, startedAt: performance.now(), challenge: null };
      logins.set(login.id, login);
      return login;
    },
    login(id) {
      expire();
      return logins.get(id);
    },
    abandon: (login) => void logins.delete(login.id),
    activate(login, { user, role, keys }, rakp3, rakp4) {
      logins.delete(login.id);
      const session: Session = {
        id: login.id,
        consoleId: login.consoleId,
        handle: freeHandle(),
        user,
        limit: role,
        keys,
        peer: login.peer,
        rakp3,
        rakp4,
        window: sequenceWindow(),
        answered: [],
        privilege: role === 'callback' ? role : 'user',
        sent: 0,
        usedAt: performance.now(),
      };
      sessions.set(session.id, session);
    },
    find(id) {
      expire();
      return sessions.get(id);
    },
    byHandle(handle) {
      expire();
      return [...sessions.values()].find((session) => session.handle === handle);
    },
    list() {
      expire();
      return [...sessions.values()];
    },
    touch(session) {
      session.usedAt = performance.now();
    },
    close: (session) => void sessions.delete(session.id),
    clear() {
      logins.clear();
      sessions.clear();
    },
  };
};

/** A second Open Session Request of one console replaces the first: it did not hear the answer. */
const samePeer = (login: Login, consoleId: number, peer: Peer): boolean =>
  login.consoleId === consoleId && login.peer.address === peer.address && login.peer.port === peer.port;
