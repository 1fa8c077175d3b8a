import { createHash, randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { chmod, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type { Cloud } from '../domain/cloud.ts';
import { Secret } from '../domain/secret.ts';
import type { SignedIn, World } from './world.ts';

/** A token that was kept, with the endpoint that was given beside it, if one was. */
export interface Kept extends SignedIn {
  readonly endpoint: string | null;
}

/** The token that `igor login` left, in a file that its owner alone can read. */
export interface TokenCache {
  readonly path: string;
  /** Null: none, or none that may be used; the latter is told to `warn`. */
  read(warn: (line: string) => void): Promise<Kept | null>;
  write(kept: Kept): Promise<void>;
  /** Whether there was one. */
  remove(): Promise<boolean>;
}

/** One file for each way of signing in. Neither its name nor its content tells a password. */
export const tokenCache = ({ env, home }: Pick<World, 'env' | 'home'>, cloud: Cloud): TokenCache => {
  const base = env['XDG_CACHE_HOME'];
  const directory = join(base !== undefined && isAbsolute(base) ? base : join(home, '.cache'), 'igor');
  const path = join(directory, `${nameOf(cloud)}.json`);

  return {
    path,
    async read(warn) {
      const found = await ownText(path);
      if (found === null) return null;
      if ('refused' in found) {
        warn(`igor: the token in ${path} is not used: ${found.refused}; sign in again with igor login`);
        return null;
      }
      const parsed = cached.safeParse(jsonOf(found.text));
      if (!parsed.success) return null;
      const { token, expires_at, endpoint, catalog } = parsed.data;
      return { token: new Secret(token), expiresAt: new Date(expires_at), endpoint, catalog };
    },
    async write({ token, expiresAt, endpoint, catalog }) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await chmod(dirname(path), 0o700);
      const text = JSON.stringify({ token: token.reveal(), expires_at: expiresAt.toISOString(), endpoint, catalog });
      const draft = `${path}.${randomUUID()}`;
      try {
        await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
        await rename(draft, path);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    async remove() {
      try {
        await rm(path);
        return true;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return false;
        throw error;
      }
    },
  };
};

const cached = z.object({
  token: z.string().min(1),
  expires_at: z.iso.datetime(),
  endpoint: z.string().nullable(),
  catalog: z.array(
    z.object({
      type: z.string(),
      endpoints: z.array(z.object({ interface: z.string(), region_id: z.string().nullish(), url: z.string() })),
    }),
  ),
});

/** Who signs in where, for what. Secrets print as such; of a token, the digest tells whose it is. */
const nameOf = ({ authUrl, auth }: Cloud): string => {
  const who = auth.method === 'token' ? [auth, digest(auth.token.reveal())] : auth;
  return digest(JSON.stringify([authUrl, who]));
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** More than a token and a large catalogue take. */
const mostBytes = 4 * 1024 * 1024;

type Own = { readonly text: string } | { readonly refused: string } | null;

const ownText = async (path: string): Promise<Own> => {
  try {
    // Not through a link, and not waiting for the writer of a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    const refused = objection(stats);
    return refused === null ? { text: await file.readFile('utf8') } : { refused };
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? null : { refused: `it cannot be read (${codeOf(error)})` };
  }
};

const objection = (stats: Stats): string | null => {
  if (!stats.isFile() || stats.size > mostBytes) return 'it is not a file of ours';
  if (stats.uid !== process.getuid?.()) return 'it belongs to another user';
  const mode = stats.mode & 0o777;
  return (mode & 0o077) === 0 ? null : `others may read it (mode ${mode.toString(8)})`;
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
