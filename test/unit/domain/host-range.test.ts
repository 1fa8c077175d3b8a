import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../src/domain/fault.ts';
import { expandHosts, foldHosts } from '../../../src/domain/host-range.ts';

const expansions: readonly (readonly [expression: string, names: readonly string[]])[] = [
  ['osl01', ['osl01']],
  ['osl0[1-6]', ['osl01', 'osl02', 'osl03', 'osl04', 'osl05', 'osl06']],
  ['osl[01-03,10]', ['osl01', 'osl02', 'osl03', 'osl10']],
  ['r[1-2]n[08-10/2]', ['r1n08', 'r1n10', 'r2n08', 'r2n10']],
  ['a,b-[1-2],c.example', ['a', 'b-1', 'b-2', 'c.example']],
  ['n[8-10]', ['n8', 'n9', 'n10']],
  ['n[0-1]', ['n0', 'n1']],
  ['n[098-100]x', ['n098x', 'n099x', 'n100x']],
  ['n[1-9/4]', ['n1', 'n5', 'n9']],
  ['n[1-2/9]', ['n1']],
  ['[1-2][1-2]', ['11', '12', '21', '22']],
  ['n[3,1-3],n2,N2', ['n3', 'n1', 'n2', 'N2']],
  ['n[01,1]', ['n01', 'n1']],
];

const refusals: readonly (readonly [expression: string, problem: string])[] = [
  ['', '"" at character 1: a name is missing at the end'],
  ['a,', '"," at character 2: a name is missing at the end'],
  [',a', '"," at character 1: a name is missing before the comma'],
  ['a,,b', '"," at character 3: a name is missing before the comma'],
  ['osl0[1-6', '"[1-6" at character 5: the bracket is not closed'],
  ['osl01]', '"]" at character 6: no bracket is open'],
  ['osl[]', '"" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1,]', '"" at character 7: brackets hold numbers, as in [1-6,8]'],
  ['osl[a-c]', '"a-c" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1-[2-3]]', '"1-[2-3" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1/2]', '"1/2" at character 5: brackets hold numbers, as in [1-6,8]'],
  ['osl[1-3/0]', '"1-3/0" at character 5: a step of 0 leads nowhere'],
  ['osl[1,6-2]', '"6-2" at character 7: the range runs backwards'],
  ['osl[01-3]', '"01-3" at character 5: with leading zeros, both ends have the same number of digits'],
  ['osl[1-03]', '"1-03" at character 5: with leading zeros, both ends have the same number of digits'],
  ['osl[099-1000]', '"099-1000" at character 5: with leading zeros, both ends have the same number of digits'],
  ['osl[1-9999999999999999]', '"1-9999999999999999" at character 5: more than 15 digits'],
  ['osl01; rm', '";" at character 6: no host name has this character'],
  ['osl01 osl02', '" " at character 6: no host name has this character'],
  ['a,osl\n1', '"\\n" at character 6: no host name has this character'],
  ['osl\u0000', '"\\u0000" at character 4: no host name has this character'],
  ['øsl1', '"ø" at character 1: no host name has this character'],
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
      expect(expandHosts(expression)).to.deep.equal(names);
    });
  }

  for (const [expression, problem] of refusals) {
    it(`refuses ${JSON.stringify(expression)}`, () => {
      expect(problemOf(() => expandHosts(expression))).to.equal(`host range: ${problem}`);
    });
  }

  it('counts before it expands', () => {
    expect(expandHosts('n[0-9999]')).to.have.lengthOf(10_000);
    expect(problemOf(() => expandHosts('n[0-9999],m'))).to.equal('host range: it stands for more than 10000 names');
    expect(problemOf(() => expandHosts('n[1-100]m[1-100]x[1-2]'))).to.contain('more than 10000');
    expect(problemOf(() => expandHosts('n[0-999999999999999]'.repeat(100)))).to.contain('more than 10000');
    expect(problemOf(() => expandHosts('a,b,c', 2))).to.contain('more than 2 names');
  });

  it('refuses an expression of more than 4096 characters', () => {
    expect(problemOf(() => expandHosts('a'.repeat(4097)))).to.equal('host range: 4097 characters, more than 4096');
    expect(expandHosts('a'.repeat(4096))).to.have.lengthOf(1);
  });
});

const folds: readonly (readonly [names: readonly string[], expression: string])[] = [
  [['osl01', 'osl02', 'osl03', 'osl04', 'osl06'], 'osl0[1-4,6]'],
  [['osl02', 'osl01', 'osl10', 'osl03'], 'osl[01-03,10]'],
  [['n8', 'n9', 'n10'], 'n[8-10]'],
  [['n08', 'n8', 'n10'], 'n[08,10],n8'],
  [['r1n08', 'r1n09', 'r2n08'], 'r1n0[8-9],r2n08'],
  [['a1.dc1.example', 'a2.dc1.example'], 'a[1-2].dc1.example'],
  [['gw', 'n1', 'gw'], 'gw,n1'],
  [['n00', 'n01'], 'n0[0-1]'],
  [['n1-ipmi', 'n2-ipmi', 'n1'], 'n[1-2]-ipmi,n1'],
  [[], ''],
];

describe('foldHosts', () => {
  for (const [names, expression] of folds) {
    it(`folds ${names.join(' ')}`, () => {
      expect(foldHosts(names)).to.equal(expression);
    });
  }

  it('is undone by expanding', () => {
    const word = fc.constantFrom('a', 'osl', 'n-', '.dc', '-x', '0', '00', '09', '9', '10', '123');
    const name = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(''));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 60 }), (names) => {
        expect(expandHosts(foldHosts(names))).to.have.members([...new Set(names)]);
      }),
      { numRuns: 500 },
    );
  });
});
