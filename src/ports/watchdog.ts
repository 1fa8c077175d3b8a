import type { Observed } from '../domain/observed.ts';
import type { WatchdogState } from '../domain/watchdog.ts';
import type { CallOptions } from './call.ts';

/** A timer of the controller's, which acts upon the machine unless it is reset in time. */
export interface Watchdog {
  get(call: CallOptions): Promise<Observed<WatchdogState>>;
  /** Stops it, and takes its action from it. Sent once. */
  disable(call: CallOptions): Promise<void>;
  /** Begins its time anew, and starts it if it does not run. Sent once. Faults: `conflict` for one that was never set up. */
  reset(call: CallOptions): Promise<void>;
}
