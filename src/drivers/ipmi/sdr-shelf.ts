import { createHash } from 'node:crypto';

/** Records as they were read, and of what firmware and repository. */
export interface Kept {
  readonly identity: Buffer;
  readonly records: readonly Buffer[];
}

const digestBytes = 32;

/** A digest of the rest, and then the identity and each record, each after its length. */
export const packed = ({ identity, records }: Kept): Buffer => {
  const parts = [identity, ...records].flatMap((part) => [lengthOf(part), part]);
  const body = Buffer.concat(parts);
  return Buffer.concat([digestOf(body), body]);
};

/** Null for what is damaged, or is nothing of ours. */
export const unpacked = (entry: Buffer): Kept | null => {
  const body = entry.subarray(digestBytes);
  if (!digestOf(body).equals(entry.subarray(0, digestBytes))) return null;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    if (at + 2 > body.length) return null;
    const end = at + 2 + body.readUInt16LE(at);
    if (end > body.length) return null;
    parts.push(body.subarray(at + 2, end));
    at = end;
  }
  const [identity, ...records] = parts;
  return identity === undefined ? null : { identity, records };
};

const digestOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

const lengthOf = (part: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(part.length);
  return length;
};
