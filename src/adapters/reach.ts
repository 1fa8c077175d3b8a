import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Fault } from '../domain/fault.ts';
import { hostAddress } from '../domain/host-name.ts';
import type { TargetNetworks } from '../domain/target-networks.ts';
import type { Reach } from '../ports/services.ts';

/** Asks the system for all addresses of a name. */
export type Lookup = (
  name: string,
  options: { readonly all: true },
) => Promise<readonly { readonly address: string }[]>;

/** Resolves as the host does (`/etc/hosts`, DNS), and takes a name only when each of its addresses is permitted. */
export const reach = (networks: TargetNetworks, timeoutMs = 5_000, ask: Lookup = lookup): Reach => ({
  async resolve(host, signal) {
    signal.throwIfAborted();
    if (!hostAddress.safeParse(host).success) {
      throw new Fault('invalid-input', `${JSON.stringify(host)} is neither an IP address nor a host name`);
    }
    const addresses = isIP(host) === 0 ? await resolved(ask(host, { all: true }), host, timeoutMs, signal) : [host];
    for (const address of addresses) {
      const answer = networks.permits(address);
      if (answer !== true) throw new Fault('invalid-input', host === address ? answer : `${host}: ${answer}`);
    }
    return addresses;
  },
});

/** The system's resolver cannot be stopped: when time is up, its answer is merely no longer waited for. */
const resolved = async (
  answer: ReturnType<Lookup>,
  host: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const deadline = AbortSignal.timeout(timeoutMs);
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => {
      reject(
        signal.aborted
          ? (signal.reason as Error)
          : new Fault('invalid-input', `${host} was not resolved within ${timeoutMs} ms`),
      );
    };
    signal.addEventListener('abort', stop);
    deadline.addEventListener('abort', stop);
  });
  try {
    const found = await Promise.race([answer, stopped]);
    return [...new Set(found.map(({ address }) => address))];
  } catch (thrown) {
    if (thrown instanceof Fault || signal.aborted) throw thrown;
    throw new Fault('invalid-input', `${host} cannot be resolved: ${codeOf(thrown)}`, { cause: thrown });
  } finally {
    signal.removeEventListener('abort', stop);
    deadline.removeEventListener('abort', stop);
  }
};

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'unknown error';
