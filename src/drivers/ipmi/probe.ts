import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { CallOptions, Endpoint } from '../../ports/controller.ts';
import { abandoned } from './abandoned.ts';

/**
 * Milliseconds for which each question is given, from when it was really put: a process that is busy puts it late, and
 * must not take its own lateness for the silence of a BMC.
 */
const patience = [250, 500, 750, 1000] as const;

/**
 * Whether a BMC answers there, without a login: Get Channel Authentication Capabilities, which every one has to have
 * (IPMI 2.0 §22.13; the ASF presence ping may be turned off). False at once where the host says that nobody listens.
 */
export const probe = async (
  { address, port }: Pick<Endpoint, 'address' | 'port'>,
  { signal }: CallOptions,
): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const end = (): void => {
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.close();
    };
    const onAbort = (): void => {
      if (isOver) return;
      end();
      reject(abandoned(signal));
    };
    const answer = (isThere: boolean): void => {
      if (isOver) return;
      end();
      resolve(isThere);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });

    // Connected, so that nobody else is heard, and a refusal by the host is.
    socket.once('error', () => answer(false));
    socket.on('message', (datagram) => {
      if (isAnswer(datagram)) answer(true);
    });
    const ask = (turn: number): void => {
      const ms = patience[turn];
      // What has arrived is read between a timer and this.
      if (ms === undefined) setImmediate(() => answer(false));
      else if (!isOver) {
        socket.send(question, () => undefined);
        timer = setTimeout(() => ask(turn + 1), ms);
      }
    };
    socket.connect(port, address, () => ask(0));
  });

/** Makes the bytes sum up to 0 (IPMI 2.0 §13.8). */
const checksum = (bytes: readonly number[]): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

const [bmc, console, netfn, command] = [0x20, 0x81, 0x06, 0x38];

/** The channel that it comes by, with what IPMI 2.0 adds; for an administrator (table 22-15). */
const body = [console, 0x00, command, 0x8e, 0x04];
const message = [bmc, netfn << 2, checksum([bmc, netfn << 2]), ...body, checksum(body)];

/** RMCP (table 13-1), and a session header of IPMI 1.5 without authentication (table 13-8). */
const header = [0x06, 0x00, 0xff, 0x07, 0x00, ...Array<number>(8).fill(0)];
const question = Buffer.from([...header, message.length, ...message]);

/** Whatever the completion code: it speaks IPMI. */
const isAnswer = (datagram: Buffer): boolean => {
  const length = datagram[13];
  const said = [...datagram.subarray(14)];
  if (length === undefined || said.length < 8 || (said.length !== length && said.length !== length + 1)) return false;
  const told = said.slice(0, length);
  return (
    datagram.subarray(0, 5).equals(Buffer.from(header.slice(0, 5))) &&
    told[0] === console &&
    told[1] === (netfn + 1) << 2 &&
    told[5] === command &&
    checksum(told.slice(0, 3)) === 0 &&
    checksum(told.slice(3)) === 0
  );
};
