import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { Fault } from '../../domain/fault.ts';
import { Secret } from '../../domain/secret.ts';
import type { KeyPair } from '../../ports/remote.ts';

/**
 * A new ed25519 key pair in OpenSSH's format (PROTOCOL.key, unencrypted). Not by ssh2, which drops a leading zero byte
 * of the public key (1.17): one key in 256 would be unusable.
 * Faults: `invalid-input` for a comment that would break the line.
 */
export const makeKeyPair = (comment: string): KeyPair => {
  if (/\p{Cc}|\p{Surrogate}/u.test(comment)) {
    throw new Fault('invalid-input', 'the comment of a key holds a control character');
  }
  const { x: publicPart, d: privatePart } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (publicPart === undefined || privatePart === undefined)
    throw new Fault('internal', 'an ed25519 key without x or d');
  const point = Buffer.from(publicPart, 'base64url');
  const blob = Buffer.concat([string('ssh-ed25519'), string(point)]);
  const seed = Buffer.from(privatePart, 'base64url');
  return {
    publicKey: `ssh-ed25519 ${blob.toString('base64')} ${comment}`.trimEnd(),
    privateKey: new Secret(armoured(blob, Buffer.concat([string(Buffer.concat([seed, point])), string(comment)]))),
  };
};

/** The host keys that are taken, and the signature algorithms to ask the host for. */
export interface Pin {
  readonly algorithms: readonly ServerHostKeyAlgorithm[];
  fits(key: Buffer): boolean;
}

/** Of lines such as `ssh-ed25519 AAAA…`. What we cannot verify with a modern algorithm is never asked for. */
export const pin = (hostKeys: readonly string[]): Pin => {
  const blobs = hostKeys.map((line) => Buffer.from(line.trim().split(/\s+/)[1] ?? '', 'base64'));
  const types = new Set(blobs.map(typeOf));
  return {
    algorithms: signatures.filter(({ keyType }) => types.has(keyType)).map(({ algorithm }) => algorithm),
    fits: (key) => blobs.some((blob) => blob.equals(key)),
  };
};

/** The best first. `ssh-rsa` is a type of key; as an algorithm it signs with SHA-1. */
const signatures: readonly { readonly keyType: string; readonly algorithm: ServerHostKeyAlgorithm }[] = [
  { keyType: 'ssh-ed25519', algorithm: 'ssh-ed25519' },
  { keyType: 'ecdsa-sha2-nistp256', algorithm: 'ecdsa-sha2-nistp256' },
  { keyType: 'ecdsa-sha2-nistp384', algorithm: 'ecdsa-sha2-nistp384' },
  { keyType: 'ecdsa-sha2-nistp521', algorithm: 'ecdsa-sha2-nistp521' },
  { keyType: 'ssh-rsa', algorithm: 'rsa-sha2-512' },
  { keyType: 'ssh-rsa', algorithm: 'rsa-sha2-256' },
];

const typeOf = (blob: Buffer): string => (blob.length < 4 ? '' : blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)));

/** `string` of RFC 4251, section 5. */
const string = (value: string | Buffer): Buffer => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const armoured = (blob: Buffer, rest: Buffer): string => {
  const check = randomBytes(4);
  const section = Buffer.concat([check, check, blob, rest]);
  const padding = Buffer.from(Array.from({ length: (8 - (section.length % 8)) % 8 }, (_, index) => index + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...['none', 'none', ''].map(string),
    Buffer.from([0, 0, 0, 1]),
    string(blob),
    string(Buffer.concat([section, padding])),
  ]);
  const lines = file.toString('base64').replace(/.{70}(?=.)/g, '$&\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
};
