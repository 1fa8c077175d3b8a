/** What a login may do at a controller, from the least to the most. */
export const privileges = ['callback', 'user', 'operator', 'administrator', 'oem'] as const;

/** A login that is open at a controller, as the controller tells of it. */
export interface ControllerSession {
  /** By which the controller names it while it lasts; another session may get it afterwards. */
  readonly handle: number;
  readonly userId: number;
  /** Null: the controller does not tell. */
  readonly userName: string | null;
  readonly privilege: (typeof privileges)[number] | null;
  /** Where it came from; null: not over a network, or not told. */
  readonly address: string | null;
  readonly port: number | null;
}

/** Every login that is open at a controller. */
export interface SessionTable {
  /** That it may have at a time. */
  readonly slots: number;
  /** Of the one by which this was asked; null: it was opened for this question alone. */
  readonly current: number | null;
  readonly sessions: readonly ControllerSession[];
}
