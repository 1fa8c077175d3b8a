import { expect } from 'chai';
import { z } from 'zod';
import { hostAddress, hostName, macAddress, projectId, sshHostKey, tag } from '../../../src/domain/host-name.ts';

const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIAPabZdAM8kOqK+bpXH93b6qG1yfDB1RbhiDvZ9mmuCj';
const nistp256 =
  'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBH98zpt1OxkBSr8cb4bNWV0ZCe08U2OtBtsUDk69rvx5tOIWIpV81sbDHDkiknu9Q+ff2pxPgtOfBeJAc+NBUXA=';

/** What each schema reads as it is, and what it refuses. */
const rows: readonly (readonly [
  name: string,
  schema: z.ZodType,
  takes: readonly string[],
  refuses: readonly string[],
])[] = [
  [
    'hostName',
    hostName,
    [
      'osl01',
      'OSL01',
      'a',
      '1',
      '101',
      'a-b',
      'a.b-c.example',
      'xn--bcher-kva',
      'a'.repeat(63),
      `${'a.'.repeat(126)}a`,
    ],
    [
      ...[
        '',
        '-a',
        'a-',
        'a.',
        '.a',
        'a..b',
        'a.-b',
        'a_b',
        'a b',
        ' a',
        'a\n',
        'a\u0000',
        'a;rm',
        'ø',
        '-H',
        'a/b',
        'a,b',
      ],
      ...['a'.repeat(64), `${'a.'.repeat(126)}ab`, 'osl[1-2]'],
      ...[
        '123e4567-e89b-12d3-a456-426614174000',
        '123e4567e89b12d3a456426614174000',
        '123E4567-E89B12D3A456-426614174000',
      ],
    ],
  ],
  [
    'hostAddress',
    hostAddress,
    ['10.0.0.11', '::1', '2001:db8::1', '::ffff:10.0.0.1', 'bmc01', 'bmc01.example', '3com.example', 'a.b2'],
    [
      ...['', 'fe80::1%eth0', '10.0.0', '010.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '1.2.3.256', 'a.1'],
      ...['[::1]', '::1:', '-I', '-bmc', 'bmc:623', 'http://bmc', 'user@bmc', 'a b', 'a\n', '10.0.0.1\n', 'bmc.'],
    ],
  ],
  [
    'sshHostKey',
    sshHostKey,
    [`ssh-ed25519 ${ed25519}`, `ecdsa-sha2-nistp256 ${nistp256}`],
    [
      ...[
        '',
        'ssh-ed25519',
        `ssh-ed25519 ${ed25519} comment`,
        `osl01 ssh-ed25519 ${ed25519}`,
        `ssh-ed25519  ${ed25519}`,
      ],
      ...[`ssh-ed25519 ${ed25519}\n`, `ssh-ed25519 ${nistp256}`, `ssh-rsa ${ed25519}`, `ssh-dss ${ed25519}`],
      ...['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5', `ssh-ed25519 ${ed25519.slice(0, -1)}`, `ssh-ed25519 ${ed25519}=`],
      ...[`ssh-ed25519 ${ed25519.slice(0, -4)}+$!x`, `ssh-ed25519 ${ed25519}${'AAAA'.repeat(4096)}`],
    ],
  ],
  [
    'tag',
    tag,
    ['rack7', 'row 4', 'ø', 'a=b:c', '🦑', 'x'.repeat(60)],
    ['', 'a/b', 'a,b', ' a', 'a ', 'a\n', 'a\tb', 'a\u0000', 'a\u2028', 'a\u200b', 'x'.repeat(61)],
  ],
  [
    'projectId',
    projectId,
    ['a3f1c2d4e5b60718293a4b5c6d7e8f90', 'a-b_C', 'x'.repeat(64)],
    ['', 'a b', 'a/b', 'a\n', 'a.b', 'ø', 'x'.repeat(65)],
  ],
  [
    'macAddress',
    macAddress,
    ['52:54:00:00:00:01'],
    ['', '52:54:00:00:00', '52:54:00:00:00:0g', '52:54-00:00:00:01', '5254:0000:0001', '52:54:00:00:00:01\n'],
  ],
];

describe('the schemas of names and addresses', () => {
  for (const [name, schema, takes, refuses] of rows) {
    it(`${name} takes what fits, as it is`, () => {
      for (const text of takes) expect(schema.parse(text), text).to.equal(text);
    });

    it(`${name} refuses what does not fit`, () => {
      for (const text of refuses) expect(schema.safeParse(text).success, JSON.stringify(text)).to.equal(false);
    });

    it(`${name} can be described, by patterns that need no flag`, () => {
      const { pattern = '' } = z.toJSONSchema(schema);
      const described = new RegExp(pattern, 'u');
      for (const text of takes) expect(described.test(text), text).to.equal(true);
    });
  }

  it('keeps a MAC address in lower case with colons, however it was written', () => {
    for (const text of ['AA:BB:CC:00:11:22', 'aa-bb-cc-00-11-22', 'AABB.CC00.1122', 'aabbcc001122']) {
      expect(macAddress.parse(text), text).to.equal('aa:bb:cc:00:11:22');
    }
  });
});
