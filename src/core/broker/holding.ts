import type { Controller, Credential } from '../../domain/controller.ts';
import type { Connection } from '../../ports/controller.ts';
import type { SessionPurpose, Condition } from '../../ports/broker.ts';
import { turns, type Turns } from '../turns.ts';
import { flights, type Flights } from './flights.ts';
import { slots, type Rank, type Slots } from './slots.ts';

/** How to reach a controller, and whether that makes sense, as it was read from the store. */
export interface Known {
  readonly controller: Controller;
  readonly credential: Credential;
  readonly standing: Condition;
  /** By the clock of this process. */
  readonly readAt: number;
}

/** A login that is open, or for transports without standing sessions, the way to one. */
export interface Session {
  readonly id: string;
  readonly purpose: SessionPurpose;
  readonly revision: number;
  readonly connection: Connection;
  /** Whether the login stands between calls. */
  readonly isStanding: boolean;
  users: number;
  /** Nobody new uses it; it is closed when the last one leaves. */
  isRetired: boolean;
  closing: Promise<void> | null;
  /** By the clock of this process: when somebody last needed it, and when the controller last heard of it. */
  usedAt: number;
  spokenAt: number;
}

/** A session on its way, by which those who want it wait for one login. */
export interface Opening {
  readonly revision: number;
  readonly session: Promise<Session>;
  made: Session | null;
}

/** A controller that this replica works with. */
export interface Holding {
  readonly id: string;
  /** One change at a time. */
  readonly changes: Turns;
  readonly flights: Flights;
  /** The budget of sessions; what is being closed counts. */
  readonly slots: Slots;
  readonly open: Map<SessionPurpose, Opening>;
  /** All there are, those that are being closed too. */
  readonly sessions: Set<Session>;
  /** Aborted when another replica may have taken it over. */
  readonly lost: AbortController;
  known: Known | null;
  /** One login at a time, so that a refused account is offered once: what the last one waits for. */
  login: Promise<unknown>;
  /** One question to the database at a time. */
  acquiring: Promise<boolean> | null;
  users: number;
  /** Those of its users whose work is not of many. */
  urgent: number;
  /** What is opened there is as urgent as who waits for it. */
  readonly rank: Rank;
  changed: number;
  /** In which life of this replica it was taken; null: not ours. */
  heldIn: number | null;
  /** Since when; what was read of it before may have been changed by who had it then. */
  heldSince: number;
  fence: bigint;
  /** Another replica waits for it. */
  wanted: boolean;
  /** When it last said anything. */
  heardAt: number;
}

interface Ports {
  readonly now: () => number;
  /** Of a controller that says nothing of it. */
  readonly sessionsEach: number;
  readonly joined: () => void;
}

export const holding = (id: string, { now, sessionsEach, joined }: Ports): Holding => {
  const made: Holding = {
    id,
    changes: turns(now),
    flights: flights(joined),
    slots: slots(() => budgetOf(made, sessionsEach)),
    open: new Map(),
    sessions: new Set(),
    lost: new AbortController(),
    known: null,
    login: Promise.resolve(),
    acquiring: null,
    users: 0,
    urgent: 0,
    rank: {
      get isBulk() {
        return made.urgent === 0;
      },
    },
    changed: 0,
    heldIn: null,
    heldSince: -Infinity,
    fence: 0n,
    wanted: false,
    heardAt: -Infinity,
  };
  return made;
};

/** How many sessions Igor may have there. */
export const budgetOf = ({ known }: Holding, sessionsEach: number): number =>
  known?.controller.maxSessions ?? sessionsEach;
