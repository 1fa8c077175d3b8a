import { expect } from 'chai';
import { isAllowed } from '../../../src/domain/access-rules.ts';

const rule = (method: string, path: string) => ({ method, path });
const allows = (pattern: string, path: string): boolean => isAllowed([rule('GET', pattern)], 'GET', path);

describe('access rules', () => {
  it('are no limit where there are none, and no way in where the list is empty', () => {
    expect(isAllowed(null, 'DELETE', '/v1/machines/osl01')).to.equal(true);
    expect(isAllowed([], 'GET', '/v1/whoami')).to.equal(false);
  });

  it('ask for the same method, which HEAD is not GET for', () => {
    expect(isAllowed([rule('GET', '/v1/machines')], 'POST', '/v1/machines')).to.equal(false);
    expect(isAllowed([rule('GET', '/v1/machines')], 'HEAD', '/v1/machines')).to.equal(false);
    expect(isAllowed([rule('HEAD', '/v1/machines')], 'HEAD', '/v1/machines')).to.equal(true);
    expect(isAllowed([rule('POST', '/x'), rule('GET', '/v1/machines')], 'GET', '/v1/machines')).to.equal(true);
  });

  const cases: readonly (readonly [pattern: string, path: string, fits: boolean])[] = [
    ['/v1/machines', '/v1/machines', true],
    ['/v1/machines', '/v1/machines/osl01', false],
    ['/v1/machines', '/x/v1/machines', false],
    ['/v1/machines/*', '/v1/machines/osl01', true],
    ['/v1/machines/*', '/v1/machines/', false],
    ['/v1/machines/*', '/v1/machines/osl01/power', false],
    ['/v1/machines/{machine}/power', '/v1/machines/osl01/power', true],
    ['/v1/machines/{machine}/power', '/v1/machines/a/b/power', false],
    ['/v1/machines/**', '/v1/machines/osl01/power', true],
    ['/v1/machines/**', '/v1/machines', false],
    ['/v1/machines/**/power', '/v1/machines/a/b/power', true],
    ['/v1/machines/**/power', '/v1/machines/power', false],
    ['**', '/v1/whoami', true],
    ['/v1/osl*-bmc', '/v1/osl01-bmc', true],
    ['/v1/osl*-bmc', '/v1/osl-bmc', false],
    ['/v1/*a*a', '/v1/banana', true],
    ['/v1/***', '/v1/a', true],
    ['/v1/machines/a.b', '/v1/machines/axb', false],
    ['/v1/(a|b)+', '/v1/a', false],
    ['/v1/[a-z]', '/v1/a', false],
    ['/v1/a{', '/v1/a{', true],
    ['/V1/machines', '/v1/machines', false],
    ['', '', false],
    ['/v1/\u00e4*', '/v1/\u00e4b', true],
  ];
  for (const [pattern, path, fits] of cases)
    it(`${fits ? 'let' : 'do not let'} ${JSON.stringify(pattern)} stand for ${JSON.stringify(path)}`, () => {
      expect(allows(pattern, path)).to.equal(fits);
    });

  for (const path of [
    '/v1/machines/../whoami',
    '/v1/machines/./a',
    '/v1/machines/..',
    '/v1/machines/a%2Fb',
    '/v1/a\\b',
    '/v1/a\nb',
    'v1/a',
  ])
    it(`never let ${JSON.stringify(path)} pass`, () => {
      expect(allows('**', path)).to.equal(false);
      expect(allows('/v1/**', path)).to.equal(false);
    });

  it('take no longer for a rule that is made to take long', () => {
    const started = performance.now();
    expect(allows('/**a'.repeat(30) + 'b', `/${'a/'.repeat(1_000)}`)).to.equal(false);
    expect(allows('/' + '*a'.repeat(60), `/${'a'.repeat(2_000)}c`)).to.equal(false);
    expect(performance.now() - started).to.be.below(500);
  });
});
