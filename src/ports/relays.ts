import type { Identity } from '../domain/caller.ts';
import type { FaultCode } from '../domain/fault.ts';
import type { RecordedCaller } from './services.ts';

/** A request on its way to the replica that holds its controller. */
export interface Passed {
  readonly operation: string;
  readonly target: string;
  /** As it arrived, not yet decoded. */
  readonly input: unknown;
  readonly caller: RecordedCaller & { readonly address: string | null; readonly service: Identity | null };
  readonly revision: number | null;
  readonly patienceMs: number | null;
  /** What links begin with, as this client reaches Igor. */
  readonly base: string;
  /** The controller for whose sake it is passed on. */
  readonly controllerId: string;
}

/** What became of it there. */
export type PassedBack = {
  /** The act's id in the journal; null: it came to none. */
  readonly actId: string | null;
} & (
  | { readonly output: unknown }
  | {
      readonly fault: {
        readonly code: FaultCode;
        readonly detail: string;
        readonly retryAfter: number | null;
        readonly headers: Readonly<Record<string, string>>;
      };
    }
);

export interface Relay extends Passed {
  readonly id: string;
  readonly from: string;
}

/** How far a relay has come: nobody has begun; somebody has; it is answered or refused. And whether that replica is alive. */
export interface RelayStanding {
  readonly state: 'queued' | 'running' | 'done' | 'refused';
  readonly isHolderAlive: boolean;
  readonly ageMs: number;
}

/** Requests that one replica passes on to another, in the database. The bell tells of them: `asked <to> <id>`, `answered <from> <id>`. */
export interface Relays {
  put(id: string, to: string, passed: Passed): Promise<void>;
  /** Of those that are there. */
  standing(ids: readonly string[]): Promise<ReadonlyMap<string, RelayStanding>>;
  /** The answer, which is erased with it; null: none yet. */
  take(id: string): Promise<PassedBack | 'refused' | null>;
  /** Whether it was not begun, and never will be. */
  withdraw(id: string): Promise<boolean>;
  /** Nobody waits for it any more. */
  drop(id: string): Promise<void>;
  /** Begins some that are for this replica. What cannot be read is refused. */
  claim(most: number): Promise<readonly Relay[]>;
  answer(relay: Relay, answer: PassedBack): Promise<void>;
  /** It was not begun: whoever asked may look elsewhere. */
  refuse(relay: Relay): Promise<void>;
  /** Removes what nobody waits for; the number of them. */
  prune(): Promise<number>;
}
