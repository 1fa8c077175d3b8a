import type { NetworkState } from '../domain/move.ts';
import type { Place } from '../domain/open-move.ts';
import type { RecordedCaller } from './services.ts';

/** A change of a controller's network, as it is kept until it is known where it led. */
export interface Move {
  readonly id: string;
  readonly controllerId: string;
  /** Whose it is; null: the operator's. */
  readonly projectId: string | null;
  /** Who asked for it, and by which act. */
  readonly caller: RecordedCaller;
  readonly actId: string;
  readonly channel: number;
  readonly from: Place;
  /** The same as `from` where the change keeps the address. */
  readonly to: Place;
  readonly before: NetworkState;
  readonly wanted: NetworkState;
  /** What tells the controller from every other. */
  readonly identity: string;
  /** Addresses that refused our account: not asked again. */
  readonly refused: readonly string[];
  readonly since: Date;
}

/** How it ended. `found` and `moved`: at the new address, the record now says so unless it has a name. */
export type MoveEnd = 'moved' | 'kept' | 'restored' | 'refused' | 'lost' | 'superseded';

export interface Moves {
  /**
   * Written before anything is sent. Faults: `in-use` while another change of it is open, `conflict` where another
   * controller has, or is on its way to, that address.
   */
  begin(move: Omit<Move, 'id' | 'refused' | 'since'>): Promise<Move>;
  /** Closes it. With `moved`, the controller's address on record becomes the new one, if it is still the old one; whether it did. */
  end(id: string, how: MoveEnd): Promise<boolean>;
  /** Nobody of this replica is at it any more: to be looked at again after so many milliseconds. */
  leave(id: string, afterMs: number): Promise<void>;
  /** That address refused our account. */
  refuse(id: string, address: string): Promise<void>;
  /** Claims those that are due, or whose replica is gone, for this replica alone; how often each was looked at before. */
  claim(most: number): Promise<readonly (Move & { readonly looks: number; readonly isSuperseded: boolean })[]>;
}
