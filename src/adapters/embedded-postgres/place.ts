import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../domain/fault.ts';
import { canUse } from './account.ts';
import { runningIn } from './cluster.ts';
import { codeOf, exists, makePublic } from './files.ts';
import type { Account } from './process.ts';

/**
 * The directory that holds the cluster's: the data directory, or, when the account cannot enter that, one under `sharedDir` that the
 * data directory names in `postgres.json`. Faults: `conflict` for a copy of a data directory, whose database is still the original's.
 */
export const placeFor = async (
  { dataDir, sharedDir }: { readonly dataDir: string; readonly sharedDir: string },
  account: Account | null,
  signal: AbortSignal,
): Promise<string> => {
  const pointer = pointerOf(dataDir);
  const named = await read(pointer);
  if (named !== null) return claimed(named.place, pointer);
  if (account === null || (await exists(join(dataDir, 'postgres')))) return dataDir;
  if (await canUse(account, dataDir, signal)) return dataDir;

  const place = join(sharedDir, `data-${randomUUID()}`);
  await makePublic(place);
  await writeOwner(place, dataDir);
  await point(place, pointer);
  return place;
};

/** Removes the databases of data directories that are gone. One on a file system that is not mounted is not gone. */
export const removeLeftovers = async (sharedDir: string): Promise<readonly string[]> => {
  const removed: string[] = [];
  for (const name of await readdir(sharedDir).catch(() => [])) {
    const place = join(sharedDir, name);
    if (!name.startsWith('data-') || !(await isLeftover(place).catch(() => false))) continue;
    await rm(place, { recursive: true, force: true });
    removed.push(place);
  }
  return removed;
};

const owner = z.object({ place: z.string(), data_dir: z.string(), device: z.number() });
type Owner = z.infer<typeof owner>;

const pointerOf = (dataDir: string): string => join(dataDir, 'postgres.json');
const ownerOf = (place: string): string => join(place, 'owner.json');

const writeOwner = async (place: string, dataDir: string): Promise<void> => {
  const content: Owner = { place, data_dir: dataDir, device: (await stat(dataDir)).dev };
  const draft = `${ownerOf(place)}.new`;
  await writeFile(draft, JSON.stringify(content), { mode: 0o600, flush: true });
  await rename(draft, ownerOf(place));
};

/** Where the file system allows, the pointer is a second name of the owner's file, and so follows a data directory that is moved. */
const point = async (place: string, pointer: string): Promise<void> =>
  link(ownerOf(place), pointer).catch(async (thrown: unknown) => {
    if (!['EXDEV', 'EPERM', 'ENOTSUP'].includes(codeOf(thrown))) throw thrown;
    await writeFile(pointer, await readFile(ownerOf(place)), { mode: 0o600, flag: 'wx', flush: true });
  });

const claimed = async (place: string, pointer: string): Promise<string> => {
  const dataDir = dirname(pointer);
  const its = await read(ownerOf(place));
  if (its === null) {
    const remedy = `bring it back, or remove ${pointer} to begin anew`;
    throw new Fault('store-unavailable', `the database of ${dataDir} lay in ${place} and is gone: ${remedy}`);
  }
  const [here, there] = [await stat(pointer), await stat(ownerOf(place))];
  if ((here.ino === there.ino && here.dev === there.dev) || its.data_dir === dataDir) return place;
  if (there.nlink > 1 || (await isNamed(its))) {
    const remedy = `remove ${pointer} to begin anew`;
    throw new Fault('conflict', `${dataDir} is a copy, and the database that it names is the original's: ${remedy}`);
  }
  // Moved here from another file system, or the original of a copy is gone.
  await writeOwner(place, dataDir);
  await rm(pointer);
  await point(place, pointer);
  return place;
};

/** How long a start may be at work before its first file is in place. */
const startingMs = 600_000;
const patienceMs = 86_400_000;

const isLeftover = async (place: string): Promise<boolean> => {
  const its = await read(ownerOf(place));
  if (its === null)
    return !(await exists(join(place, 'postgres'))) && Date.now() - (await stat(place)).mtimeMs > startingMs;
  const file = await stat(ownerOf(place));
  if (file.nlink > 1 || (await isNamed(its)) || (await runningIn(join(place, 'postgres'))).length > 0) return false;
  const nearest = await nearestOf(its.data_dir);
  if (nearest.device !== its.device) return false;
  const control = await stat(join(place, 'postgres', 'global', 'pg_control')).catch(() => file);
  const unusedMs = Date.now() - Math.max(file.mtimeMs, control.mtimeMs);
  // Between file systems no second name tells a data directory that was moved from one that was removed.
  if (file.dev !== its.device) return unusedMs > patienceMs;
  return nearest.path !== its.data_dir || unusedMs > startingMs;
};

const isNamed = async ({ data_dir, place }: Owner): Promise<boolean> =>
  (await read(pointerOf(data_dir)))?.place === place;

/** The path, or the nearest directory above it that is there. */
const nearestOf = async (path: string): Promise<{ readonly path: string; readonly device: number }> => {
  try {
    return { path, device: (await stat(path)).dev };
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT' || path === dirname(path)) throw thrown;
    return nearestOf(dirname(path));
  }
};

const read = async (path: string): Promise<Owner | null> => {
  try {
    return owner.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return null;
    throw new Fault('store-unavailable', `${path} cannot be read`, { cause: thrown });
  }
};
