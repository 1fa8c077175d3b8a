import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { mostPolicyBytes, readPolicy, type PolicyRead } from '../../../src/domain/policy-file.ts';
import { permissions, policy } from '../../../src/domain/policy.ts';
import { identityWith } from '../../support/fakes.ts';

const read = (text: string): PolicyRead => {
  const reading = readPolicy(text);
  if ('problems' in reading) throw new Error(reading.problems.join('\n'));
  return reading;
};
const problemsOf = (text: string): readonly string[] => {
  const reading = readPolicy(text);
  return 'problems' in reading ? reading.problems : [];
};

const refused: readonly (readonly [what: string, text: string, problems: readonly string[]])[] = [
  [
    'a permission that there is not',
    '# operators\n"oob:boot:sett": "role:member"',
    ['line 2, "oob:boot:sett": there is no such permission; there is oob:boot:get, oob:boot:set, oob:boot:clear'],
  ],
  ['a name of its own kind that is none of ours', '"oob:": "@"', ['line 1, "oob:": there is no such permission']],
  [
    'a rule that cannot be parsed',
    '"oob:power:set": "role:member and"',
    ['line 1, "oob:power:set": a check is missing at the end'],
  ],
  ['a reference to nothing', '"ops": "rule:opps"', ['line 1, "ops": there is no rule "opps"']],
  ['a circle', 'a: "rule:b"\nb: "not rule:a"', ['line 1, "a": leads to itself (a → b → a)']],
  [
    'a circle through a rule of ours',
    'admin: "rule:member"',
    ['line 1, "admin": leads to itself (admin → member → manager → admin)'],
  ],
  ['the same name twice', 'a: "@"\n"a": "!"', ['line 2, "a": stands in line 1 already']],
  [
    'an unquoted !, which YAML takes for a tag with an empty text, and the language for "all may"',
    '"oob:power:set": !',
    ['line 1, "oob:power:set": a rule must be a text in quotes, such as "role:admin" or "!"'],
  ],
  ['an unquoted @', '"oob:power:set": @', ['line 1: a rule that begins with "@", "!" or "%" must stand in quotes']],
  [
    'nothing, which oslo.policy takes for "all may"',
    '"oob:power:set":',
    ['line 1, "oob:power:set": a rule must be a text in quotes, such as "role:admin" or "!"'],
  ],
  [
    "a list, oslo.policy's older way",
    '"oob:power:set": [["role:member"]]',
    ['line 1, "oob:power:set": a rule must be a text in quotes, such as "role:admin" or "!"'],
  ],
  [
    'what is no text',
    'a: true\nb: 5\nc: {d: "@"}\nd: &x "@"\ne: *x\nf: !!binary "aaaa"',
    [1, 2, 3, 5, 6].map(
      (line) =>
        `line ${line}, ${JSON.stringify('abcdef'[line - 1])}: a rule must be a text in quotes, such as "role:admin" or "!"`,
    ),
  ],
  [
    'a name that is no text',
    '? [a]\n: "@"\n5: "@"',
    ['line 1: a name must be a text', 'line 3: a name must be a text'],
  ],
  ['a list of rules', '- "role:admin"', ['line 1: a policy is a map of names to rules']],
  ['a text', 'role:admin', ['line 1: a policy is a map of names to rules']],
  ['two documents', 'a: "@"\n---\nb: "@"', ['line 2: a second document begins; a policy is one']],
  [
    'an unquoted rule with a space behind a colon',
    'a: role: b',
    ['line 1: a rule in which a space follows a colon must stand in quotes'],
  ],
  ['a text that is not closed', 'a: "role:b', ['line 1: Missing closing "quote']],
  ['an empty file, which a full disk leaves', ' \n', ['it is empty; write {} where nothing is overridden']],
  ['more than anybody writes', `# ${'x'.repeat(mostPolicyBytes)}`, [`it is larger than ${mostPolicyBytes} bytes`]],
  ['what the stack has no room for', '['.repeat(100_000), ['it is nested; a policy is one map of names to rules']],
  [
    'the same in one line of block style',
    '- '.repeat(100_000),
    ['it is nested; a policy is one map of names to rules'],
  ],
];

describe('a policy file', () => {
  for (const [what, text, problems] of refused) {
    it(`is refused for ${what}`, () => {
      expect(problemsOf(text)).to.deep.equal(problems);
    });
  }

  it('is refused with all its problems, up to as many as a person reads', () => {
    const many = Array.from({ length: 40 }, (_, index) => `a${index}: "role"`).join('\n');
    expect(problemsOf(many)).to.have.lengthOf(31).and.include('and 10 more');
  });

  it('is refused for a chain of rules longer than the evaluator follows', () => {
    const chain = Array.from({ length: 200 }, (_, index) => `a${index}: "rule:a${index + 1}"`).join('\n');
    expect(problemsOf(`${chain}\na200: "@"`).join()).to.contain('leads through more than 50 rules');
  });

  it('is refused for rules that would take for ever to decide on', () => {
    const doubling = Array.from({ length: 40 }, (_, index) => `a${index}: "rule:a${index + 1} or rule:a${index + 1}"`);
    expect(problemsOf(`${doubling.join('\n')}\na40: "!"`).join()).to.contain('comes to more than 5000 checks');
  });

  it('overrides a permission, and says so', () => {
    const { rules, changed, unused } = read('"oob:power:set": "rule:admin"');
    expect(policy(rules).permits('oob:power:set', identityWith(), { project_id: 'p1' })).to.equal(false);
    expect([changed, unused]).to.deep.equal([['oob:power:set'], []]);
  });

  it('overrides a level for every rule that refers to it', () => {
    const { rules } = read('member: "rule:manager or role:operator"');
    const operator = identityWith({ roles: ['operator'] });
    expect(policy(rules).permits('oob:boot:set', operator, { project_id: 'p2' })).to.equal(true);
    expect(policy(rules).permits('oob:boot:set', identityWith(), { project_id: 'p1' })).to.equal(false);
  });

  it('makes aliases, and tells those that nothing uses', () => {
    const { rules, changed, unused } = read('"ops": "role:ops"\nopps: "role:ops"\n"oob:power:set": "rule:ops"');
    expect(policy(rules).permits('oob:power:set', identityWith({ roles: ['OPS'] }), {})).to.equal(true);
    expect([changed, unused]).to.deep.equal([['ops', 'opps', 'oob:power:set'], ['opps']]);
  });

  it('changes nothing where it says what is so anyway, or nothing', () => {
    for (const text of ['admin: "(role:admin)"', '{}', '# nothing yet\n', '\ufeff# nothing yet\n'])
      expect(read(text).changed, text).to.deep.equal([]);
  });

  it('may be JSON', () => {
    expect(read('{"oob:power:set": "!", "x": "@"}').changed).to.deep.equal(['oob:power:set', 'x']);
  });

  it('reads the sample, with every line of it in force, as what is so anyway', () => {
    const sample = readFileSync(new URL('../../../openstack/policy.yaml.sample', import.meta.url), 'utf8');
    expect(read(sample).changed).to.deep.equal([]);
    const lines = sample.split('\n').filter((line) => line.startsWith('#"'));
    const { changed, unused, names } = read(lines.map((line) => line.slice(1)).join('\n'));
    expect([changed, unused]).to.deep.equal([[], []]);
    expect(names).to.include.members([...permissions]);
  });

  describe('that the page for operators shows', () => {
    const page = readFileSync(new URL('../../../docs/operator.md', import.meta.url), 'utf8');
    const section = page.split('\n## Policy\n')[1]?.split('\n## ')[0] ?? '';
    const [fleet, domains] = [...section.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) =>
      policy(read(text).rules),
    );
    const target = { project_id: 'p1', project_domain_id: 'd1' };

    it('does what it says of admins, of who is on duty, and of members', () => {
      const running = identityWith({ roles: ['admin'], projectId: '4739dbd3a25a4fe98984330ac93a73ed' });
      const admin = identityWith({ roles: ['admin'] });
      const onDuty = identityWith({ roles: ['on_duty'], projectId: 'p2' });
      expect([running, admin, onDuty].map((one) => fleet?.scopeOf(one, []).kind)).to.deep.equal([
        'all',
        'project',
        'all',
      ]);
      expect([running, admin].map((one) => fleet?.permits('oob:machine:delete', one, target))).to.deep.equal([
        true,
        false,
      ]);
      expect(fleet?.permits('oob:machine:update', admin, target)).to.equal(true);
      expect(fleet?.permits('oob:power:set', onDuty, target)).to.equal(true);
      expect(fleet?.permits('oob:boot:set', onDuty, target)).to.equal(false);
      expect(fleet?.permits('oob:execution:create', identityWith(), target)).to.equal(false);
    });

    it('does what it says of managers of a domain', () => {
      const noProject = { projectId: null, projectName: null, projectDomainId: null };
      const manager = identityWith({ ...noProject, domainId: 'd1', roles: ['manager'] });
      expect(domains?.scopeOf(manager, []).kind).to.equal('domain');
      expect(domains?.permits('oob:power:set', manager, target)).to.equal(true);
      expect(domains?.permits('oob:power:set', manager, { ...target, project_domain_id: 'd2' })).to.equal(false);
    });
  });
});
