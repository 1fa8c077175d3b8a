import { expect } from 'chai';
import { explain, type Explained } from '../../../src/domain/policy-explain.ts';
import { readPolicy } from '../../../src/domain/policy-file.ts';
import { evaluate, parseRule, type Attributes } from '../../../src/domain/policy-language.ts';
import { changesBetween, isSeen, personas } from '../../../src/domain/policy-personas.ts';
import { defaultRules, policy } from '../../../src/domain/policy.ts';
import { randomPolicies } from '../../support/random-policies.ts';

const explained = (text: string, credentials: Attributes, target: Attributes = {}): Explained => {
  const parsed = parseRule(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return explain(parsed.check, defaultRules(), credentials, target);
};
const lines = ({ holds, check, compared, parts }: Explained, indent = ''): readonly string[] => [
  `${indent}${holds ? '+' : '-'} ${check}${compared === null ? '' : ` (${compared})`}`,
  ...parts.flatMap((part) => lines(part, `${indent}  `)),
];

const bob = { user_id: 'u-bob', project_id: 'p-alpha', system_scope: null, roles: ['member', 'reader'], quota: 3 };

describe('the explanation of a rule', () => {
  it('shows every clause, whether it holds, and what was compared', () => {
    expect(lines(explained('rule:member', bob, { project_id: 'p-alpha' }))).to.deep.equal([
      '+ rule:member',
      '  - rule:manager',
      '    - rule:admin',
      '      - role:admin (roles: member, reader)',
      '    - all of',
      '      - role:manager (roles: member, reader)',
      '      + project_id:%(project_id)s (p-alpha = p-alpha)',
      '  + all of',
      '    + role:member (roles: member, reader)',
      '    + project_id:%(project_id)s (p-alpha = p-alpha)',
    ]);
  });

  it('tells a value that differs from one that is not there', () => {
    const told = (text: string, target: Attributes = {}): string | null => explained(text, bob, target).compared;
    expect(told('project_id:%(project_id)s', { project_id: 'p-beta' })).to.equal('p-alpha ≠ p-beta');
    expect(told('project_id:%(project_id)s')).to.equal('what it is about has no project_id');
    expect(told('system_scope:all')).to.equal('the token has no system_scope');
    expect(told('token.project.id:x')).to.equal('the token has no token.project.id');
    expect(told('quota:%(n)s', { n: 4 })).to.equal('3 ≠ 4');
    expect(told('roles:member')).to.equal('member, reader = member');
    expect(told("'a/b':x")).to.equal('"a/b" ≠ x');
    expect(told('True:%(is_grantee)s', { is_grantee: true })).to.equal('True = true');
    expect(explained('role:x', { roles: [] }).compared).to.equal('roles: none that count');
  });

  it('says of each part what the evaluator says', () => {
    for (const { rules, questions } of randomPolicies(300, 11)) {
      const parsed = parseRule(rules['one'] ?? '');
      if (!parsed.ok || (rules['one'] ?? '').includes('rule:')) continue;
      for (const { credentials, target } of questions) {
        const { holds } = explain(parsed.check, new Map(), credentials, target);
        expect(holds).to.equal(evaluate(parsed.check, new Map(), credentials, target));
      }
    }
  });
});

describe('what changes between two policies', () => {
  const changes = (text: string): readonly string[] => {
    const reading = readPolicy(text);
    if ('problems' in reading) throw new Error(reading.problems.join());
    return changesBetween(policy(), policy(reading.rules)).map(
      ({ persona, things, gains, loses }) =>
        `${persona} ${things}:${gains.map((one) => ` +${one}`).join('')}${loses.map((one) => ` -${one}`).join('')}`,
    );
  };

  it('is nothing where nothing changes', () => {
    expect(changes('{}')).to.deep.equal([]);
  });

  it('is who may do more, and who less', () => {
    expect(changes('"oob:power:set": "rule:manager or role:reader"')).to.deep.equal([
      'reader of the own project or domain: +oob:power:set',
      'system-reader of the own project or domain: +oob:power:set',
      'system-reader of another project of the domain: +oob:power:set',
      'system-reader of another domain: +oob:power:set',
      'system-reader of the operator: +oob:power:set',
    ]);
    expect(changes('"oob:boot:set": "rule:manager"')).to.deep.equal([
      'member of the own project or domain: -oob:boot:set',
    ]);
  });

  it('is nothing that the wall keeps out of sight', () => {
    const open = changes('"oob:power:set": "@"');
    expect(open).to.include('reader of the own project or domain: +oob:power:set');
    expect(open.filter((line) => /^(reader|unscoped|domain)/.test(line))).to.deep.equal([
      'reader of the own project or domain: +oob:power:set',
    ]);
  });

  it('shows what opens to domains, and that it ends at their borders', () => {
    const opened = changes('"oob:scope:domain": "role:admin"');
    expect(opened.filter((line) => !line.startsWith('domain-admin of '))).to.deep.equal([]);
    expect(opened.filter((line) => /another domain|operator/.test(line))).to.deep.equal([]);
    expect(opened.length).to.equal(2);
  });
});

describe('what a scope shows', () => {
  const seenBy = (persona: string, target: { project_id?: string; project_domain_id?: string }): boolean =>
    isSeen(policy().scopeOf(personas[persona] ?? expect.fail(persona), []), target);

  it('is all, the own project, or nothing', () => {
    expect(seenBy('admin', {})).to.equal(true);
    expect(seenBy('member', { project_id: 'a-project' })).to.equal(true);
    expect(seenBy('member', { project_id: 'another' })).to.equal(false);
    expect(seenBy('member', {})).to.equal(false);
    expect(seenBy('domain-admin', { project_id: 'a-project', project_domain_id: 'a-domain' })).to.equal(false);
  });
});
