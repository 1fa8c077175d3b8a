import ssh2 from 'ssh2';
import type { Client, ConnectConfig, ParsedKey, PublicKeyAuthMethod } from 'ssh2';
import type { Socket } from 'node:net';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Pin } from './keys.ts';

export interface Login {
  readonly user: string;
  readonly key: ParsedKey;
  readonly pin: Pin;
  /** Until the command is sent. */
  readonly setupMs: number;
  /** After which a host that says nothing at all is taken for dead. */
  readonly silenceMs: number;
}

/** No agent, no password, no forwarding: one key, offered once. */
export const connection = (socket: Socket, { user, key, pin, setupMs, silenceMs }: Login): ConnectConfig => {
  const login: PublicKeyAuthMethod = { type: 'publickey', username: user, key };
  return {
    sock: socket,
    username: user,
    authHandler: [login],
    hostVerifier: (shown: Buffer) => pin.fits(shown),
    readyTimeout: setupMs,
    // Asks for a sign of life; whether one came is told by the bytes, for an answer may wait behind much output.
    keepaliveInterval: Math.ceil(silenceMs / 3),
    keepaliveCountMax: Number.MAX_SAFE_INTEGER,
    algorithms: {
      kex: [
        'curve25519-sha256',
        'curve25519-sha256@libssh.org',
        'ecdh-sha2-nistp256',
        'ecdh-sha2-nistp384',
        'ecdh-sha2-nistp521',
      ],
      serverHostKey: [...pin.algorithms],
      cipher: [
        'aes128-gcm@openssh.com',
        'aes256-gcm@openssh.com',
        'aes128-ctr',
        'aes256-ctr',
        'chacha20-poly1305@openssh.com',
      ],
      hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
      compress: ['none'],
    },
  };
};

/** An ed25519 key, which has one algorithm and hence is offered once. Faults: `internal`, for it was Igor that made it. */
export const privateKeyOf = (secret: Secret): ParsedKey => {
  const key = ssh2.utils.parseKey(secret.reveal());
  if (key instanceof Error || key.type !== 'ssh-ed25519' || !key.isPrivateKey()) {
    throw new Fault('internal', 'the private key of the machine cannot be used', {
      cause: key instanceof Error ? key : undefined,
    });
  }
  return key;
};

/** Says goodbye, if it can still be said. */
export const leave = (client: Client): void => {
  try {
    client.end();
  } catch {
    // ssh2 throws when the protocol has failed before; the socket is destroyed in any case.
  }
};

/** What ssh2 keeps to itself. Its version is pinned, and the contract tests notice a change. */
interface Internals {
  readonly _protocol: {
    exec: (channel: number, line: string, wantReply: boolean) => void;
    readonly signal: (channel: number, name: string) => void;
  };
  readonly _chanMgr: { readonly get: (id: number) => unknown };
}
const internals = (client: Client): Internals => client as unknown as Internals;

/** Tells the moment when the command goes out; ssh2 tells only when the host has answered. */
export const onExec = (client: Client, tell: (channel: number) => void): void => {
  const protocol = internals(client)._protocol;
  const send = protocol.exec.bind(protocol);
  protocol.exec = (channel, line, wantReply) => {
    tell(channel);
    send(channel, line, wantReply);
  };
};

/** Of the one channel that a connection has. */
export const isChannelOpen = (client: Client): boolean => internals(client)._chanMgr.get(0) !== undefined;

/** ssh2's own `signal` does nothing once standard input is closed. */
export const kill = (client: Client, channel: number): void => {
  try {
    internals(client)._protocol.signal(channel, 'KILL');
  } catch {
    // The connection has failed in the meantime, which is told elsewhere.
  }
};
