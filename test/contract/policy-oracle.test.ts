import { expect } from 'chai';
import { evaluate, parseRule, type Attributes, type Check } from '../../src/domain/policy-language.ts';
import { askOslo, type PolicyCase } from '../support/oslo-policy.ts';
import { randomPolicies } from '../support/random-policies.ts';

/** Another one by IGOR_TEST_SEED. */
const seed = Number(process.env['IGOR_TEST_SEED'] ?? 20_261_120);
const count = 7_000;

const failedIn = ({ rules }: PolicyCase): readonly string[] =>
  Object.entries(rules)
    .filter(([, text]) => !parseRule(text).ok)
    .map(([name]) => name);

const answersTo = ({ rules, questions }: PolicyCase): readonly boolean[] => {
  const checks = new Map(
    Object.entries(rules).flatMap(([name, text]): [string, Check][] => {
      const parsed = parseRule(text);
      return parsed.ok ? [[name, parsed.check]] : [];
    }),
  );
  return questions.map(({ rule, credentials, target }) =>
    evaluate({ kind: 'rule', name: rule }, checks, credentials, target),
  );
};

type Ours = boolean | 'refused';

/** Where Igor means to differ, and why. What oslo.policy raises, its callers answer by 500. */
const deviations: readonly (readonly [
  why: string,
  rule: string,
  credentials: Attributes,
  target: Attributes,
  oslo: boolean | string,
  igor: Ours,
])[] = [
  ['nobody owns what belongs to none', 'project_id:None', { project_id: null }, {}, true, false],
  ['likewise of the target', 'project_id:%(project_id)s', { project_id: null }, { project_id: null }, true, false],
  ['a percent sign that begins nothing', 'project_id:100%', { project_id: 'p' }, {}, 'ValueError', 'refused'],
  ['another conversion', 'quota:%(n)d', { quota: 3 }, { n: 'x' }, 'TypeError', 'refused'],
  ['a conversion of the whole target', 'quota:%s', { quota: 3 }, {}, false, 'refused'],
  ['a path into what has no parts', 'project_id.x:y', { project_id: 'p' }, {}, 'TypeError', false],
  ["a word of Python's", 'class:x', { class: 'x' }, {}, 'SyntaxError', true],
  ['neither a name nor a literal', '9a:x', {}, {}, 'SyntaxError', 'refused'],
  ["a literal of Python's that nobody writes", '(1,2):x', {}, {}, false, 'refused'],
  ['a fraction, which the two languages write differently', '1.0:%(n)s', {}, { n: '1.0' }, true, 'refused'],
  ['the older name of the system scope', 'system:all', { system_scope: 'all' }, {}, true, false],
  ['a word of the grammar alone', 'or', {}, {}, 'AttributeError', 'refused'],
  ['a text alone', "'x'", {}, {}, 'AttributeError', 'refused'],
  ['nothing left of the colon', ':x', {}, {}, 'SyntaxError', 'refused'],
  ['a service of its own', 'http://127.0.0.1:1/%(x)s', {}, {}, 'KeyError', 'refused'],
];

describe('the policy language, beside oslo.policy', () => {
  it(`agrees on ${count} random policies (IGOR_TEST_SEED=${seed})`, function () {
    this.timeout(300_000);
    const cases = randomPolicies(count, seed);
    const oslo = askOslo(cases);
    expect(oslo).to.have.lengthOf(cases.length);

    const differing: unknown[] = [];
    const seen = { refused: 0, permitted: 0, denied: 0 };
    cases.forEach((one, index) => {
      const said = oslo[index];
      const failed = failedIn(one);
      if (JSON.stringify(failed) !== JSON.stringify(said?.failed)) differing.push({ one, failed, said });
      // Igor takes no file of which a rule cannot be read.
      if (failed.length > 0) seen.refused += 1;
      else {
        const answers = answersTo(one);
        if (JSON.stringify(answers) !== JSON.stringify(said?.answers)) differing.push({ one, answers, said });
        for (const answer of answers) seen[answer ? 'permitted' : 'denied'] += 1;
      }
    });
    expect(differing.slice(0, 3)).to.deep.equal([]);
    // That it could have come out otherwise.
    expect(seen.refused).to.be.greaterThan(count / 20);
    expect(cases.length - seen.refused).to.be.at.least(5_000);
    expect(Math.min(seen.permitted, seen.denied)).to.be.greaterThan(count);
  });

  it('differs where it says so', () => {
    const cases = deviations.map(([, rule, credentials, target]): PolicyCase => ({
      rules: { one: rule },
      questions: [{ rule: 'one', credentials, target }],
    }));
    const oslo = askOslo(cases);
    const found = deviations.map(([why, rule], index) => {
      const one = cases[index];
      const igor = one === undefined || failedIn(one).length > 0 ? 'refused' : answersTo(one)[0];
      return [why, rule, oslo[index]?.answers[0], igor];
    });
    expect(found).to.deep.equal(deviations.map(([why, rule, , , theirs, ours]) => [why, rule, theirs, ours]));
  });
});
