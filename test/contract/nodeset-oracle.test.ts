import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { z } from 'zod';
import { expandHosts } from '../../src/domain/selection/evaluate.ts';
import { foldHosts } from '../../src/domain/selection/fold.ts';

const script = fileURLToPath(new URL('../support/nodeset.py', import.meta.url));
const answers = z.array(z.object({ names: z.array(z.string()), folded: z.string() }).nullable());

/** What ClusterShell, of which clush and nodeset are made, makes of them. */
const nodesets = (expressions: readonly string[]): z.output<typeof answers> => {
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-I', script], {
    input: JSON.stringify(expressions),
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr);
  return answers.parse(JSON.parse(stdout));
};

const padded = (number: number, width: number): string => String(number).padStart(width, '0');

/** Of one width where it is padded: others are read in two ways. */
const range = fc
  .record({
    from: fc.integer({ min: 0, max: 30 }),
    more: fc.integer({ min: 0, max: 15 }),
    step: fc.constantFrom(1, 1, 1, 2, 3),
    width: fc.constantFrom(0, 0, 2, 3),
  })
  .map(({ from, more, step, width }) => {
    if (more === 0) return padded(from, width);
    return `${padded(from, width)}-${padded(from + more, width)}${step === 1 ? '' : `/${step}`}`;
  });
const bracket = fc.array(range, { minLength: 1, maxLength: 3 }).map((ranges) => `[${ranges.join(',')}]`);
const number = fc.constantFrom('1', '2', '05', '10', '007');
const name = fc
  .array(fc.tuple(fc.constantFrom('n', 'r', 'osl', 'a-'), fc.oneof(number, bracket)), { minLength: 1, maxLength: 2 })
  .map((parts) => parts.flat().join(''));
const term = fc.tuple(name, fc.constantFrom('', '', '-ib', '.dc')).map((parts) => parts.join(''));
const expression = fc
  .tuple(term, fc.array(fc.tuple(fc.constantFrom(',', ',', '!', '&', '^', ' ! '), term), { maxLength: 5 }))
  .map(([first, rest]) => [first, ...rest.flat()].join(''));

describe('expressions, beside those of ClusterShell', () => {
  const expressions = fc.sample(expression, { numRuns: 2000, seed: 20_261_121 });
  let theirs: z.output<typeof answers>;
  before(() => {
    theirs = nodesets(expressions);
  });

  it('stand for the same names', () => {
    const wrong = expressions.filter((text, index) => {
      const names = theirs[index]?.names;
      return names !== undefined && [...names].sort().join() !== [...expandHosts(text)].sort().join();
    });
    expect(wrong).to.deep.equal([]);
    expect(theirs.filter((one) => one !== null).length).to.be.above(1900);
  });

  it('are folded into what ClusterShell expands to the same names, and the other way round', () => {
    const sets = theirs.flatMap((one) => (one === null || one.names.length === 0 ? [] : [one]));
    const back = nodesets(sets.map(({ names }) => foldHosts(names)));
    const wrong = sets.filter(({ names, folded }, index) => {
      const own = [...names].sort().join();
      return [...(back[index]?.names ?? [])].sort().join() !== own || [...expandHosts(folded)].sort().join() !== own;
    });
    expect(wrong.map(({ names }) => names)).to.deep.equal([]);
  });
});
