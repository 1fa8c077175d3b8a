import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { ServerChannel } from 'ssh2';
import { ssh } from '../../src/adapters/ssh.ts';
import type { SshOptions } from '../../src/adapters/ssh.ts';
import type { RemoteResult } from '../../src/ports/remote.ts';
import { startHostileSshd } from './hostile-sshd.ts';
import type { HostileSshd, Manners, Visit } from './hostile-sshd.ts';

export const options: SshOptions = { resolve: async (host) => [host], connectTimeoutMs: 600, silenceMs: 600 };
export const { privateKey, publicKey } = ssh(options).makeKeyPair('');

/** A server, and the host keys to expect of it. */
type Where = Pick<HostileSshd, 'address' | 'port' | 'open' | 'stop'> & { readonly hostKeys?: readonly string[] };
/** What differs from the usual. */
export interface Ask {
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly hostKeys?: readonly string[];
  readonly address?: string;
  readonly over?: Partial<SshOptions>;
}

/** `true`, run there; it leaves no listener on the signal. */
export const run = async (there: Where, ask: Ask = {}): Promise<RemoteResult> => {
  const { timeoutMs = 5_000, maxBytes = 1_000, signal = new AbortController().signal } = ask;
  const endpoint = {
    address: ask.address ?? there.address,
    port: there.port,
    user: 'igor',
    hostKeys: ask.hostKeys ?? there.hostKeys ?? [publicKey],
    publicKey,
    privateKey,
  };
  try {
    return await ssh({ ...options, ...ask.over }).run(endpoint, ['true'], { timeoutMs, maxBytes }, signal);
  } finally {
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  }
};

/** Whatever the host did, its connections are gone afterwards. */
export const using = async <T extends Where>(server: T, act: (server: T) => Promise<void>): Promise<void> => {
  try {
    await act(server);
    for (let waited = 0; waited < 500 && server.open() > 0; waited += 10) await sleep(10);
    expect(server.open()).to.equal(0);
  } finally {
    await server.stop();
  }
};
/** A server that behaves so, for as long as `act` takes. */
export const against = async (manners: Manners, act: (server: HostileSshd) => Promise<void>): Promise<void> =>
  using(await startHostileSshd(manners), act);

/** What `act` resolves to, in less than `ms`. */
export const within = async <T>(ms: number, act: () => Promise<T>): Promise<T> => {
  const since = performance.now();
  const result = await act();
  expect(performance.now() - since).to.be.below(ms);
  return result;
};

export const ended = (channel: ServerChannel): void => {
  channel.exit(0);
  channel.end();
};

export const saysDone: NonNullable<Manners['exec']> = (accept) => {
  const channel = accept();
  channel.write('done');
  ended(channel);
};

/** In as few packets as it takes. */
export const inOneBreath = (visit: Visit, ...acts: readonly ((visit: Visit) => void)[]): void => {
  visit.socket.cork();
  for (const act of acts) act(visit);
  visit.socket.uncork();
};
export const repeat = (times: number, act: () => void): void => {
  for (let count = 0; count < times; count++) act();
};

/** Without end, as fast as it is taken. */
export const pour = (into: Writable, chunk: Buffer): void => {
  const more = (): void => {
    while (!into.destroyed && into.write(chunk));
  };
  into.on('drain', more);
  more();
};
/** The same, by messages of any kind. */
export const flood = (socket: Socket, send: () => void): void => {
  if (socket.destroyed || !socket.writable) return;
  if (socket.writableLength < 1_000_000) send();
  setImmediate(flood, socket, send);
};
