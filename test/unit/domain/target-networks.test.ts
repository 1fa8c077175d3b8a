import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../src/domain/fault.ts';
import { defaultNetworks, targetNetworks } from '../../../src/domain/target-networks.ts';

const everything = ['0.0.0.0/0', '::/0', '127.0.0.0/8', '::1'];

/** Refused by the widest list there is, each for its reason. */
const never: readonly (readonly [address: string, reason: string])[] = [
  ['0.0.0.0', 'the unspecified address'],
  ['0.1.2.3', 'the unspecified address'],
  ['::', 'the unspecified address'],
  ['255.255.255.255', 'a broadcast address'],
  ['224.0.0.1', 'a multicast address'],
  ['239.255.255.250', 'a multicast address'],
  ['ff02::1', 'a multicast address'],
  ['169.254.0.1', 'a link-local address'],
  ['169.254.169.254', 'a link-local address'],
  ['fe80::1', 'a link-local address'],
  ['febf:ffff::1', 'a link-local address'],
  ['100.100.100.200', 'the address of a metadata service'],
  ['192.0.0.192', 'the address of a metadata service'],
  ['168.63.129.16', 'the address of a metadata service'],
  ['fd00:ec2::254', 'the address of a metadata service'],
  ['FD00:0EC2:0:0::0254', 'the address of a metadata service'],
  ['fd20:ce::254', 'the address of a metadata service'],
  ['::ffff:169.254.169.254', 'a link-local address'],
  ['::ffff:a9fe:a9fe', 'a link-local address'],
  ['0:0:0:0:0:FFFF:A9FE:A9FE', 'a link-local address'],
  ['::ffff:224.0.0.1', 'a multicast address'],
  ['::169.254.169.254', '169.254.169.254, which is a link-local address'],
  ['::ffff:0:169.254.169.254', '169.254.169.254, which is a link-local address'],
  ['64:ff9b::169.254.169.254', '169.254.169.254, which is a link-local address'],
  ['64:ff9b::c000:c0', '192.0.0.192, which is the address of a metadata service'],
  ['64:ff9b:1::a9fe:a9fe', '169.254.169.254, which is a link-local address'],
  ['2002:a9fe:a9fe::', '169.254.169.254, which is a link-local address'],
  ['2002:e000:1::1', '224.0.0.1, which is a multicast address'],
];

describe('targetNetworks', () => {
  for (const [address, reason] of never) {
    it(`never permits ${address}`, () => {
      expect(targetNetworks(everything).permits(address)).to.be.a('string').that.contains(reason);
    });
  }

  it('permits private networks by default, and nothing else', () => {
    const networks = targetNetworks(defaultNetworks);
    for (const address of ['10.0.0.11', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd12::1', '::ffff:10.0.0.1']) {
      expect(networks.permits(address), address).to.equal(true);
    }
    for (const address of [
      '8.8.8.8',
      '172.32.0.1',
      '100.64.0.1',
      '2001:db8::1',
      '::ffff:8.8.8.8',
      '2002:a00:1::',
      '64:ff9b::a00:1',
    ]) {
      expect(networks.permits(address), address).to.equal(`${address} lies in none of the permitted networks`);
    }
  });

  it('permits loopback only by a network within it', () => {
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::']) {
      const wide = targetNetworks(['0.0.0.0/0', '::/0', '126.0.0.0/7']).permits(address);
      expect(wide, address).to.be.a('string').that.contains('is a loopback address');
      expect(targetNetworks(everything).permits(address), address).to.equal(true);
    }
    expect(targetNetworks(['127.0.0.2']).permits('127.0.0.1')).to.contain('is a loopback address');
    expect(targetNetworks(['127.0.0.2']).permits('127.0.0.2')).to.equal(true);
  });

  it('takes a network of one family for no network of the other', () => {
    expect(targetNetworks(['::/0']).permits('10.0.0.1')).to.contain('none of the permitted');
    expect(targetNetworks(['0.0.0.0/0']).permits('fd00::1')).to.contain('none of the permitted');
    expect(targetNetworks([]).permits('10.0.0.1')).to.contain('none of the permitted');
  });

  it('refuses what is no address, or names a zone', () => {
    const networks = targetNetworks(everything);
    for (const text of [
      '',
      'bmc01',
      '10.0.0',
      '010.0.0.1',
      '0x7f.1',
      '2130706433',
      '10.0.0.1/8',
      '[::1]',
      '10.0.0.1 ',
    ]) {
      expect(networks.permits(text), text).to.equal(`${JSON.stringify(text)} is no IP address`);
    }
    expect(networks.permits('fd00::1%eth0')).to.equal('"fd00::1%eth0" names a zone');
  });

  it('names every network that cannot be read', () => {
    const bad = [
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.5/8',
      'fd00::1/64',
      'bmc',
      '::ffff:10.0.0.0/104',
      '',
      '10.0.0.0/',
      ' 10.0.0.0/8',
    ];
    expect(() => targetNetworks(['10.0.0.0/8', ...bad]))
      .to.throw(Fault, 'invalid-input')
      .with.property(
        'detail',
        'networks: "10.0.0.0/33" has a prefix of more than 32 bits; "fd00::/129" has a prefix of more than 128 bits; ' +
          '"10.0.0.5/8" has bits set behind its prefix of 8; "fd00::1/64" has bits set behind its prefix of 64; ' +
          '"bmc" is no network such as 10.0.0.0/8 or fd00::/8; "::ffff:10.0.0.0/104" is IPv4 written as IPv6: write it as IPv4; ' +
          '"" is no network such as 10.0.0.0/8 or fd00::/8; "10.0.0.0/" is no network such as 10.0.0.0/8 or fd00::/8; ' +
          '" 10.0.0.0/8" is no network such as 10.0.0.0/8 or fd00::/8',
      );
  });

  it('answers for an IPv4 address as for its spelling in IPv6', () => {
    const networks = targetNetworks([...defaultNetworks, '127.0.0.1', '169.0.0.0/8']);
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(networks.permits(`::ffff:${address}`) === true).to.equal(networks.permits(address) === true);
      }),
    );
  });
});
