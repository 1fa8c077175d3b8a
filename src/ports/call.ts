/** Goes all the way down: a call that waits and takes no signal is a bug. */
export interface CallOptions {
  readonly signal: AbortSignal;
}
