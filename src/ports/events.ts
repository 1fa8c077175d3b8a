import type { Happened } from '../domain/event.ts';
import type { Position } from '../domain/event-position.ts';

/** A machine, as far as it decides who is told of what happened to it. */
export interface EventMachine {
  readonly id: string;
  readonly projectId: string;
  readonly projectDomainId: string;
  readonly tags: readonly string[];
}

/** An event with what it is about as that is now. */
export interface StoredEvent extends Happened {
  readonly position: Position;
  /** Whose it was when it happened. */
  readonly projectId: string | null;
  readonly machineId: string | null;
  /** Null: it is about none, or the machine is gone. */
  readonly machine: EventMachine | null;
  /** Of an event about a controller: whose it is now, with every machine behind it; null: the operator's, or gone. */
  readonly controllerOwner: string | null;
}

/** What happened, in the order of commits. */
export interface Events {
  /** Before whatever comes from now on; nothing can come before it any more. */
  head(): Promise<Position>;
  /** The next ones. `more`: others have been written that cannot be told yet, since an older transaction still runs. */
  after(
    position: Position,
    most: number,
  ): Promise<{ readonly events: readonly StoredEvent[]; readonly head: Position; readonly more: boolean }>;
  /** Before the first that happened at that time or later. */
  since(at: Date): Promise<Position>;
  /** Whether some that came after the position are not kept any more, or it is none of this database's. */
  isLost(position: Position): Promise<boolean>;
  /** After a database was put in place of another one: what was written there comes before whatever is written here. */
  adopt(): Promise<void>;
  /** Has the end of grants told that have ended by themselves; the number of them. */
  tellEnded(): Promise<number>;
  /** Removes some that happened more than so many days ago; the number of them. */
  prune(days: number): Promise<number>;
}
