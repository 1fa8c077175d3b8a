// Prepares a clone, then runs what is asked for: node deploy/demo/prepare.mjs demo|test|bench|soak [arguments].
// `setup` prepares for all of them and runs nothing. Only what Node itself brings is used here: nothing else need be there.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuild, ensureModules } from './prepare-modules.mjs';
import { ensurePackages } from './prepare-packages.mjs';
import { readJson, Refusal, root, run, step } from './prepare-run.mjs';

const prepare = async ([word, ...args]) => {
  const words = { demo, test, bench, soak, setup: async () => 0 };
  if (!Object.hasOwn(words, word ?? ''))
    throw new Refusal('usage: node deploy/demo/prepare.mjs demo|test|bench|soak|setup [arguments]');
  requireNode();
  await alone(async () => {
    await ensurePackages(word);
    await ensureModules();
    await ensureBuild();
  });
  return words[word](args);
};

const demo = async (args) => {
  const dir = process.env.IGOR_DEMO_DIR;
  const env = dir ? { ...process.env, IGOR_DEMO_DIR: resolve(dir) } : process.env;
  const onSpawn = (child) =>
    whenAbandoned(() => {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 25_000).unref();
    });
  return run(process.execPath, ['--import', 'tsx', 'deploy/demo/demo.ts', ...args], { env, onSpawn });
};

const test = async (args) => {
  // Made here, where no test waits for it: on a slow machine it takes longer than a test may.
  const make = "(await import('./deploy/demo/keystone-template.ts')).keystoneTemplate(AbortSignal.timeout(300_000))";
  const template = ['--import', 'tsx', '--input-type=module', '--eval', `await ${make}`];
  await step('Preparing the Keystone of the tests', process.execPath, template);
  const coverage = mkdtempSync(join(tmpdir(), 'igor-coverage-'));
  const c8 = ['node_modules/c8/bin/c8.js', '--temp-directory', coverage, '--reporter=text-summary', process.execPath];
  const words = args.length > 0 ? [...c8, ...mocha(args)] : ['--import', 'tsx', 'test/support/pool/run.ts'];
  const env = args.length > 0 ? process.env : { ...process.env, NODE_V8_COVERAGE: coverage };
  try {
    return await run(process.execPath, words, { env });
  } finally {
    rmSync(coverage, { recursive: true, force: true });
  }
};

const bench = async (args) => run(process.execPath, ['--import', 'tsx', 'bench/bench.ts', ...args]);

const soak = async (args) => run(process.execPath, ['--import', 'tsx', 'bench/soak.ts', ...args]);

/** Its settings as arguments: mocha adds the files of its settings to those that are asked for, and would run all. */
const mocha = (args) => {
  const { spec, ...settings } = readJson(join(root, '.mocharc.json'));
  const given = args.filter((arg) => /^test\/|\.test\.ts$/.test(arg));
  const flags = Object.entries(settings).flatMap(([name, value]) =>
    [value].flat().map((one) => (one === true ? `--${name}` : `--${name}=${one}`)),
  );
  return [
    'node_modules/mocha/bin/mocha.js',
    '--no-config',
    ...flags,
    ...args,
    ...(given.length > 0 ? [] : [spec].flat()),
  ];
};

const requireNode = () => {
  const wanted = readJson(join(root, 'package.json')).engines.node;
  const [major, minor, patch] = process.versions.node.split('.').map(Number);
  const fits = wanted.split('||').some((range) => {
    const [, operator, ...parts] = /^\s*(\^|>=)(\d+)\.(\d+)\.(\d+)\s*$/.exec(range);
    const [first, second, third] = parts.map(Number);
    const isNotOlder = major > first || (major === first && (minor > second || (minor === second && patch >= third)));
    return isNotOlder && (operator === '>=' || major === first);
  });
  if (!fits)
    throw new Refusal(`Igor needs Node ${wanted}; this is Node ${process.versions.node} (${process.execPath})`);
};

/** Two preparations of one clone wait for one another. The kernel gives the lock back when its holder is gone. */
const alone = async (act) => {
  const name = `\0igor-prepare-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`;
  const lock = createServer();
  const take = () =>
    new Promise((done, fail) => {
      lock.once('error', (error) => (error.code === 'EADDRINUSE' ? done(false) : fail(error)));
      lock.listen(name, () => done(true));
    });
  for (let tries = 0; !(await take()); tries++) {
    if (tries === 4) console.error('== Another preparation of this clone is under way; waiting for it');
    if (tries === 6000) throw new Refusal('Another preparation of this clone has not ended within 25 minutes');
    await sleep(250);
  }
  try {
    await act();
  } finally {
    lock.close();
  }
};

/** Neither npm killed outright nor the shell that it starts takes us with it: looks whether both are still there. */
const whenAbandoned = (act) => {
  if (!process.env.npm_lifecycle_event) return;
  const parents = ancestors();
  const timer = setInterval(() => {
    if (ancestors() === parents) return;
    clearInterval(timer);
    act();
  }, 200);
  timer.unref();
};

/** Our parent's pid, and its parent's where ours is npm's shell. */
const ancestors = () => {
  const { ppid } = process;
  try {
    const stat = readFileSync(`/proc/${ppid}/stat`, 'utf8');
    const [, name, grandparent] = /^\d+ \((.*)\) \S (\d+) /s.exec(stat);
    return /^(ba|da)?sh$/.test(name) ? `${ppid} ${grandparent}` : String(ppid);
  } catch {
    return 'gone';
  }
};

try {
  process.exitCode = await prepare(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
