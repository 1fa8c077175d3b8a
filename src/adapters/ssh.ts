import { Fault } from '../domain/fault.ts';
import { shellQuote } from '../domain/shell-quote.ts';
import type { Remote } from '../ports/remote.ts';
import type { Reach } from '../ports/services.ts';
import { privateKeyOf } from './ssh/client.ts';
import { runCommand } from './ssh/command.ts';
import { dial } from './ssh/dial.ts';
import { makeKeyPair, pin } from './ssh/keys.ts';

export interface SshOptions {
  /** The addresses of a host that may be reached; the connection goes to one of them, never to the name again. */
  readonly resolve: Reach['resolve'];
  /** From the resolution of the name until the command is sent. */
  readonly connectTimeoutMs?: number;
  /** Of a host that says nothing, not even to a keepalive, until it is taken for dead. */
  readonly silenceMs?: number;
  /** Connections at once; further commands wait for their turn. */
  readonly maxConcurrent?: number;
}

/** Commands over SSH, each on a connection of its own. */
export const ssh = ({
  resolve,
  connectTimeoutMs = 10_000,
  silenceMs = 15_000,
  maxConcurrent = 64,
}: SshOptions): Remote => {
  const turn = turns(maxConcurrent);
  return {
    /** An abort before the command is sent is `host-unreachable` (nothing was run); afterwards it is `outcome-unknown`. */
    async run(endpoint, command, limits, signal) {
      const line = shellQuote(command);
      const key = privateKeyOf(endpoint.privateKey);
      const pinned = pin(endpoint.hostKeys);
      if (pinned.algorithms.length === 0) {
        throw new Fault('host-key-mismatch', 'none of the pinned host keys is of a type that Igor verifies');
      }
      const release = await turn(signal);
      try {
        const deadline = performance.now() + connectTimeoutMs;
        const left = (): number => Math.max(Math.round(deadline - performance.now()), 1);
        const addresses = await within(left(), signal, async (inner) => resolve(endpoint.address, inner));
        const socket = await dial(addresses, endpoint.port, left(), signal);
        const login = { user: endpoint.user, key, pin: pinned, setupMs: left(), silenceMs };
        return await runCommand(socket, { ...login, line, limits }, signal);
      } finally {
        release();
      }
    },
    makeKeyPair,
  };
};

/** Ends when the time is over or the caller has gone, whether or not `work` heeds its signal. */
const within = async <T>(
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const inner = new AbortController();
  let end: (fault: Fault) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    end = reject;
  });
  const onAbort = (): void => end(stopped(signal));
  const timer = setTimeout(() => end(new Fault('host-unreachable', `not resolved in ${timeoutMs} ms`)), timeoutMs);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work(inner.signal), ended]);
  } finally {
    inner.abort();
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
};

/** A turn for each of `most` at once, in the order of asking. Each turn is bounded, hence so is the wait. */
const turns = (most: number): ((signal: AbortSignal) => Promise<() => void>) => {
  let free = most;
  const waiting = new Set<() => void>();
  const release = (): void => {
    const [next] = waiting;
    if (next) next();
    else free += 1;
  };
  return async (signal) => {
    if (signal.aborted) throw stopped(signal);
    if (free > 0) {
      free -= 1;
      return release;
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(go);
        signal.removeEventListener('abort', onAbort);
      };
      const go = (): void => {
        leave();
        resolve(release);
      };
      const onAbort = (): void => {
        leave();
        reject(stopped(signal));
      };
      waiting.add(go);
      signal.addEventListener('abort', onAbort);
    });
  };
};

const stopped = ({ reason }: AbortSignal): Fault =>
  new Fault('host-unreachable', 'stopped by the caller before the command was sent', { cause: reason });
