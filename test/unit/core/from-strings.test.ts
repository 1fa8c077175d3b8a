import { expect } from 'chai';
import fc from 'fast-check';
import { z } from 'zod';
import { Fault } from '../../../src/domain/fault.ts';
import { fromStrings } from '../../../src/core/from-strings.ts';
import { operations } from '../../../src/operations/index.ts';

const schema = z.strictObject({
  limit: z.int().min(1).max(1000).default(100),
  ratio: z.number().nullable().optional(),
  refresh: z.boolean().optional(),
  name: z.string().optional(),
  year: z.enum(['2026', '2027']).optional(),
  suite: z.literal([3, 17]).optional(),
  either: z.union([z.int(), z.string()]).optional(),
  tag: z.array(z.string()).optional(),
});
const read = fromStrings(schema);

const taken: readonly (readonly [key: keyof z.input<typeof schema>, text: string, value: unknown])[] = [
  ['limit', '10', 10],
  ['limit', '-1', -1],
  ['limit', '0', 0],
  ['limit', '9007199254740991', Number.MAX_SAFE_INTEGER],
  ['ratio', '1.5', 1.5],
  ['ratio', '-2e-3', -0.002],
  ['refresh', 'true', true],
  ['refresh', 'false', false],
  ['refresh', 'True', true],
  ['refresh', 'False', false],
  ['suite', '17', 17],
];

const left: readonly (readonly [key: keyof z.input<typeof schema>, text: string])[] = [
  ['limit', ''],
  ['limit', ' 1'],
  ['limit', '1 '],
  ['limit', '+1'],
  ['limit', '01'],
  ['limit', '1.0'],
  ['limit', '1e2'],
  ['limit', '0x10'],
  ['limit', '9007199254740992'],
  ['limit', '٣'],
  ['limit', 'true'],
  ['ratio', 'NaN'],
  ['ratio', 'Infinity'],
  ['ratio', '1e999'],
  ['ratio', 'null'],
  ['ratio', '.5'],
  ['refresh', '1'],
  ['refresh', 'yes'],
  ['refresh', ''],
  ['name', '12'],
  ['name', 'true'],
  ['year', '2026'],
  ['either', '12'],
];

describe('strings to input', () => {
  for (const [key, text, value] of taken) {
    it(`takes ${JSON.stringify(text)} for ${key}`, () => {
      expect(read({ [key]: text })).to.deep.equal({ [key]: value });
    });
  }

  for (const [key, text] of left) {
    it(`leaves ${JSON.stringify(text)} as it is for ${key}`, () => {
      expect(read({ [key]: text })).to.deep.equal({ [key]: text });
    });
  }

  it('passes unknown keys on, so that a strict schema refuses them by name', () => {
    const strings = JSON.parse('{"__proto__": "1", "constructor": "2", "limt": "10"}') as Record<string, string>;
    const issues = schema.safeParse(read(strings)).error?.issues ?? [];

    expect(issues).to.have.length(1);
    expect(issues[0]).to.deep.include({ code: 'unrecognized_keys', keys: ['__proto__', 'constructor', 'limt'] });
  });

  it('takes a list from what is given once, or more than once', () => {
    expect(read({ tag: 'a,b' })).to.deep.equal({ tag: ['a,b'] });
    expect(read({ tag: ['a', 'b'] })).to.deep.equal({ tag: ['a', 'b'] });
  });

  it('refuses whatever else is given more than once', () => {
    expect(() => read({ limit: ['1', '1'] })).to.throw(Fault, 'limit: is given more than once');
  });

  it('invents no key: what is absent stays so', () => {
    expect(read({})).to.deep.equal({});
  });

  it('gives back what a value was written from', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), fc.string(), (limit, refresh, name) => {
        const strings = { limit: String(limit), refresh: String(refresh), name };
        expect(read(strings)).to.deep.equal({ limit, refresh, name });
      }),
    );
  });

  it('is made for the input of every operation', () => {
    for (const { input, name } of operations) {
      expect(fromStrings(input)({ surely_unknown: '1' }), name).to.deep.equal({ surely_unknown: '1' });
    }
  });
});
