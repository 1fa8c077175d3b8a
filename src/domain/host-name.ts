import { isIP } from 'node:net';
import { z } from 'zod';

// Patterns take both cases in words: a flag would be lost in the JSON Schema.

/** A machine's name: a host name (RFC 1123 §2.1) that could not be taken for a machine's id. Its case is kept. */
export const hostName = z
  .string()
  .max(253)
  .regex(/^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/, 'must be a host name')
  .refine((name) => !/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(name), 'must not look like an id');

/** Where something is reached: an IPv4 or IPv6 address without a zone, or a host name. */
export const hostAddress = z
  .string()
  .max(253)
  .refine((address) => isAddress(address) || isResolvable(address), 'must be an IP address or a host name');

/** Read with colons, dashes, dots or none; kept in lower case with colons. */
export const macAddress = z
  .string()
  .regex(
    /^([\dA-Fa-f]{2}(:[\dA-Fa-f]{2}){5}|[\dA-Fa-f]{2}(-[\dA-Fa-f]{2}){5}|[\dA-Fa-f]{4}(\.[\dA-Fa-f]{4}){2}|[\dA-Fa-f]{12})$/,
    'must be a MAC address',
  )
  .overwrite((address) =>
    address
      .toLowerCase()
      .replaceAll(/[:.-]/g, '')
      .replaceAll(/..(?=.)/g, '$&:'),
  );

const hostKeyTypes = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

/** A host's public key as sshd's `.pub` file has it, without the comment: `ssh-ed25519 AAAA…` (RFC 4253 §6.6). */
export const sshHostKey = z
  .string()
  .max(16_384)
  .refine((line) => isHostKey(line), `must be "<type> <base64>" with a type of ${hostKeyTypes.join(', ')}`);

/** Printable, and safe in OpenStack's `tags=a,b` and `/tags/{tag}`. */
export const tag = z
  .string()
  .min(1)
  .max(60)
  .regex(/^(?! )[^\p{C}\p{Zl}\p{Zp}/,]*(?<! )$/u, 'must be printable, without "/" and ","');

/** Keystone's own are 32 hexadecimal digits, but need not be. */
export const projectId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the id of a project');

const isAddress = (address: string): boolean => isIP(address) !== 0 && !address.includes('%');

/** A last label of digits is an IPv4 address to some resolvers (`127.1`, `0x7f.1`), in a spelling that people misread. */
const isResolvable = (name: string): boolean =>
  hostName.safeParse(name).success && !/(^|\.)(\d+|0x[0-9a-f]*)$/i.test(name);

const isHostKey = (line: string): boolean => {
  const [, type = '', base64 = ''] = /^([a-z0-9-]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  const blob = Buffer.from(base64, 'base64');
  const inner = Buffer.concat([Buffer.from([0, 0, 0, type.length]), Buffer.from(type)]);
  return (
    hostKeyTypes.includes(type) &&
    blob.toString('base64') === base64 &&
    blob.length > inner.length &&
    blob.subarray(0, inner.length).equals(inner)
  );
};
