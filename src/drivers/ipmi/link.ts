import type { CallOptions, Endpoint, Link } from '../../ports/controller.ts';
import type { Answer, Message } from './message.ts';

/** Where a BMC is, and how to log in to it. */
export interface IpmiEndpoint extends Endpoint {
  readonly options: {
    readonly cipher_suites: readonly number[];
    readonly privilege: 'operator' | 'administrator';
    readonly min_interval_ms: number;
  };
}

/** The contract of every way of carrying IPMI: a message in, its answer out, whatever the completion code. */
export interface Ipmi extends Link {
  /** What a driver may keep between connections; null: nothing. */
  readonly shelf: Endpoint['shelf'];
  /** Asks for something; may be asked again when no answer comes. Rejects at once when the signal is aborted. */
  ask(message: Message, call: CallOptions): Promise<Answer>;
  /**
   * Changes something; sent once. Further fault: `outcome-unknown`; every other one means that nothing was changed.
   * An answer with a completion code other than 0 means so too.
   */
  tell(message: Message, call: CallOptions): Promise<Answer>;
}
