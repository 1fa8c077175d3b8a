import fc from 'fast-check';
import { newMismatches } from './support/answers.ts';
import { lingeringChildren, stopParts } from './support/parts.ts';

// Node adds this to the environment of every child, also to one that was written out. Our own coverage is under way already.
delete process.env['NODE_V8_COVERAGE'];

// What a property is tried with is the same in each run, or a change would be blamed for what it has not done.
fc.configureGlobal({ seed: Number(process.env['IGOR_TEST_SEED'] ?? 20_261_121) });

// Mocha passes over what promises were rejected with that nobody looked after.
process.on('unhandledRejection', (reason) =>
  console.error('A promise was rejected, and nobody looked after it:', reason),
);

const insist = (): void => {
  const wrong = newMismatches();
  if (wrong.length > 0) throw new Error(`not as the document describes it:\n${[...new Set(wrong)].join('\n')}`);
};

/** A test fails when an answer that was given meanwhile is not as Igor's own document describes it. */
const fitting = (run: Mocha.Func | Mocha.AsyncFunc): Mocha.AsyncFunc =>
  async function (this: Mocha.Context) {
    try {
      await (run as Mocha.AsyncFunc).call(this);
    } finally {
      insist();
    }
  };

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    const test = this.currentTest;
    if (test?.fn !== undefined) test.fn = fitting(test.fn);
  },
  async afterAll(): Promise<void> {
    await stopParts();
    insist();
    const left = await lingeringChildren();
    if (left.length > 0) throw new Error(`the tests left children behind:\n${left.join('\n')}`);
  },
};

/** What keeps the process alive after the last test is a leak: it is named, and does not hang the run. */
export const mochaGlobalTeardown = (): void => {
  const late = (): void => {
    console.error(`After the tests something is still open: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(1);
  };
  setTimeout(late, 10_000).unref();
};
