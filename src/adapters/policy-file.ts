import { constants, type BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { mostPolicyBytes, readPolicy, type PolicyRead } from '../domain/policy-file.ts';

/** What is in a policy file, or why it cannot be used; and which version of the file that is about. */
export type PolicyFileReading = { readonly version: string } & (PolicyRead | { readonly problems: readonly string[] });

/** Reads a policy file. Never throws. */
export const readPolicyFile = async (path: string): Promise<PolicyFileReading> => {
  try {
    // A pipe without a writer would keep an ordinary opening waiting.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const about = await file.stat({ bigint: true });
    const version = versionOf(about);
    const objection = objectionTo(about);
    if (objection !== null) return { version, problems: [objection] };
    const most = mostPolicyBytes + 1;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0);
    // What is missing at the end might be what forbids.
    if (bytesRead < Math.min(Number(about.size), most))
      return { version, problems: ['it became shorter while it was read'] };
    const text = textOf(buffer.subarray(0, bytesRead));
    return { version, ...(text === null ? { problems: ['it is not in UTF-8'] } : readPolicy(text)) };
  } catch (error) {
    return { version: await policyFileVersion(path), problems: [`it cannot be read: ${codeOf(error)}`] };
  }
};

/** What of a file changes when its content does, however it is replaced: written over, renamed, behind another link. */
export const policyFileVersion = async (path: string): Promise<string> => {
  try {
    return versionOf(await stat(path, { bigint: true }));
  } catch (error) {
    return absent(error);
  }
};

const versionOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

const objectionTo = (about: BigIntStats): string | null => {
  if (!about.isFile()) return 'it is not a file';
  // Who may write it may do everything.
  if ((about.mode & 0o002n) !== 0n) return 'everybody may write it: chmod o-w';
  return null;
};

const textOf = (bytes: Buffer): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

const absent = (error: unknown): string => `absent: ${codeOf(error)}`;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
