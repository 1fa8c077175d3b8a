import type { Caller } from '../domain/caller.ts';
import type { Effect } from '../domain/journal.ts';
import type { OperationSet, SetTarget, Strategy, TargetState } from '../domain/operation-set.ts';
import type { Secret } from '../domain/secret.ts';
import type { SetField } from '../domain/list-fields.ts';
import type { Page, PageQuery, RecordedCaller } from './services.ts';

export interface NewTarget {
  readonly kind: 'machine' | 'controller';
  readonly id: string;
  readonly name: string;
  readonly projectId: string | null;
  /** The one that it is done through, as far as that is known: who holds it does it. */
  readonly controllerId: string | null;
  /** Indexes of those that must have ended before. */
  readonly after: readonly number[];
}

export interface NewSet {
  readonly kind: string;
  readonly effect: Effect;
  readonly parameters: unknown;
  /** The whole as JSON, where it holds secrets: kept sealed, and erased at the end. */
  readonly secretParameters: Secret | null;
  readonly caller: RecordedCaller;
  readonly reason: string | null;
  /** Names, folded. */
  readonly folded: string;
  readonly targets: readonly NewTarget[];
  readonly strategy: Strategy;
  /** From now. */
  readonly deadlineMs: number;
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
  readonly retryOf: string | null;
  readonly scheduleId: string | null;
}

/** One target that this replica, and no other, may begin. */
export interface Claim {
  readonly setId: string;
  readonly position: number;
  /** Its number: a later one ends this. */
  readonly claim: number;
  readonly kind: string;
  readonly targetKind: 'machine' | 'controller';
  readonly targetId: string;
  /** As the caller gave them. */
  readonly parameters: unknown;
  readonly caller: RecordedCaller;
  /** Milliseconds until it may start, by the stagger. */
  readonly waitMs: number;
  /** Milliseconds until nobody waits for it any more. */
  readonly deadlineMs: number;
}

export type Place = Pick<Claim, 'setId' | 'position' | 'claim'>;

export interface Settlement extends Place {
  readonly state: Extract<TargetState, 'succeeded' | 'failed' | 'unknown'>;
  readonly fault: { readonly code: string; readonly detail: string } | null;
  readonly result: unknown;
}

export interface TargetQuery {
  readonly limit: number;
  /** The position after which it goes on; -1: from the first. */
  readonly after: number;
  readonly states: readonly TargetState[] | null;
}

/** Operations on sets: a queue that replicas share. Times are by the database's clock. */
export interface OperationSets {
  /** In one transaction. With an idempotency key that is known: the one that was made. Faults: `conflict` when that asked for something else. */
  create(set: NewSet): Promise<{ readonly set: OperationSet; readonly isNew: boolean }>;
  /** Null: there is none within what the caller may see. */
  get(id: string, caller: Caller): Promise<OperationSet | null>;
  list(query: PageQuery<SetField>, caller: Caller): Promise<Page<OperationSet>>;
  targets(id: string, query: TargetQuery): Promise<{ readonly items: readonly SetTarget[]; readonly isLast: boolean }>;
  /** What has changed since a revision, with the set as it stands; at least so many targets if there are, the first to change first. */
  since(id: string, revision: number, most: number): Promise<Since | null>;
  /** Claims some targets of the set whose turn it is, for this replica: the projects take turns, and so do a project's sets. */
  claim(most: number, except: Except): Promise<Claimed | null>;
  /** Right before anything is sent: of these, all of one set, those that this replica still holds. Nothing is sent for the others. */
  begin(setId: string, places: readonly (Place & { readonly actId: string })[]): Promise<ReadonlySet<number>>;
  /** Of one set. What is not held any more is dropped. */
  settle(setId: string, settlements: readonly Settlement[]): Promise<void>;
  /** Claims that were not begun, given back to the queue. */
  giveBack(setId: string, places: readonly Place[]): Promise<void>;
  /** What this replica has claimed or begun and not ended, by the database. */
  held(): Promise<readonly (Place & { readonly isBegun: boolean })[]>;
  /** Ends what has not begun; the set as it is then. */
  cancel(id: string, by: string): Promise<OperationSet>;
  /** Frees what replicas that are gone had claimed, ends what they ran, and cancels what is past its deadline; the number of targets that became `unknown`. */
  sweep(): Promise<number>;
  /** Removes some that ended more than so many days ago; the number of them. */
  prune(days: number): Promise<number>;
}

/** All that changed in a revision, or nothing of it. */
export interface Since {
  readonly set: OperationSet;
  readonly targets: readonly SetTarget[];
  /** Whether that is all there is up to the set's own revision. */
  readonly isAll: boolean;
  /** The revision up to which it is told, otherwise. */
  readonly last: number;
}

/** What is passed over. */
export interface Except {
  readonly sets: readonly string[];
  readonly projects: readonly string[];
}

export interface Claimed {
  readonly setId: string;
  /** For which the queue is fair. */
  readonly projectId: string;
  /** May be none: what is left waits for others, or is another replica's. */
  readonly claims: readonly Claim[];
}
