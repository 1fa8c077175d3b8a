/** A batch of the journal, as it is published: who keeps the head can tell later whether anything up to it was changed. */
export interface ChainHead {
  readonly batch: string;
  readonly fromSequence: string;
  readonly toSequence: string;
  readonly rows: number;
  /** HMAC-SHA256 in hexadecimal. */
  readonly head: string;
  readonly keyId: string;
}

export type ChainRound =
  /** `isFull`: there may be more to chain. */
  | { readonly state: 'extended'; readonly head: ChainHead; readonly isFull: boolean }
  /** Nothing to chain; another replica is at it; somebody writes for so long that nothing can be chained. */
  | { readonly state: 'idle' | 'elsewhere' | 'held' }
  /** Somebody has changed the chain. */
  | { readonly state: 'broken'; readonly detail: string };

export type PruneRound =
  | {
      readonly state: 'pruned';
      readonly throughBatch: string;
      readonly throughSequence: string;
      readonly rows: number;
    }
  | { readonly state: 'idle' }
  /** Something does not fit the chain: it stays, for it is the evidence. */
  | { readonly state: 'broken'; readonly detail: string };

/** What proves the journal whole: its rows in batches, each under a key together with the head of the one before. */
export interface Chain {
  /** Makes one batch of what is not chained yet, if it is this replica's turn. */
  extend(): Promise<ChainRound>;
  /** When the last batch was made, and from when the oldest row is that is in none. */
  standing(): Promise<ChainStanding>;
  /** Removes some batches' rows that were chained more than so many days ago. */
  prune(days: number): Promise<PruneRound>;
}

export interface ChainStanding {
  readonly headAt: Date | null;
  readonly oldestUnchained: Date | null;
}
