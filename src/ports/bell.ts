/** What replicas tell each other of. */
export const channels = ['queue', 'operations', 'relays', 'events', 'deliveries', 'schedules'] as const;
export type Channel = (typeof channels)[number];

/**
 * Tells every replica, this one too, that there is something to see in the database. What is rung while nobody hears is
 * lost: who listens looks by himself as well, at an interval.
 */
export interface Bell {
  /** Hears each ring of a channel with what was said (at most 8000 bytes); null: something may have been missed. Stops by what is returned. */
  on(channel: Channel, heard: (said: string | null) => void): () => void;
  /** Never throws: what is to be seen is there without it. */
  ring(channel: Channel, said?: string): Promise<void>;
}
