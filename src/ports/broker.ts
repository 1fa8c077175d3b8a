import type { ControllerHealth } from '../domain/controller.ts';
import type { SessionMark, Shelf } from './controller.ts';

/** Whether a controller may be spoken to, and what it cannot do. Durations are by the database's clock, so that clocks need not agree. */
export interface Condition {
  readonly health: ControllerHealth;
  /** Attempts in a row without an answer. */
  readonly failures: number;
  /** Milliseconds until the next attempt; null: at any time. */
  readonly retryMs: number | null;
  /** When the account on record was refused, and the milliseconds until a check may offer it again. */
  readonly refused: { readonly at: Date; readonly checkMs: number } | null;
  /** When it was last observed. */
  readonly seenAt: Date | null;
  /** By operation. */
  readonly lacks: ReadonlyMap<string, { readonly learntAt: Date; readonly detail: string }>;
}

/** What is learnt of controllers in conversation, for all replicas. A revision that is out of date changes nothing. */
export interface Conditions {
  /** It answered. */
  healthy(id: string, revision: number, health: ControllerHealth): Promise<void>;
  /** It did not: so many times in a row now, and nobody tries within so many milliseconds. */
  unreachable(id: string, revision: number, failures: number, retryMs: number): Promise<void>;
  /** It refused our account. */
  refused(id: string, revision: number): Promise<void>;
  /** It said that it cannot do this. */
  learn(id: string, operation: string, detail: string): Promise<void>;
  /** Forgets what speaks against trying; an account that was refused less than five minutes ago stays refused. */
  forgive(id: string): Promise<void>;
  /** How many controllers there are of each health. */
  count(): Promise<ReadonlyMap<ControllerHealth, number>>;
}

/** What a session is for: changes and short reads, reads of many messages, changes that a slow read is before, or one visitor. */
export type SessionPurpose = 'shared' | 'reads' | 'changes' | 'visit';

export interface NewSession {
  readonly id: string;
  readonly controllerId: string;
  readonly purpose: SessionPurpose;
  /** Of the lease under which it is opened. */
  readonly fence: bigint;
}

/** A session that a replica which is gone may have left open. */
export interface Orphan {
  readonly id: string;
  readonly controllerId: string;
  readonly openedAt: Date;
  /** Milliseconds since its replica was found gone. */
  readonly goneMs: number;
  /** How often it could not be seen to. */
  readonly tries: number;
  readonly handle: number | null;
  readonly process: ForeignProcess | null;
}

/** A process that carries a session, recognisable after the death of who started it. */
export interface ForeignProcess {
  readonly pid: number;
  readonly startedAt: string;
  /** The boot and the pid namespace: elsewhere a pid says nothing. */
  readonly realm: string;
}

/** Sessions, written down before they are opened: what a crash leaves is found here. */
export interface SessionJournal {
  begin(session: NewSession): Promise<void>;
  /** It is open. */
  opened(id: string, mark: SessionMark): Promise<void>;
  /** It is closed, or never was. */
  end(id: string): Promise<void>;
  /** Those of replicas that are gone, and are due for a look. Marks them as found. */
  orphans(most: number): Promise<readonly Orphan[]>;
  /** Of ours that are open there; their handles. */
  handles(controllerId: string): Promise<readonly number[]>;
  /** It could not be seen to: to be tried again after so many milliseconds. */
  postpone(id: string, ms: number): Promise<void>;
}

/** Processes of this host. */
export interface Processes {
  /** Ends it and its group, if it is still the same. Whether it was there. */
  kill(found: ForeignProcess): boolean;
  isAlive(found: ForeignProcess): boolean;
}

/** What drivers keep of controllers between sessions. It is a convenience: what fails is logged, never thrown. */
export interface Shelves {
  of(controllerId: string): Shelf;
}
