import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { Fault } from '../../domain/fault.ts';

/**
 * A connection to the first of the addresses that takes one. The time is shared evenly among those left to try.
 * Only here is anything tried again, since nothing has been sent.
 * Faults: `host-unreachable`.
 */
export const dial = async (
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> => {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown = new Error('no address');
  for (const [index, address] of addresses.entries()) {
    try {
      return await connected(address, port, (deadline - performance.now()) / (addresses.length - index), signal);
    } catch (error) {
      cause = error;
    }
  }
  throw new Fault('host-unreachable', `no connection (${reason(cause)})`, { cause });
};

const connected = async (address: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) throw new Error('stopped');
    // A name here would be resolved anew, perhaps to what is not permitted.
    if (isIP(address) === 0) throw new Error('not an address');
    const socket = connect({ host: address, port, noDelay: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new Error('stopped'));
    const timer = setTimeout(() => fail(new Error('timed out')), Math.max(timeoutMs, 1));
    signal.addEventListener('abort', onAbort);
    // Stays when connected: an error that comes late has nobody else to take it.
    socket.on('error', fail);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });

const reason = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : 'unknown';
};
