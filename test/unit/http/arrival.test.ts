import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { readNetworks } from '../../../src/domain/networks.ts';
import { arrivals, type Arrival } from '../../../src/http/arrival.ts';
import type { ProxyHeaders } from '../../../src/http/proxies.ts';

interface Came {
  readonly url?: string;
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly httpVersion?: string;
}

interface Setting {
  readonly publicUrl?: string;
  readonly trusted?: string;
  readonly kind?: ProxyHeaders;
}

const arrival = (
  came: Came,
  { publicUrl = 'https://igor.test/oob', trusted, kind = 'x-forwarded' }: Setting,
): Arrival => {
  const headers = { host: 'igor.test', ...came.headers };
  const request = {
    url: came.url ?? '/v1/whoami',
    headers,
    rawHeaders: Object.entries(headers).flat(),
    httpVersion: came.httpVersion ?? '1.1',
    socket: { remoteAddress: came.from ?? '10.0.0.1' },
  } as unknown as IncomingMessage; // as much as is read of it
  return arrivals({
    publicUrl,
    trustedProxies: trusted === undefined ? null : readNetworks(trusted),
    proxyHeaders: kind,
  })(request);
};

/** What is told of a request from the proxy 10.0.0.1, as address and link. */
const through = (
  headers: Readonly<Record<string, string>>,
  setting: Setting = {},
): readonly [string | null, string] => {
  const { address, href } = arrival({ headers }, { trusted: '10.0.0.0/24', ...setting });
  return [address, href('/v1/')];
};

const all = {
  'x-forwarded-for': '192.0.2.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'api.example.com',
  'x-forwarded-port': '8443',
  'x-forwarded-prefix': '/out-of-band',
};

describe('a request, as its client sent it', () => {
  it('has the address, origin and mount that a trusted proxy tells', () =>
    expect(through(all)).to.deep.equal(['192.0.2.7', 'https://api.example.com:8443/out-of-band/v1/']));

  it('has those of the connection and the settings when the proxy is not trusted', () => {
    for (const trusted of [undefined, '10.0.1.0/24', '192.0.2.0/24']) {
      const { address, href, path } = arrival({ headers: all }, trusted === undefined ? {} : { trusted });
      expect([address, href('/v1/'), path]).to.deep.equal(['10.0.0.1', 'https://igor.test/oob/v1/', '/oob/v1/whoami']);
    }
  });

  it('has those of the settings where a trusted proxy tells nothing', () =>
    expect(through({})).to.deep.equal(['10.0.0.1', 'https://igor.test/oob/v1/']));

  it('has an IPv4 address in its own spelling, also where the socket is IPv6', () => {
    const { address } = arrival({ from: '::ffff:10.0.0.1', headers: all }, { trusted: '10.0.0.1' });
    expect(address).to.equal('192.0.2.7');
    expect(arrival({ from: 'fe80::1%eth0' }, { trusted: '10.0.0.1' }).address).to.equal('fe80::1');
  });

  const chains: readonly (readonly [what: string, chain: string, address: string])[] = [
    ['the nearest that is not trusted', '192.0.2.7, 10.0.0.2, 10.0.0.3', '192.0.2.7'],
    ['never what the client itself claims', '203.0.113.9, 192.0.2.7, 10.0.0.2', '192.0.2.7'],
    ['not a trusted address that the client claims', '10.0.0.9, 192.0.2.7', '192.0.2.7'],
    ['the last that is known, where one is none', 'unknown, 10.0.0.2', '10.0.0.2'],
    ['the proxy, where there is nonsense', '"><script>', '10.0.0.1'],
    ['without its port', '192.0.2.7:4711', '192.0.2.7'],
    ['IPv6, with brackets and port', '[2001:db8::7]:4711', '2001:db8::7'],
    ['the farthest, where all are trusted', '10.0.0.4, 10.0.0.2', '10.0.0.4'],
  ];
  for (const [what, chain, address] of chains) {
    it(`has as its address ${what}`, () => expect(through({ 'x-forwarded-for': chain })[0]).to.equal(address));
  }

  it('has the host that the outermost trusted proxy was asked for, not one that the client put before it', () => {
    const chain = { ...all, 'x-forwarded-for': '192.0.2.7, 10.0.0.2', 'x-forwarded-port': '' };
    const host = (value: string): string => through({ ...chain, 'x-forwarded-host': value })[1];
    expect(host('evil.example, api.example.com, inner.example')).to.equal('https://api.example.com/out-of-band/v1/');
    expect(host('api.example.com, inner.example')).to.equal('https://api.example.com/out-of-band/v1/');
    expect(host('api.example.com')).to.equal('https://api.example.com/out-of-band/v1/');
  });

  it('has no port in its links that the scheme implies', () => {
    const link = (proto: string, port: string): string =>
      through({ ...all, 'x-forwarded-proto': proto, 'x-forwarded-port': port })[1];
    expect(link('https', '443')).to.equal('https://api.example.com/out-of-band/v1/');
    expect(link('http', '80')).to.equal('http://api.example.com/out-of-band/v1/');
    expect(link('http', '443')).to.equal('http://api.example.com:443/out-of-band/v1/');
    expect(through({ ...all, 'x-forwarded-host': '[2001:db8::443]' })[1]).to.equal(
      'https://[2001:db8::443]:8443/out-of-band/v1/',
    );
  });

  const hostile: readonly (readonly [header: string, values: readonly string[]])[] = [
    [
      'x-forwarded-host',
      [
        'evil.example/',
        'a b',
        'a@evil.example',
        'a"b',
        "a'b",
        '<a>',
        'a:0',
        'a:70000',
        'a:b',
        '[a]',
        '[::1',
        'a%0d',
        '-',
        'ø',
      ],
    ],
    ['x-forwarded-proto', ['javascript', 'https:', 'http://evil.example', 'ftp']],
    ['x-forwarded-port', ['0', '65536', '80a', '-1', ' ;']],
    [
      'x-forwarded-prefix',
      ['//evil.example', 'no-slash', '/a//b', '/a/../b', '/./a', '/a%2fb', '/a?b', '/a b', '/"', `/${'a'.repeat(300)}`],
    ],
  ];
  for (const [header, values] of hostile) {
    for (const value of values) {
      it(`is refused with ${header}: ${value.slice(0, 30)}`, () =>
        expect(() => through({ ...all, [header]: value })).to.throw('invalid-input'));
    }
  }

  it('is refused with a prefix that makes one path look like another to an access rule', () => {
    // The rule /v1/machines/osl01/** must not be met by /v1/machines/osl02/power behind such a prefix.
    expect(() => through({ ...all, 'x-forwarded-prefix': '/v1/machines/osl01' })).to.throw('invalid-input');
  });

  it('has a prefix, a slash at its end or not, or none', () => {
    const prefix = (value: string): string => through({ ...all, 'x-forwarded-prefix': value })[1];
    expect(prefix('/a/b/')).to.equal('https://api.example.com:8443/a/b/v1/');
    expect(prefix('/')).to.equal('https://api.example.com:8443/v1/');
  });

  it('is seen by one kind of header alone, whichever the other says', () => {
    const forwarded = { forwarded: 'for=203.0.113.9;host=evil.example;proto=http' };
    expect(through({ ...all, ...forwarded })[1]).to.equal('https://api.example.com:8443/out-of-band/v1/');
    expect(through({ ...all, ...forwarded }, { kind: 'forwarded' })).to.deep.equal([
      '203.0.113.9',
      'http://evil.example/oob/v1/',
    ]);
  });

  it('has what the outermost trusted proxy put into Forwarded', () => {
    const forwarded =
      'for=203.0.113.9;host=evil.example, for="192.0.2.7:99";host=api.example.com;proto=https, for=10.0.0.2;host=b';
    expect(through({ forwarded }, { kind: 'forwarded' })).to.deep.equal([
      '192.0.2.7',
      'https://api.example.com/oob/v1/',
    ]);
    expect(through({ forwarded: 'for=unknown' }, { kind: 'forwarded' })).to.deep.equal([
      '10.0.0.1',
      'https://igor.test/oob/v1/',
    ]);
    expect(() => through({ forwarded: 'for=;' }, { kind: 'forwarded' })).to.throw('Forwarded');
  });

  it('is routed alike with the mount and without it, and has it in its path', () => {
    for (const url of [
      '/v1/machines?limit=1',
      '/oob/v1/machines?limit=1',
      'http://any.example/oob/v1/machines?limit=1',
    ]) {
      const came = arrival({ url }, {});
      expect([came.url, came.path]).to.deep.equal(['/v1/machines?limit=1', '/oob/v1/machines']);
    }
    expect(arrival({ url: '/oob' }, {}).url).to.equal('/');
    expect(arrival({ url: '/oob?x' }, {}).url).to.equal('/?x');
    expect(arrival({ url: '/oobs/v1' }, {}).url).to.equal('/oobs/v1');
    expect(arrival({ url: '/oob/oob/v1' }, {}).url).to.equal('/oob/v1');
    expect(arrival({ url: '*' }, {}).url).to.equal('/');
    expect(arrival({ url: 'https://any.example' }, {}).url).to.equal('/');
    expect(arrival({ url: '/v1/' }, { publicUrl: 'http://a' }).path).to.equal('/v1');
  });

  const refused: readonly (readonly [what: string, came: Came])[] = [
    ['no host', { headers: { host: undefined as unknown as string } }],
    ['two hosts', { headers: { host: 'a, b' } }],
    ['a host that is none', { headers: { host: 'a/b' } }],
    ['another scheme', { url: 'ftp://a/v1' }],
    ['a target that is no path', { url: 'v1' }],
    ['a coding that is not undone', { headers: { 'transfer-encoding': 'gzip, chunked' } }],
    ['chunks in HTTP/1.0', { headers: { 'transfer-encoding': 'chunked' }, httpVersion: '1.0' }],
    ['dots in the part that the mount is', { url: '/oob/../v1' }],
    [
      'more fields than a client has',
      { headers: Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`x-${n}`, 'a'])) },
    ],
  ];
  for (const [what, came] of refused) {
    it(`is refused with ${what}`, () => expect(() => arrival(came, {})).to.throw(/invalid-input|headers-too-large/));
  }

  it('needs no host in HTTP/1.0, in which balancers ask', () => {
    const came = { headers: { host: undefined as unknown as string }, httpVersion: '1.0' };
    expect(arrival(came, {}).url).to.equal('/v1/whoami');
  });
});
