import { expect } from 'chai';
import fc from 'fast-check';
import { evaluate, parseRule, references, type Attributes, type Check } from '../../../src/domain/policy-language.ts';

const parsed = (text: string): Check => {
  const result = parseRule(text);
  if (!result.ok) throw new Error(`${text}: ${result.problem}`);
  return result.check;
};

const rulesOf = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, Check> =>
  new Map(Object.entries(texts).map(([name, text]) => [name, parsed(text)]));

const holds = (
  text: string,
  credentials: Attributes,
  target: Attributes = {},
  rules: Record<string, string> = {},
): boolean => evaluate(parsed(text), rulesOf(rules), credentials, target);

const bob = { user_id: 'u-bob', project_id: 'p-alpha', roles: ['Member', 'reader'], is_admin_project: true, quota: 3 };
const keystone = { token: { project: { id: 'p-alpha' }, roles: [{ name: 'admin' }, { name: 'member' }] } };

/** Each row was answered alike by oslo.policy 4.0.0. */
const answers: readonly (readonly [rule: string, credentials: Attributes, target: Attributes, answer: boolean])[] = [
  ['', {}, {}, true],
  ['@', {}, {}, true],
  ['!', {}, {}, false],
  ['not !', {}, {}, true],
  ['NOT Not @', {}, {}, true],
  ['@ or ! and !', {}, {}, true],
  ['! and ! or @', {}, {}, true],
  ['(@ or !) and !', {}, {}, false],
  ['not @ or @', {}, {}, true],
  ['not (@ or @)', {}, {}, false],
  ['not ! and !', {}, {}, false],
  ['@ AND\t(\n@ ) oR !', {}, {}, true],
  ['((@))', {}, {}, true],
  ['role:member', bob, {}, true],
  ['role:READER', bob, {}, true],
  ['role:admin', bob, {}, false],
  ['role:%(wanted)s', bob, { wanted: 'MEMBER' }, true],
  ['role:%(absent)s', bob, {}, false],
  ['role:member', {}, {}, false],
  ['Role:member', bob, {}, false],
  ['roles:Member', bob, {}, true],
  ['roles:member', bob, {}, false],
  ['project_id:%(project_id)s', bob, { project_id: 'p-alpha' }, true],
  ['project_id:%(project_id)s', bob, { project_id: 'p-beta' }, false],
  ['project_id:%(project_id)s', bob, {}, false],
  ['project_id:%(project_id)s', {}, { project_id: 'p-alpha' }, false],
  ['project_id:p-alpha', bob, {}, true],
  ['project_id:P-ALPHA', bob, {}, false],
  ['project_id:p-%(name)s', bob, { name: 'alpha' }, true],
  ['project_id:p-%(name)s', bob, { name: 'alph' }, false],
  ['project_id:%(a)s-%(b)s', bob, { a: 'p', b: 'alpha' }, true],
  ['project_id:', bob, {}, false],
  ['user_id:%(node.owner)s', bob, { 'node.owner': 'u-bob' }, true],
  ['system_scope:all', { system_scope: 'all' }, {}, true],
  ['system_scope:all', bob, {}, false],
  ['is_admin_project:True', bob, {}, true],
  ['is_admin_project:true', bob, {}, false],
  ['quota:%(quota)s', bob, { quota: 3 }, true],
  ["'p-alpha':%(project_id)s", {}, { project_id: 'p-alpha' }, true],
  ['"p-alpha":%(project_id)s', {}, { project_id: 'p-beta' }, false],
  ["'':%(name)s", {}, { name: '' }, true],
  ['True:%(enabled)s', {}, { enabled: true }, true],
  ['True:%(enabled)s', {}, { enabled: 'true' }, false],
  ['None:%(project_id)s', {}, { project_id: null }, true],
  ['None:%(project_id)s', {}, {}, false],
  ['-7:%(n)s', {}, { n: -7 }, true],
  ['token.project.id:%(project_id)s', keystone, { project_id: 'p-alpha' }, true],
  ['token.roles.name:member', keystone, {}, true],
  ['token.roles.name:reader', keystone, {}, false],
  ['token.project:p-alpha', keystone, {}, false],
  ['token.domain.id:p-alpha', keystone, {}, false],
  ['constructor:%(x)s', bob, { x: 'undefined' }, false],
  ['project_id:%(constructor)s', bob, {}, false],
  ['project_id:a%%b', { project_id: 'a%b' }, {}, true],
  ['project_id:(x)y', { project_id: '(x)y' }, {}, true],
  ['rule:absent', {}, {}, false],
  ['not rule:absent', {}, {}, true],
];

const problems: readonly (readonly [rule: string, problem: string])[] = [
  ['   ', 'a check is missing at the end'],
  ['(role:a', 'a parenthesis is not closed (character 1)'],
  ['role:a)', '"and" or "or" is missing, or a parenthesis is too many (character 7)'],
  ['role:a role:b', '"and" or "or" is missing, or a parenthesis is too many (character 8)'],
  ['role:a and', 'a check is missing at the end'],
  ['role:a and or role:b', 'a check is missing before "or" (character 12)'],
  ['()', 'a check is missing before ")" (character 2)'],
  ['not', 'a check is missing at the end'],
  ['or', 'a check is missing before "or" (character 1)'],
  ['member', '"member" has no colon (character 1)'],
  ['@ and @@', '"@@" has no colon (character 7)'],
  ['"role:a"', 'a string alone is no check (character 1)'],
  ['project_id:%(project_id)', '"%(project_id" holds a "%" that begins no %(attribute)s (character 1)'],
  ['project_id:%(n)d', '"%(n)d" holds a "%" that begins no %(attribute)s (character 1)'],
  ['project_id:100%', '"100%" holds a "%" that begins no %(attribute)s (character 1)'],
  ["'a':%(x)s or ':b", '"\'" is neither an attribute of a caller nor a literal (character 14)'],
  [':x', '"" is neither an attribute of a caller nor a literal (character 1)'],
  ['a..b:x', '"a..b" is neither an attribute of a caller nor a literal (character 1)'],
  ['http://example.org/%(x)s', 'checks by HTTP are not supported (character 1)'],
  [`role:${'a'.repeat(16_384)}`, 'longer than 16384 characters'],
  [`${'('.repeat(101)}@${')'.repeat(101)}`, 'more than 100 parentheses within each other (character 101)'],
];

describe('the policy language', () => {
  for (const [rule, credentials, target, answer] of answers) {
    it(`answers ${String(answer)} to "${rule}" for ${JSON.stringify(credentials)} on ${JSON.stringify(target)}`, () => {
      expect(holds(rule, credentials, target)).to.equal(answer);
    });
  }

  for (const [rule, problem] of problems) {
    it(`names the problem of "${rule.slice(0, 40)}"`, () => {
      expect(parseRule(rule)).to.deep.equal({ ok: false, problem });
    });
  }

  it('lets nobody own what belongs to none', () => {
    expect(holds('project_id:%(project_id)s', { project_id: null }, { project_id: null })).to.equal(false);
  });

  it('takes an inherited member for nobody’s attribute', () => {
    const inheriting = Object.create({ project_id: 'p-alpha', roles: ['admin'] }) as Attributes;
    expect(holds('project_id:p-alpha or role:admin', inheriting)).to.equal(false);
    expect(holds('project_id:%(project_id)s', bob, inheriting)).to.equal(false);
  });

  it('follows rules by name, and asks "default" for unknown ones', () => {
    const rules = { admin: 'role:admin', manager: 'rule:admin or role:manager', default: 'role:reader' };
    expect(holds('rule:manager', { roles: ['admin'] }, {}, rules)).to.equal(true);
    expect(holds('rule:manager', { roles: ['reader'] }, {}, rules)).to.equal(false);
    expect(holds('rule:unknown', { roles: ['reader'] }, {}, rules)).to.equal(true);
    expect(holds('rule:unknown', { roles: ['admin'] }, {}, rules)).to.equal(false);
  });

  it('throws at rules that go round in a circle, even below a "not"', () => {
    const rules = { a: 'not rule:b', b: 'rule:a' };
    expect(() => holds('rule:a', {}, {}, rules)).to.throw('leads to itself');
    expect(() => holds('not rule:unknown', {}, {}, { default: 'rule:unknown' })).to.throw('leads to itself');
  });

  it('tells which rules a check refers to', () => {
    const check = parsed('rule:a or not (rule:b and role:x) and (rule:a or @)');
    expect([...references(check)]).to.deep.equal(['a', 'b']);
    expect([...references(parsed('role:rule'))]).to.deep.equal([]);
  });

  it('reads or refuses any text, and throws at none', () => {
    const word = fc.constantFrom(
      'role:a',
      'rule:b',
      "'x':%(y)s",
      '@',
      '!',
      'and',
      'or',
      'not',
      '(',
      ')',
      '%(',
      "'",
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          const result = parseRule(text);
          if (result.ok) expect(evaluate(result.check, new Map(), { roles: ['a'] }, {})).to.be.a('boolean');
          else expect(result.problem).to.not.equal('');
        },
      ),
    );
  });
});
