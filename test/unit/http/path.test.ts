import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalPath } from '../../../src/http/path.ts';

describe('a path, as rules look at it', () => {
  const same: readonly (readonly [raw: string, path: string])[] = [
    ['/', ''],
    ['/v1', '/v1'],
    ['/v1/', '/v1'],
    ['/v1/machines/osl01/power/', '/v1/machines/osl01/power'],
    ['/v1/machines/osl%30%31', '/v1/machines/osl01'],
    ['/v1/machines/%C3%A6', '/v1/machines/æ'],
    ['/v1/machines/a%2Eb', '/v1/machines/a.b'],
    ['/v1/machines/...', '/v1/machines/...'],
    ['/v1/machines/a..b', '/v1/machines/a..b'],
    ['/v1/machines/%25', '/v1/machines/%'],
    // Decoded once and no more: a second reader would have to decode twice.
    ['/v1/machines/%252e%252e', '/v1/machines/%2e%2e'],
    ["/v1/machines/a;b=c,d!$&'()*+:@~", "/v1/machines/a;b=c,d!$&'()*+:@~"],
  ];
  for (const [raw, path] of same) {
    it(`takes ${raw} for ${path === '' ? 'the root' : path}`, () => expect(canonicalPath(raw)).to.equal(path));
  }

  const refused: readonly string[] = [
    ...['/v1/a%2fb', '/v1/a%2Fb', '/v1/a%5cb', '/v1/a%5Cb', '/v1/a%00', '/v1/%2e%2e%2fv1'],
    ...['/v1/./whoami', '/v1/../v1', '/..', '/v1/.', '/v1/%2e%2e/x', '/v1/%2E./x', '/v1/.%2e', '/%2e'],
    ...['/v1/a%0ab', '/v1/a%0Db', '/v1/%7f', '/v1/%1b', '/v1/%C2%85', '/v1/a\u0000', '/v1/a\tb', '/v1/a b'],
    ...['/v1/%', '/v1/%zz', '/v1/%E0%A4%A', '/v1/%ff', '/v1/%C0%AF', '/v1/%ED%A0%80'],
    ...['/v1/a\\b', '/v1/a#b', '/v1/æ', '/v1/a"b', '/v1/<a>', '/v1/a^b', '/v1/a`b', '/v1/{a}', '/v1/a|b', '/v1/[a]'],
  ];
  for (const raw of refused) {
    it(`refuses ${JSON.stringify(raw)}`, () => expect(() => canonicalPath(raw)).to.throw('path: '));
  }

  it('is never one that another reader would resolve, cut or take for another', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '/',
        '.',
        '..',
        '%2e',
        '%2f',
        '%5C',
        '%00',
        '%25',
        '%',
        '\\',
        'v1',
        'a',
        '#',
        '?',
        '%0a',
        '%C3%A6',
      ),
      fc.string({ maxLength: 3 }),
    );
    let taken = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const raw = `/${parts.join('')}`;
        let path: string;
        try {
          path = canonicalPath(raw);
        } catch {
          return;
        }
        taken++;
        expect(path.split('/')).not.to.include.members(['..']);
        expect(path.split('/')).not.to.include.members(['.']);
        expect(path).not.to.match(/\p{Cc}/u);
        expect(path.split('/').length).to.equal(raw.replace(/\/+$/, '').split('/').length);
        expect(new URL(raw.replace(/^\/+/, '/'), 'http://igor.test').pathname.length).to.be.greaterThan(0);
      }),
      { numRuns: 5_000 },
    );
    expect(taken).to.be.greaterThan(100);
  });
});
