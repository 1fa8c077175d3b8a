import { randomBytes, randomUUID } from 'node:crypto';
import { link, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';

const keyBytes = 32;

const keyId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be an id of letters, digits, "_", "." and "-"');
const keySchema = z.strictObject({
  id: keyId,
  key: z.string().refine((base64) => isKey(base64), `must be ${keyBytes} bytes in base64`),
  created_at: z.iso.datetime(),
});
const schema = z
  .strictObject({ active: keyId, keys: z.array(keySchema).min(1) })
  .refine(({ keys }) => new Set(keys.map(({ id }) => id)).size === keys.length, 'two keys have the same id')
  .refine(({ active, keys }) => keys.some(({ id }) => id === active), 'the active key is not among the keys');

export type KeyringFile = z.infer<typeof schema>;
type Key = z.infer<typeof keySchema>;

export const newKey = (): Key => ({
  id: `k-${randomBytes(6).toString('hex')}`,
  key: randomBytes(keyBytes).toString('base64'),
  created_at: new Date().toISOString(),
});

/** Faults: `internal`, saying what is wrong and nothing that the file holds. */
export const readKeyring = async (path: string): Promise<KeyringFile> => {
  const file = await opened(path);
  try {
    const about = await file.stat();
    if (!about.isFile()) throw problem(path, 'is not a file');
    if ((about.mode & 0o077) !== 0) {
      throw problem(
        path,
        `is open to others (mode ${(about.mode & 0o777).toString(8).padStart(4, '0')}): chmod 600 it`,
      );
    }
    return parsed(path, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
};

/** Faults: `conflict` when there is something by that name. */
export const writeKeyring = async (path: string, content: KeyringFile): Promise<void> => {
  const draft = `${path}.${randomUUID()}`;
  try {
    await using file = await open(draft, 'wx', 0o600);
    await writeAll(file, content);
    // Unlike a renaming, a link never takes the place of what is there.
    await link(draft, path);
  } catch (thrown) {
    throw codeOf(thrown) === 'EEXIST' ? new Fault('conflict', `${path} is there already`) : thrown;
  } finally {
    await rm(draft, { force: true });
  }
  await syncDirectory(path);
};

/** Reads, changes and replaces it, one process at a time. Faults: `conflict` while another does, or when one died doing so. */
export const replaceKeyring = async (path: string, change: (content: KeyringFile) => KeyringFile): Promise<void> => {
  const draft = `${path}.new`;
  // The draft's own exclusive creation is the lock: with two at once, the key of one would be lost.
  await using file = await open(draft, 'wx', 0o600).catch((thrown: unknown) => {
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
    throw new Fault('conflict', `${path} is being changed; if by nobody, remove ${draft}`);
  });
  try {
    const content = change(await readKeyring(path));
    // Root may add a key to the keyring of a service's user.
    const { uid, gid } = await stat(path);
    await file.chown(uid, gid);
    await writeAll(file, content);
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft);
    throw thrown;
  }
  await syncDirectory(path);
};

const writeAll = async (file: FileHandle, content: KeyringFile): Promise<void> => {
  await file.writeFile(text(content));
  await file.sync();
};

const text = (content: KeyringFile): string => `${JSON.stringify(content, null, 2)}\n`;

/** A new name is as lasting as its directory. */
const syncDirectory = async (path: string): Promise<void> => {
  await using directory = await open(dirname(path), 'r');
  await directory.sync();
};

const opened = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, 'r');
  } catch (thrown) {
    throw problem(path, `cannot be read: ${codeOf(thrown)}`);
  }
};

const parsed = (path: string, content: string): KeyringFile => {
  const result = schema.safeParse(json(path, content));
  if (result.success) return result.data;
  throw problem(path, result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim()).join('; '));
};

const json = (path: string, content: string): unknown => {
  try {
    return JSON.parse(content);
  } catch {
    // The parser's own words quote the text, and with it a key.
    throw problem(path, 'is not JSON');
  }
};

const problem = (path: string, text: string): Fault => new Fault('internal', `keyring ${path}: ${text}`);

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'unknown error';

const isKey = (base64: string): boolean => {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === keyBytes && bytes.toString('base64') === base64;
};
