import { expect } from 'chai';
import fc from 'fast-check';
import { filterFrom, type FieldKind, type Filter } from '../../../src/domain/filter.ts';

const text: FieldKind = { holds: 'text', about: '' };
const kinds: Readonly<Record<string, FieldKind>> = {
  text,
  id: { holds: 'id', about: '' },
  time: { holds: 'time', nullable: true, about: '' },
  flag: { holds: 'boolean', about: '' },
  number: { holds: 'integer', about: '' },
  state: { holds: 'choice', choices: ['on', 'off'], about: '' },
  owner: { holds: 'text', nullable: true, about: '' },
};

const read = (field: string, written: string): string | Pick<Filter, 'operator' | 'values'> => {
  const found = filterFrom(field, kinds[field] ?? text, written);
  if ('problem' in found) return found.problem;
  return { operator: found.filter.operator, values: found.filter.values };
};

const id = '00000000-0000-4000-8000-000000000001';

const taken: readonly (readonly [field: string, written: string, operator: string, values: readonly unknown[]])[] = [
  ['text', 'a', 'in', ['a']],
  ['text', '', 'in', ['']],
  ['text', 'in:a,b', 'in', ['a', 'b']],
  ['text', 'in:"a,bc",d', 'in', ['a,bc', 'd']],
  ['text', 'in:"",a', 'in', ['', 'a']],
  ['text', 'nin:a,b', 'nin', ['a', 'b']],
  ['text', 'neq:a', 'nin', ['a']],
  ['text', 'neq:', 'nin', ['']],
  ['text', 'gt:a', 'gt', ['a']],
  ['text', 'gte:a', 'gte', ['a']],
  ['text', 'lt:a', 'lt', ['a']],
  ['text', 'lte:a', 'lte', ['a']],
  ['text', 'gte', 'in', ['gte']],
  ['text', '"gte:"', 'in', ['gte:']],
  ['text', 'like:a', 'in', ['like:a']],
  ['text', 'IN:a', 'in', ['IN:a']],
  ['text', 'a\\b', 'in', ['a\\b']],
  ['text', '"a\\"b\\\\c"', 'in', ['a"b\\c']],
  ['text', '"a\\nb\\rc"', 'in', ['a\nb\rc']],
  ['text', 'a\nb', 'in', ['a\nb']],
  ['text', 'null', 'in', ['null']],
  ['owner', 'null', 'in', [null]],
  ['owner', 'neq:null', 'nin', [null]],
  ['owner', 'in:null,a', 'in', [null, 'a']],
  ['owner', '"null"', 'in', ['null']],
  ['id', `in:${id},${id.replaceAll('-', '').toUpperCase()}`, 'in', [id, id.replaceAll('-', '').toUpperCase()]],
  ['flag', 'true', 'in', [true]],
  ['flag', 'False', 'in', [false]],
  ['number', 'gt:-12', 'gt', [-12]],
  ['state', 'nin:on,off', 'nin', ['on', 'off']],
  ['time', 'gte:2026-11-20', 'gte', [new Date('2026-11-20T00:00:00Z')]],
  ['time', 'null', 'in', [null]],
];

const refused: readonly (readonly [field: string, written: string, problem: string])[] = [
  ['text', 'a,b', 'several are in:a,b'],
  ['text', 'gt:a,b', 'several are in:a,b'],
  ['text', 'in:', 'a comma without a value'],
  ['text', 'in:a,', 'a comma without a value'],
  ['text', 'in:,a', 'a comma without a value'],
  ['text', '"a', 'a quoted value is'],
  ['text', 'a"b', 'a quoted value is'],
  ['text', '"a"b', 'a quoted value is'],
  ['text', '"a\\tb"', 'a quoted value is'],
  ['text', `in:${'a,'.repeat(10_000)}a`, 'more than 10000'],
  ['id', 'osl01', 'must be an id'],
  ['id', `gt:${id}`, 'has no order for gt; there are in, nin, neq'],
  ['flag', '1', 'must be true or false'],
  ['flag', 'lt:true', 'has no order for lt'],
  ['number', '1e3', 'must be a whole number'],
  ['number', '9999999999', 'must be a whole number'],
  ['state', 'reset', 'must be one of on, off'],
  ['state', 'gt:on', 'has no order for gt'],
  ['state', 'null', 'must be one of on, off'],
  ['time', 'gt:null', 'must be a time'],
  ['time', 'yesterday', 'must be a time'],
  ['time', 'in:2026-11-20,now', 'must be a time'],
];

describe('a filter of a list', () => {
  for (const [field, written, operator, values] of taken) {
    it(`reads ${field}=${JSON.stringify(written)}`, () => {
      expect(read(field, written)).to.deep.equal({ operator, values });
    });
  }

  for (const [field, written, problem] of refused) {
    it(`refuses ${field}=${JSON.stringify(written).slice(0, 40)}`, () => {
      expect(read(field, written)).to.be.a('string').and.to.contain(problem);
    });
  }

  it('reads back every value that is quoted', () => {
    const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (values) => {
        expect(read('text', `in:${values.map(quoted).join(',')}`)).to.deep.equal({ operator: 'in', values });
      }),
    );
  });

  it('makes something or a problem of whatever is written, and never throws', () => {
    const piece = fc.constantFrom(
      'in:',
      'gt:',
      'neq:',
      '"',
      ',',
      '\\',
      'null',
      'true',
      'a',
      '2026',
      ' ',
      '\n',
      "'",
      ';--',
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(kinds)), fc.array(piece), (field, pieces) => {
        expect(read(field, pieces.join(''))).to.be.ok;
      }),
      { numRuns: 2000 },
    );
  });

  it('reads ten thousand values within moments', () => {
    const started = performance.now();
    expect(
      read('text', `in:${Array.from({ length: 10_000 }, (_, index) => `"osl\\"${index}"`).join(',')}`),
    ).not.to.be.a('string');
    expect(performance.now() - started).to.be.lessThan(1000);
  });
});
