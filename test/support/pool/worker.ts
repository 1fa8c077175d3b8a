import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import Mocha from 'mocha';
import type * as Parts from '../parts.ts';
import type * as Setup from '../../setup.ts';
import { textOf } from './failure-text.ts';
import type { Given, Told } from './told.ts';

// Runs the files that it is given, one after the other. What the first has started, Keystone, PostgreSQL, the next use too.

// Mocha requires the files of tests; what is imported here would be another instance of the same module, which has started
// nothing and has seen no answer.
const load = createRequire(import.meta.url);
const { mochaHooks } = load('../../setup.ts') as typeof Setup;
const { stopParts } = load('../parts.ts') as typeof Parts;

const { timeout, forbidOnly, forbidPending } = JSON.parse(
  await readFile('.mocharc.json', 'utf8'),
) as Mocha.MochaOptions;
let current = '';

const tell = (told: Told): void => void process.send?.(told);
const failed = (title: string, text: string): Told => ({ what: 'failed', failure: { title, file: current, text } });
const tellFailure = (title: string, thrown: unknown): void => tell(failed(title, textOf(thrown)));

class Telling extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.on('pass', () => tell({ what: 'passed' }));
    runner.on('fail', (test, error) => tellFailure(test.fullTitle(), error));
  }
}

const run = async (file: string): Promise<void> => {
  const { beforeEach } = mochaHooks;
  const mocha = new Mocha({ timeout, forbidOnly, forbidPending, rootHooks: { beforeEach }, reporter: Telling });
  mocha.addFile(resolve(file));
  try {
    await mocha.loadFilesAsync();
    await new Promise((done) => mocha.run(done));
    mocha.dispose();
  } catch (error) {
    tellFailure('is loaded', error);
  }
};

const end = async (): Promise<void> => {
  current = '';
  await mochaHooks.afterAll().catch((error: unknown) => tellFailure('the end of the tests', error));
  process.channel?.unref();
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    process.send?.(failed('the end of the tests', `something is still open: ${open}`), () => process.exit());
  }, 10_000).unref();
};

process.on('message', ({ file }: Given) => {
  if (file === null) {
    void end();
    return;
  }
  current = file;
  void run(file).then(() => tell({ what: 'free' }));
});
// Ctrl-C reaches us at a terminal as well; who started us decides, and is gone then.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => void stopParts().finally(() => process.exit(1)));
tell({ what: 'free' });
