import { expect } from 'chai';
import { negotiated } from '../../../src/http/microversion.ts';

describe('a version that is asked for', () => {
  const ours = (header: string | undefined): string => negotiated(header, 'out-of-band');

  it('is the least when nothing, or only other services, are named', () => {
    for (const header of [undefined, '', 'compute 2.90', 'compute 2.90, placement latest', 'out-of-bands 9.9', ',,'])
      expect(ours(header), header).to.equal('1.0');
  });

  it('is found among those of other services', () => {
    for (const header of [
      'out-of-band 1.0',
      ' compute 2.90 ,out-of-band  1.0',
      'Out-Of-Band 1.0',
      'out-of-band latest',
    ])
      expect(ours(header), header).to.equal('1.0');
    expect(() => ours('compute 2.90, out-of-band 9.9')).to.throw('not-acceptable');
  });

  it('is refused beyond the range, naming the range', () => {
    for (const version of ['0.9', '1.1', '2.0', '999.999'])
      expect(() => ours(`out-of-band ${version}`), version).to.throw(
        'not-acceptable: ' + `${version} lies beyond 1.0 to`,
      );
  });

  it('is refused in an odd form', () => {
    const odd = [
      '',
      '1',
      '1.',
      '.0',
      '1.0.0',
      '01.0',
      '1.00',
      'v1.0',
      '-1.0',
      '1.0 1.0',
      'Latest',
      '1,0',
      '1e0',
      '１.０',
      '1.9999',
    ];
    for (const version of odd) expect(() => ours(`out-of-band ${version}`), version).to.throw('invalid-input');
    expect(() => ours('out-of-band 1.0, out-of-band 1.0')).to.throw('invalid-input');
  });
});
