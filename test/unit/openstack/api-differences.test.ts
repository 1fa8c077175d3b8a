import { expect } from 'chai';
import { differences } from '../../../openstack/api-differences.ts';
import { openapi } from '../../../src/http/openapi.ts';
import { operations } from '../../../src/operations/index.ts';

type Json = Record<string, unknown>;

/** A small document: one operation that takes and answers a thing. */
const document = (change: { thing?: Json; input?: Json; get?: Json; put?: Json; paths?: Json } = {}): Json => {
  const Thing = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      state: { enum: ['on', 'off'] },
      note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    },
    required: ['id', 'state'],
    ...change.thing,
  };
  const input = {
    type: 'object',
    properties: {
      target: { type: 'string', enum: ['on', 'off'] },
      wait: { type: 'integer', minimum: 0, maximum: 60, default: 5 },
    },
    required: ['target'],
    ...change.input,
  };
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } };
  const limit = { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } };
  return {
    paths: {
      '/thing': {
        get: {
          operationId: 'thing.get',
          'x-permission': 'oob:thing:get',
          parameters: [limit],
          responses: { 200: { headers: { ETag: {} }, content }, 404: { $ref: '#/components/responses/gone' } },
          ...change.get,
        },
        put: {
          operationId: 'thing.set',
          'x-permission': 'oob:thing:set',
          requestBody: { required: true, content: { 'application/json': { schema: input } } },
          responses: { 200: { content } },
          ...change.put,
        },
      },
      ...change.paths,
    },
    components: { schemas: { Thing }, responses: { gone: {} } },
  };
};

const told = (change: Parameters<typeof document>[0]): string =>
  differences(document(), document(change))
    .map(({ breaks, text }) => `${breaks ? '!' : ' '} ${text}`)
    .join('\n');

describe('the differences of two interfaces', () => {
  it('are none between equals, also in our own', () => {
    expect(differences(document(), document())).to.deep.equal([]);
    const own = openapi(operations, '1');
    expect(differences(own, JSON.parse(JSON.stringify(own)) as Json)).to.deep.equal([]);
  });

  const thing = { id: { type: 'string' }, state: { enum: ['on', 'off'] } };
  const note = { anyOf: [{ type: 'string' }, { type: 'null' }] };
  const target = { type: 'string', enum: ['on', 'off'] };
  const wait = { type: 'integer', minimum: 0, maximum: 60, default: 5 };
  const limit = { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } };
  const needed = { name: 'why', in: 'query', required: true, schema: { type: 'string' } };
  const cases: readonly (readonly [what: string, change: Parameters<typeof document>[0], line: string])[] = [
    ['an operation that is gone', { paths: { '/thing': {} } }, '! GET /thing is gone'],
    ['a path that is new', { paths: { '/other': {} } }, '  /other is new'],
    ['another name', { get: { operationId: 'x.get' } }, '! GET /thing: its name was "thing.get" and is "x.get"'],
    ['another permission', { get: { 'x-permission': 'oob:x:y' } }, '! GET /thing: its permission was'],
    ['a parameter that is gone', { get: { parameters: [] } }, '! GET /thing: the query parameter limit is gone'],
    [
      'a parameter that must be given',
      { get: { parameters: [limit, needed] } },
      '! GET /thing: the query parameter why',
    ],
    [
      'a parameter that may be given',
      { get: { parameters: [limit, { ...needed, required: false }] } },
      '  GET /thing: the query parameter why is new',
    ],
    [
      'a narrower parameter',
      { get: { parameters: [{ ...limit, schema: { type: 'integer', maximum: 10 } }] } },
      '! GET /thing: maximum of the query parameter limit was 100 and is 10',
    ],
    [
      'a wider parameter',
      { get: { parameters: [{ ...limit, schema: { type: 'integer', maximum: 1000 } }] } },
      '  GET /thing: maximum of the query parameter limit was 100 and is 1000',
    ],
    ['a success that is gone', { put: { responses: { 202: {} } } }, '! PUT /thing: 200 is no longer answered'],
    ['a header that is gone', { get: { responses: { 200: {} } } }, '! GET /thing: 200 no longer has the header ETag'],
    ['a failure that is gone', { get: { responses: {} } }, '  GET /thing: 404 is no longer answered'],
    ['a member that is gone', { thing: { properties: thing } }, '! GET /thing: 200.note is gone'],
    ['a member that may be absent', { thing: { required: ['id'] } }, '! GET /thing: 200.state may be absent'],
    ['a member that is new', { thing: { properties: { ...thing, note, more: {} } } }, '  GET /thing: 200.more is new'],
    [
      'a state that is new',
      { thing: { properties: { ...thing, note, state: { enum: ['on', 'off', 'dim'] } } } },
      '! GET /thing: 200.state may be dim',
    ],
    [
      'a member that becomes null',
      { thing: { properties: { ...thing, note, id: { type: ['string', 'null'] } } } },
      '! GET /thing: 200.id may be null',
    ],
    [
      'a choice that is gone',
      { input: { properties: { target: { type: 'string', enum: ['on'] }, wait } } },
      '! PUT /thing: body.target is never off now',
    ],
    [
      'a choice that is new',
      { input: { properties: { target: { type: 'string', enum: ['on', 'off', 'cycle'] }, wait } } },
      '  PUT /thing: body.target may be cycle',
    ],
    ['an input that is gone', { input: { properties: { target } } }, '! PUT /thing: body.wait is gone'],
    [
      'an input that must be there',
      { input: { required: ['target', 'wait'] } },
      '! PUT /thing: body.wait must be there',
    ],
    [
      'another default',
      { input: { properties: { target, wait: { ...wait, default: 9 } } } },
      '! PUT /thing: body.wait by default was 5 and is 9',
    ],
    [
      'a pattern',
      { input: { properties: { target: { ...target, pattern: '^o' }, wait } } },
      '! PUT /thing: the pattern of body.target was as usual and is "^o"',
    ],
  ];
  for (const [what, change, line] of cases) {
    it(`tell of ${what}`, () => expect(told(change)).to.contain(line));
  }

  it('name what breaks first', () => {
    const breaks = differences(document(), document({ thing: { properties: { ...thing, more: {} } } })).map(
      (one) => one.breaks,
    );
    expect(breaks).to.deep.equal([true, true, false, false]);
  });
});
