import { expect } from 'chai';
import { clausesOf, holding, type Ruleset } from '../../../src/domain/policy-clauses.ts';
import { evaluate, parseRule, references, type Check } from '../../../src/domain/policy-language.ts';
import { written } from '../../../src/domain/policy-text.ts';
import { randomPolicies } from '../../support/random-policies.ts';

const rulesetOf = (rules: Readonly<Record<string, string>>): Ruleset =>
  new Map(
    Object.entries(rules).flatMap(([name, text]): [string, Check][] => {
      const parsed = parseRule(text);
      return parsed.ok ? [[name, parsed.check]] : [];
    }),
  );

/** Those that a policy file may have: every rule is one, and refers to what is there. */
const policies = randomPolicies(2_000, 7).filter(({ rules }) => {
  const ruleset = rulesetOf(rules);
  const isWhole = ruleset.size === Object.keys(rules).length;
  return isWhole && [...ruleset.values()].every((check) => [...references(check)].every((name) => ruleset.has(name)));
});

describe('the clauses of a rule', () => {
  it('hold when the rule does, whatever it is made of', () => {
    const seen = new Set<boolean>();
    for (const { rules, questions } of policies) {
      const ruleset = rulesetOf(rules);
      for (const { credentials, target } of questions) {
        const expected = evaluate({ kind: 'rule', name: 'one' }, ruleset, credentials, target);
        const found = holding(clausesOf('one', ruleset), ruleset, credentials, target);
        expect(found !== undefined, JSON.stringify({ rules, credentials, target })).to.equal(expected);
        seen.add(expected);
      }
    }
    expect([policies.length > 200, seen.size]).to.deep.equal([true, 2]);
  });

  it('are named by the innermost rule that they stand in, and come once', () => {
    const ruleset = rulesetOf({ a: 'rule:b or rule:c or not rule:b', b: 'role:x or rule:c', c: 'role:y and role:z' });
    expect(clausesOf('a', ruleset).map(({ decision }) => decision.by)).to.deep.equal([
      'a: b: role:x',
      'a: c: role:y and role:z',
      'a: not rule:b',
    ]);
  });

  it('stay few when rules name each other again and again', () => {
    const texts = Array.from({ length: 40 }, (_, n) => [`a${n}`, `rule:a${n + 1} or rule:a${n + 1}`] as const);
    expect(clausesOf('a0', rulesetOf({ ...Object.fromEntries(texts), a40: 'role:x' }))).to.have.lengthOf(1);
  });
});

describe('a rule that is written out', () => {
  it('reads as the one it was read from', () => {
    for (const { rules } of policies) {
      for (const check of rulesetOf(rules).values()) {
        const again = parseRule(written(check));
        expect(again.ok && again.check, written(check)).to.deep.equal(check);
      }
    }
  });
});
