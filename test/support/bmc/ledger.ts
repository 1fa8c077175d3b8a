/** A request that was carried out or refused; a retransmission makes no second one. */
export interface Executed {
  /** A name of the command table, or `unknown-command`. */
  readonly command: string;
  readonly netfn: number;
  readonly code: number;
  readonly data: Buffer;
  readonly completion: number;
  /** Null outside any session. */
  readonly user: string | null;
  readonly at: Date;
}

/** A console that finds out at RAKP 2 that the password is wrong just goes (ipmitool does): an attempt neither accepted nor refused. */
export interface LoginCount {
  /** RAKP 1 messages that named the user. */
  readonly attempts: number;
  readonly accepted: number;
  readonly refused: number;
  /** Attempts since the last accepted one. */
  readonly inARow: number;
}

export interface Ledger {
  add(executed: Executed): void;
  /** In order; the oldest are forgotten beyond ten thousand. */
  executed(): readonly Executed[];
  /** How often a command was executed since the start. */
  count(command: string): number;
  noteLogin(user: string, event: 'attempt' | 'accepted' | 'refused'): void;
  logins(user: string): LoginCount;
  /** The attempts in a row begin anew. */
  forgive(user: string): void;
}

const kept = 10_000;
const none: LoginCount = { attempts: 0, accepted: 0, refused: 0, inARow: 0 };

export const ledger = (): Ledger => {
  const executed: Executed[] = [];
  const counts = new Map<string, number>();
  const logins = new Map<string, LoginCount>();
  const of = (user: string): LoginCount => logins.get(user) ?? none;
  return {
    add(entry) {
      executed.push(entry);
      if (executed.length >= 2 * kept) executed.splice(0, executed.length - kept);
      counts.set(entry.command, (counts.get(entry.command) ?? 0) + 1);
    },
    executed: () => executed.slice(-kept),
    count: (command) => counts.get(command) ?? 0,
    noteLogin: (user, event) => void logins.set(user, after(of(user), event)),
    logins: of,
    forgive: (user) => void logins.set(user, { ...of(user), inARow: 0 }),
  };
};

const after = (count: LoginCount, event: 'attempt' | 'accepted' | 'refused'): LoginCount => {
  switch (event) {
    case 'attempt':
      return { ...count, attempts: count.attempts + 1, inARow: count.inARow + 1 };
    case 'accepted':
      return { ...count, accepted: count.accepted + 1, inARow: 0 };
    case 'refused':
      return { ...count, refused: count.refused + 1 };
  }
};
