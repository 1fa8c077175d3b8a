export const replicaStates = ['alive', 'draining', 'dead'] as const;

/** A process of this service, as its peers see it. */
export interface ReplicaStanding {
  readonly id: string;
  readonly version: string;
  readonly address: string | null;
  readonly state: (typeof replicaStates)[number];
  readonly startedAt: Date;
  /** Null: it is known to have ended. */
  readonly heartbeatAt: Date | null;
  /** Controllers that it holds. */
  readonly leases: number;
  /** Logins that it has at controllers. */
  readonly sessions: number;
  /** Changes and commands that it is at. */
  readonly running: number;
}

export interface Replicas {
  /** Those that live, the eldest first; then those that are dead, for a day. */
  list(): Promise<readonly ReplicaStanding[]>;
  count(): Promise<ReadonlyMap<ReplicaStanding['state'], number>>;
}
