import fc from 'fast-check';
import type { Attributes } from '../../src/domain/policy-language.ts';
import type { PolicyCase } from './oslo-policy.ts';

const projects = ['p-alpha', 'p-beta'];
const roles = ['member', 'Member', 'READER', 'admin', 'manager', 'café'];

/** Few values each, so that much is equal. Some are not there at all. */
const credentials: fc.Arbitrary<Attributes> = fc.record(
  {
    user_id: fc.constantFrom('u-bob', 'u-erin'),
    project_id: fc.constantFrom(...projects),
    domain_id: fc.constantFrom('d-one', 'd-two'),
    system_scope: fc.constant('all'),
    is_admin_project: fc.boolean(),
    quota: fc.constantFrom(0, 3, -7),
    roles: fc.subarray(roles),
    token: fc.record({
      project: fc.record({ id: fc.constantFrom(...projects), domain: fc.record({ id: fc.constant('d-one') }) }),
      roles: fc.subarray(roles).map((names) => names.map((name) => ({ name }))),
      groups: fc.subarray(['g1', 'g2']),
    }),
  },
  { requiredKeys: [] },
);

const target: fc.Arbitrary<Attributes> = fc.record(
  {
    project_id: fc.constantFrom(...projects, null),
    project_domain_id: fc.constantFrom('d-one', 'd-two'),
    user_id: fc.constantFrom('u-bob', 'u-erin'),
    'node.owner': fc.constantFrom('u-bob', 'p-alpha'),
    short: fc.constantFrom('alpha', 'beta', ''),
    wanted: fc.constantFrom('MEMBER', 'reader', 'CAFÉ'),
    enabled: fc.constantFrom(true, false, 'True', 'true'),
    count: fc.constantFrom(3, -7, 0, '3'),
  },
  { requiredKeys: [] },
);

/** `rule:#n` becomes another rule's name, one that comes later: circles are refused before anything is asked. */
const leaf = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('@', '!') },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(...roles, 'ADMIN', 'Café', 'stranger', '%(wanted)s', '%(missing)s', '')
      .map((name) => `role:${name}`),
  },
  { weight: 6, arbitrary: fc.nat(20).map((n) => `rule:#${n}`) },
  {
    weight: 10,
    arbitrary: fc.constantFrom(
      'project_id:%(project_id)s',
      'project_id:p-alpha',
      'project_id:p-%(short)s',
      'project_id:%(missing)s',
      'project_id:',
      'project_id:P-ALPHA',
      'user_id:%(user_id)s',
      'user_id:%(node.owner)s',
      'user_id:u-bob',
      'domain_id:%(project_domain_id)s',
      'domain_id:d-one',
      'system_scope:all',
      'system_scope:%(missing)s',
      'is_admin_project:True',
      'is_admin_project:%(enabled)s',
      'quota:%(count)s',
      'quota:3',
      'absent:x',
      'absent:%(user_id)s',
      'roles:Member',
      'roles:%(wanted)s',
      'Role:member',
      'token.project.id:%(project_id)s',
      'token.project.domain.id:d-one',
      'token.roles.name:Member',
      'token.roles.id:Member',
      'token.groups:g1',
      'token.absent.id:x',
      'token.project:p-alpha',
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "'p-alpha':%(project_id)s",
      '"u-bob":%(user_id)s',
      "'alpha':%(short)s",
      "'':%(short)s",
      "'x':x",
      'True:%(enabled)s',
      'False:%(enabled)s',
      'None:%(project_id)s',
      'None:%(missing)s',
      '3:%(count)s',
      '-7:%(count)s',
      '0:0',
      "'50%':50%%",
      'project_id:a%%b',
      'project_id:(x)y',
      'user_id:u:bob',
    ),
  },
);

const keyword = (word: string): fc.Arbitrary<string> =>
  fc.constantFrom(word, word, word.toUpperCase(), `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`);

/** A text of one such word alone is an exception in oslo.policy, once it is asked: `policy-oracle.test.ts` has it. */
const isLone = (all: readonly string[]): boolean =>
  all.length === 1 && /^(\(|\)|and|or|not|'.*'|".*")$/i.test(all[0] ?? '');

/** Words, between which white space comes. Parentheses stand alone or at a check. */
const words: fc.Arbitrary<readonly string[]> = fc.letrec<{ expression: readonly string[] }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: false },
    { weight: 3, arbitrary: leaf.map((check) => [check]) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          fc.array(tie('expression'), { minLength: 2, maxLength: 4 }),
          fc.array(fc.oneof(keyword('and'), keyword('or')), { minLength: 3, maxLength: 3 }),
        )
        .map(([parts, joints]) =>
          parts.flatMap((part, index) => (index === 0 ? part : [joints[index - 1] ?? 'and', ...part])),
        ),
    },
    { weight: 2, arbitrary: fc.tuple(keyword('not'), tie('expression')).map(([not, part]) => [not, ...part]) },
    { weight: 2, arbitrary: tie('expression').map((part) => ['(', ...part, ')']) },
    {
      weight: 1,
      arbitrary: tie('expression').map((part) => {
        const inner = [...part];
        inner[0] = `(${inner[0] ?? ''}`;
        inner[inner.length - 1] = `${inner.at(-1) ?? ''})`;
        return inner;
      }),
    },
  ),
})).expression;

const spoiling = fc.constantFrom(
  'and',
  'or',
  'not',
  '(',
  ')',
  '((',
  '))',
  'member',
  "'x'",
  '"role:a"',
  "'",
  '@@',
  '!x',
  'role:a',
);

/** One word too many, one too few, or two changed about: often no rule any more. */
const spoilt = fc
  .tuple(words, fc.nat(), spoiling, fc.nat(2))
  .map(([all, at, word, how]) => {
    const place = at % all.length;
    if (how === 0) return all.toSpliced(place, 1);
    return how === 1 ? all.toSpliced(place, 0, word) : all.toSpliced(place, 1, word);
  })
  .filter((all) => !isLone(all));

const spaced = (all: fc.Arbitrary<readonly string[]>): fc.Arbitrary<string> =>
  fc
    .tuple(all, fc.constantFrom(' ', ' ', ' ', '  ', '\t', '\n ', '\u00a0', '\x1c', '\u2003'))
    .map(([parts, space]) => parts.join(space));

const names = ['one', 'two', 'three', 'four', 'default'];

const policyOf = (text: fc.Arbitrary<string>): fc.Arbitrary<PolicyCase> =>
  fc
    .record({
      texts: fc.array(text, { minLength: 2, maxLength: 4 }),
      fallback: fc.option(text, { nil: null }),
      asked: fc.array(fc.record({ rule: fc.constantFrom('one', 'one', 'two', 'missing'), credentials, target }), {
        minLength: 4,
        maxLength: 4,
      }),
    })
    .map(({ texts, fallback, asked }) => {
      const later = (index: number): readonly string[] => [
        ...names.slice(index + 1, texts.length),
        ...(fallback === null ? ['missing'] : ['missing', 'default']),
      ];
      const named = texts.map((one, index) => [names[index] ?? '', linked(one, later(index))] as const);
      const last = fallback === null ? [] : [['default', linked(fallback, ['user_id'])] as const];
      return { rules: Object.fromEntries([...named, ...last]), questions: asked };
    });

/** `default` refers to no rule, for one that is not there would lead back to it. */
const linked = (text: string, to: readonly string[]): string =>
  text.replaceAll(/rule:#(\d+)/g, (_, n: string) => {
    const name = to[Number(n) % to.length] ?? 'missing';
    return name === 'user_id' ? 'user_id:u-bob' : `rule:${name}`;
  });

/** Policies that are whole, and some in ten of which a rule is spoilt. */
export const randomPolicies = (count: number, seed: number): readonly PolicyCase[] =>
  fc.sample(
    fc.oneof(
      { weight: 8, arbitrary: policyOf(fc.oneof({ weight: 20, arbitrary: spaced(words) }, fc.constant(''))) },
      { weight: 2, arbitrary: policyOf(fc.oneof(spaced(words), spaced(spoilt))) },
    ),
    { numRuns: count, seed },
  );
