import { expect } from 'chai';
import { readForwarded } from '../../../src/http/forwarded.ts';

describe('a Forwarded header', () => {
  it('is read hop by hop, in whatever case, with quotes and spaces', () => {
    expect(
      readForwarded('For="[2001:db8::1]:4711";proto=https ; HOST="a.example:8443", for=192.0.2.7,for="_x\\"y"'),
    ).to.deep.equal([
      { for: '[2001:db8::1]:4711', proto: 'https', host: 'a.example:8443' },
      { for: '192.0.2.7' },
      { for: '_x"y' },
    ]);
  });

  it('is not read past a comma or semicolon in quotes', () => {
    expect(readForwarded('for="a,b;host=evil.example"')).to.deep.equal([{ for: 'a,b;host=evil.example' }]);
  });

  for (const odd of [
    '',
    'for',
    'for=',
    'for=a;',
    'for=a,',
    ',for=a',
    'for="a',
    'for=a b',
    'for=a;for=b',
    'for = a',
    '=a',
  ]) {
    it(`is none: ${JSON.stringify(odd)}`, () => expect(readForwarded(odd)).to.equal(null));
  }

  it('is read in time that grows with its length alone', () => {
    const started = performance.now();
    for (const odd of [`for="${'\\\\'.repeat(15_000)}`, `${' '.repeat(30_000)}for`, `for=a,`.repeat(5_000)])
      expect(readForwarded(odd)).to.equal(null);
    expect(performance.now() - started).to.be.lessThan(500);
  });
});
