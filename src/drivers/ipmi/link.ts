import type { CallOptions, Endpoint } from '../../ports/controller.ts';

/** Where a BMC is, and how to log in to it. */
export interface IpmiEndpoint extends Endpoint {
  readonly options: {
    readonly cipher_suites: readonly number[];
    readonly privilege: 'operator' | 'administrator';
  };
}

/** The contract of every way of carrying IPMI: ipmitool's own words in, what it printed out. */
export interface Ipmi extends AsyncDisposable {
  /**
   * Asks for something; asked again on the wire when no answer comes. Gives what was printed, one character a byte.
   * Rejects at once when the signal is aborted.
   */
  read(words: readonly string[], call: CallOptions): Promise<string>;
  /**
   * Changes something; sent once. `accepted` is the line that is printed when, and only when, the BMC has accepted.
   * Further fault: `outcome-unknown`; every other one means that nothing was changed.
   */
  change(words: readonly string[], accepted: string, call: CallOptions): Promise<void>;
}
