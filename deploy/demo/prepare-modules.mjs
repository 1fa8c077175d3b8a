// node_modules and dist: whether they fit their sources, and how they are made.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root, step } from './prepare-run.mjs';

/** `npm ci`, unless node_modules holds what package-lock.json asks for. */
export const ensureModules = async () => {
  if (modulesFit()) return;
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const flags = ['--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  await step('Installing node_modules', command, [...first, 'ci', ...flags]);
};

/** Compiles src into dist, unless that was done with these very sources. */
export const ensureBuild = async () => {
  const stamp = join(root, 'dist/.sources');
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  // Beside dist, which may be running; under a name that git and the linters pass over.
  const draft = join(root, `.demo-build-${process.pid}`);
  const old = `${draft}-old`;
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await step('Compiling', process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', draft]);
    writeFileSync(join(draft, '.sources'), wanted);
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(draft, join(root, 'dist'));
  } finally {
    for (const left of [draft, old]) rmSync(left, { recursive: true, force: true });
  }
};

/** npm writes the second file at the end of an installation. Optional packages may lack, except those that we name ourselves. */
const modulesFit = () => {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const present = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (!present) return false;
  const named = new Set(Object.keys(wanted['']?.optionalDependencies ?? {}).map((name) => `node_modules/${name}`));
  const isHere = (path) => existsSync(join(root, path, 'package.json'));
  const fits = ([path, { version, optional, os = [process.platform], cpu = [process.arch] }]) => {
    const isOurs = os.includes(process.platform) && cpu.includes(process.arch);
    if (optional && !(named.has(path) && isOurs)) return true;
    return present[path]?.version === version && isHere(path);
  };
  return Object.entries(wanted)
    .filter(([path]) => path !== '')
    .every(fits);
};

const fingerprint = () => {
  const hash = createHash('sha256');
  const take = (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  };
  const sources = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  for (const name of sources.sort()) take(join('src', name));
  for (const name of ['tsconfig.json', 'package-lock.json']) take(name);
  return hash.digest('hex');
};
