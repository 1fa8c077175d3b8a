import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../src/domain/fault.ts';
import { expandHosts } from '../../../src/domain/selection/evaluate.ts';
import { foldHosts } from '../../../src/domain/selection/fold.ts';
import { readExpression } from '../../../src/domain/selection/read.ts';

const expansions: readonly (readonly [expression: string, names: string])[] = [
  ['osl01', 'osl01'],
  ['osl0[1-6]', 'osl01 osl02 osl03 osl04 osl05 osl06'],
  ['osl[01-03,10]', 'osl01 osl02 osl03 osl10'],
  ['r[1-2]n[08-10/2]', 'r1n08 r1n10 r2n08 r2n10'],
  ['a,b-[1-2],c.example', 'a b-1 b-2 c.example'],
  ['n[8-10]', 'n8 n9 n10'],
  ['n[0-1]', 'n0 n1'],
  ['n[098-100]x', 'n098x n099x n100x'],
  ['n[1-9/4]', 'n1 n5 n9'],
  ['n[1-2/9]', 'n1'],
  ['[1-2][1-2]', '11 12 21 22'],
  ['[01-03]', '01 02 03'],
  ['osl[9-11]', 'osl9 osl10 osl11'],
  ['osl[09-11]', 'osl09 osl10 osl11'],
  ['n[3,1-3],n2,N2', 'n3 n1 n2 N2'],
  ['n[01,1]', 'n01 n1'],
  ['n[1-2,1[0-2]]', 'n1 n2 n10 n11 n12'],
  ['osl[0[8-9],1[0-1]]', 'osl08 osl09 osl10 osl11'],
  ['n[[1-2]0,5]', 'n10 n20 n5'],
  ['n[1[0,5[6-7]]]x', 'n10x n156x n157x'],
  ['osl[01-03]!osl02', 'osl01 osl03'],
  ['osl[1-5]&osl[4-9]', 'osl4 osl5'],
  ['a,b^b,c', 'a c'],
  ['a,b^b,b', 'a b'],
  ['a!a', ''],
  ['a&b', ''],
  ['a!b', 'a'],
  ['n[1-5]!n[2-3]&n[3-9]', 'n4 n5'],
  ['n1&n1,n2', 'n1 n2'],
  ['n2,n1&n1', 'n1'],
  [' n[1-3] ! n2 ,\tm1\n', 'n1 n3 m1'],
];

const refusals: readonly (readonly [expression: string, problem: string])[] = [
  ['', '"" at character 1: a name is missing'],
  ['  ', '"" at character 3: a name is missing'],
  ['a,', '"," at character 2: a name is missing after it'],
  ['a! ', '"!" at character 2: a name is missing after it'],
  ['a&', '"&" at character 2: a name is missing after it'],
  ['a^', '"^" at character 2: a name is missing after it'],
  [',a', '"," at character 1: a name is missing before it'],
  ['!a', '"!" at character 1: a name is missing before it'],
  ['a,,b', '"," at character 3: a name is missing before it'],
  ['a!&b', '"&" at character 3: a name is missing before it'],
  ['osl0[1-6', '"[1-6" at character 5: the bracket is not closed'],
  ['osl0[', '"[" at character 5: the bracket is not closed'],
  ['osl0[1[2]', '"[1[2]" at character 5: the bracket is not closed'],
  ['osl01]', '"]" at character 6: no bracket is open'],
  ['osl[]', '"" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1,]', '"" at character 7: brackets hold numbers, as in [1-6,8]'],
  ['osl[a-c]', '"a-c" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1!2]', '"1!2" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1 - 2]', '"1 - 2" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[١-٣]', '"١-٣" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1-[2-3]]', '"1-" at character 5: beside inner brackets stand digits alone, as in [1-2,1[0-5]]'],
  ['osl[[2-3]-5]', '"-5" at character 10: beside inner brackets stand digits alone, as in [1-2,1[0-5]]'],
  ['osl[1/2]', '"1/2" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1-3/0]', '"1-3/0" at character 5: a step of 0 leads nowhere'],
  ['osl[1,6-2]', '"6-2" at character 7: the range runs backwards'],
  ['osl[01-3]', '"01-3" at character 5: with leading zeros, both ends have the same number of digits'],
  ['osl[1-03]', '"1-03" at character 5: with leading zeros, both ends have the same number of digits'],
  ['osl[099-1000]', '"099-1000" at character 5: with leading zeros, both ends have the same number of digits'],
  ['osl[1-9999999999999999]', '"1-9999999999999999" at character 5: more than 15 digits'],
  [`n${'['.repeat(9)}1${']'.repeat(9)}`, '"[" at character 10: more than 8 brackets within each other'],
  ['osl01; rm', '";" at character 6: no host name has this character'],
  ['osl01 osl02', '" " at character 6: put , ! & or ^ between names'],
  ['a,osl\u0007', '"\\u0007" at character 6: no host name has this character'],
  ['osl\u0000', '"\\u0000" at character 4: no host name has this character'],
  ['øsl1', '"ø" at character 1: no host name has this character'],
  ['osl\u{1d7d9}', '"\u{1d7d9}" at character 4: no host name has this character'],
  ['(a,b)', '"(" at character 1: there are no parentheses; it is read from left to right'],
  ['a*', '"*" at character 2: no host name has this character'],
  ['@', '"@" at character 1: the name of a group is missing, as in @rack7'],
  ['a,@,b', '"@" at character 3: the name of a group is missing, as in @rack7'],
  ['@@a', '"@" at character 1: the name of a group is missing, as in @rack7'],
  ['a@b', '"@" at character 2: a group stands alone: put , ! & or ^ before it'],
  ['@"rack 7', '"\\"rack 7" at character 2: the quote is not closed'],
  ['@""', '"\\"\\"" at character 2: the name of a group is missing'],
  ['@rack7', '@rack7 is a group, and here only names are known'],
  ['a!@*', '@* is a group, and here only names are known'],
];

const problemOf = (act: () => unknown): string => {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'invalid-input') return thrown.detail;
    throw thrown;
  }
  throw new Error('it was accepted');
};

describe('expandHosts', () => {
  for (const [expression, names] of expansions) {
    it(`expands ${expression}`, () => {
      expect(expandHosts(expression).join(' ')).to.equal(names);
    });
  }

  for (const [expression, problem] of refusals) {
    it(`refuses ${JSON.stringify(expression)}`, () => {
      expect(problemOf(() => expandHosts(expression))).to.equal(`host range: ${problem}`);
    });
  }

  it('counts before it expands, and what is left when it has', () => {
    expect(expandHosts('n[0-9999]')).to.have.lengthOf(10_000);
    expect(expandHosts('n[0-19999]&n[0-9]')).to.have.lengthOf(10);
    expect(problemOf(() => expandHosts('n[0-9999],m'))).to.equal('host range: it stands for more than 10000 names');
    expect(problemOf(() => expandHosts('a,b,c', 2))).to.contain('more than 2 names');
    for (const much of ['n[1-1000]m[1-100]x[1-2]', `n${'[0-999999999999999]'.repeat(10)}`, 'n[1[0-99999],2]!n3']) {
      expect(problemOf(() => expandHosts(much))).to.equal('host range: it stands for more than 100000 names');
    }
  });

  it('refuses at once what would be too much', () => {
    const hostile = [
      `n[1-${'9'.repeat(15)}]`,
      'n[1-1000000]',
      `n${'[1-9]'.repeat(13_000)}`,
      `n${'['.repeat(65_000)}`,
      `n[${'1,'.repeat(32_000)}`,
      'a!'.repeat(32_767),
      '@a&'.repeat(20_000) + '@a',
      `${'x'.repeat(60_000)}[1-99999]`,
    ];
    for (const text of hostile) {
      const begun = performance.now();
      problemOf(() => readExpression(text));
      expect(performance.now() - begun, text.slice(0, 40)).to.be.below(1000);
    }
  });

  it('refuses texts, names and groups beyond their bounds', () => {
    expect(problemOf(() => expandHosts('a'.repeat(65_537)))).to.equal('host range: 65537 characters, more than 65536');
    expect(problemOf(() => expandHosts(`b,${'a'.repeat(254)}`))).to.equal(
      `host range: "${'a'.repeat(60)}…" at character 3: no name has more than 253 characters`,
    );
    expect(problemOf(() => expandHosts(`${'a'.repeat(252)}[9-10]`))).to.contain('no name has more than 253 characters');
    expect(expandHosts(`${'a'.repeat(251)}[9-10]`)).to.have.lengthOf(2);
    expect(problemOf(() => readExpression('@a,'.repeat(100) + '@a'))).to.equal(
      'host range: it names groups more than 100 times',
    );
  });
});

const folds: readonly (readonly [names: readonly string[], expression: string])[] = [
  [['osl01', 'osl02', 'osl03', 'osl04', 'osl06'], 'osl0[1-4,6]'],
  [['osl02', 'osl01', 'osl10', 'osl03'], 'osl[01-03,10]'],
  [['n8', 'n9', 'n10'], 'n[8-10]'],
  [['n08', 'n8', 'n10'], 'n[08,10],n8'],
  [['r1n08', 'r1n09', 'r2n08'], 'r1n0[8-9],r2n08'],
  [['r1n1', 'r1n2', 'r2n2', 'r2n1'], 'r[1-2]n[1-2]'],
  [['r1n09', 'r2n09', 'r1n10', 'r2n10', 'r3n10'], 'r[1-2]n[09-10],r3n10'],
  [['a1.dc1.example', 'a2.dc1.example'], 'a[1-2].dc1.example'],
  [['a1.dc1.example', 'a1.dc2.example'], 'a1.dc[1-2].example'],
  [['gw', 'n1', 'gw'], 'gw,n1'],
  [['n00', 'n01'], 'n0[0-1]'],
  [['n000', 'n001'], 'n00[0-1]'],
  [['n1-ipmi', 'n2-ipmi', 'n1'], 'n[1-2]-ipmi,n1'],
  [['1', '2', '03'], '[1-2],03'],
  [['n1234567890123456', 'n1234567890123457'], 'n1234567890123456,n1234567890123457'],
  [['a1b1c1d1e1f1g1h1i1', 'a2b1c1d1e1f1g1h1i1'], 'a1b1c1d1e1f1g1h1i1,a2b1c1d1e1f1g1h1i1'],
  [[], ''],
];

describe('foldHosts', () => {
  for (const [names, expression] of folds) {
    it(`folds ${names.join(' ')}`, () => {
      expect(foldHosts(names)).to.equal(expression);
    });
  }

  it('is undone by expanding', () => {
    const word = fc.constantFrom('a', 'osl', 'n-', '.dc', '-x', '0', '00', '09', '9', '10', '11', '123');
    const name = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(''));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 60 }), (names) => {
        expect(expandHosts(foldHosts(names))).to.have.members([...new Set(names)]);
      }),
      { numRuns: 500 },
    );
  });

  it('makes one range of a rectangle, in whatever order its names come', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...expandHosts('r[1-4]n[08-12]')], { minLength: 20 }), (names) => {
        expect(foldHosts(names)).to.equal('r[1-4]n[08-12]');
      }),
    );
  });

  it('folds ten thousand names without being felt', () => {
    const names = expandHosts('r[1-100]n[001-100]');
    const took = Array.from({ length: 5 }, () => {
      const begun = performance.now();
      expect(foldHosts(names)).to.equal('r[1-100]n[001-100]');
      return performance.now() - begun;
    });
    expect(Math.min(...took)).to.be.below(50);
  });
});
