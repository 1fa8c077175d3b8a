import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../src/domain/fault.ts';
import { differing, mustFit, restoring, stateIn, stateOf, type NetworkState } from '../../../src/domain/move.ts';
import { networkChannel, type NetworkChannel } from '../../../src/domain/network.ts';
import { Secret } from '../../../src/domain/secret.ts';

const channelWith = (ipv4: object = {}, more: object = {}): NetworkChannel =>
  networkChannel.parse({
    id: 1,
    medium: 'lan',
    protocol: 'ipmb',
    in_use: true,
    mac: null,
    ipv4: {
      source: 'static',
      address: '10.0.0.5',
      netmask: '255.255.255.0',
      prefix_length: 24,
      gateway: '10.0.0.1',
      gateway_mac: null,
      backup_gateway: null,
      backup_gateway_mac: null,
      header: null,
      ...ipv4,
    },
    ipv6: null,
    vlan: null,
    ports: { primary: null, secondary: null },
    arp: null,
    access: null,
    access_stored: null,
    authentication: null,
    cipher_suites: [],
    lock_out: null,
    alert_destinations: null,
    set_in_progress: false,
    warnings: [],
    ...more,
  });
const before = stateOf(channelWith());

describe('a wanted network', () => {
  const refusalOf = (wanted: NetworkState, now = before): string => {
    try {
      mustFit(wanted, now);
      return 'fits';
    } catch (error) {
      return error instanceof Fault ? `${error.code} ${error.detail.split(':')[0] ?? ''}` : String(error);
    }
  };

  for (const [title, ipv4, said] of [
    ['another address of the subnet', { address: '10.0.0.6' }, 'fits'],
    ['another subnet with its gateway', { address: '10.1.0.6', gateway: '10.1.0.1' }, 'fits'],
    ['another subnet without a gateway', { address: '10.1.0.6', gateway: null }, 'fits'],
    ['another subnet, the gateway left behind', { address: '10.1.0.6' }, 'invalid-input ipv4.gateway'],
    ['a mask that leaves the gateway outside', { netmask: '255.255.255.252' }, 'invalid-input ipv4.gateway'],
    ['a mask with a hole', { netmask: '255.0.255.0' }, 'invalid-input ipv4.netmask'],
    ['a mask of none', { netmask: '0.0.0.0' }, 'invalid-input ipv4.netmask'],
    ['a mask of a single host', { netmask: '255.255.255.255' }, 'invalid-input ipv4.netmask'],
    ['the address of the subnet', { address: '10.0.0.0' }, 'invalid-input ipv4.address'],
    ['the address of all in the subnet', { address: '10.0.0.255' }, 'invalid-input ipv4.address'],
    ['itself as its gateway', { gateway: '10.0.0.5' }, 'invalid-input ipv4.gateway'],
    ['DHCP, and where it will be found', { source: 'dhcp', address: '10.0.0.9' }, 'fits'],
    ['DHCP, and nobody knows where', { source: 'dhcp' }, 'invalid-input ipv4.address'],
  ] as const) {
    it(`is held to what a host may have: ${title}`, () => {
      expect(refusalOf({ ipv4 })).to.equal(said);
    });
  }

  it('sets no address where DHCP would take it away again', () => {
    const assigned = stateOf(channelWith({ source: 'dhcp' }));
    expect(refusalOf({ ipv4: { address: '10.0.0.6' } }, assigned)).to.equal('invalid-input ipv4.source');
    expect(refusalOf({ ipv4: { source: 'static', address: '10.0.0.6' } }, assigned)).to.equal('fits');
  });

  it('is kept without its SNMP community', () => {
    const wanted = stateIn({ vlan: null, community: new Secret('hush') });
    expect(wanted).to.deep.equal({ vlan: null });
  });
});

describe('what is put back', () => {
  const address = fc.tuple(fc.nat(255), fc.nat(255)).map(([high, low]) => `10.0.${high}.${low}`);
  const ipv4 = fc.record(
    {
      source: fc.constantFrom('static' as const, 'dhcp' as const),
      address,
      netmask: fc.constantFrom('255.255.0.0', '255.255.255.0'),
      gateway: fc.option(address),
    },
    { requiredKeys: [] },
  );
  const vlan = fc.option(fc.record({ id: fc.integer({ min: 1, max: 4094 }), priority: fc.nat(7) }));
  const wantedNetwork = fc.record({ ipv4, vlan }, { requiredKeys: [] });

  it('is nothing where nothing was touched, or all is as before', () => {
    expect(restoring(before, { ipv4: { gateway: '10.0.0.9' } }, channelWith())).to.be.null;
    expect(restoring(before, { vlan: null }, channelWith({ gateway: '10.0.0.9' }))).to.be.null;
  });

  it('makes the channel what it was, whatever of the change it took', () => {
    fc.assert(
      fc.property(wantedNetwork, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (wanted, took) => {
        const given = Object.entries(wanted.ipv4 ?? {}).filter((_, at) => took[at]);
        const half = channelWith(Object.fromEntries(given), {
          ...(wanted.vlan !== undefined && took[4] && { vlan: wanted.vlan }),
        });
        const rest = restoring(before, wanted, half);
        const after = channelWith(
          { ...half.ipv4, ...rest?.ipv4 },
          { vlan: rest?.vlan === undefined ? half.vlan : rest.vlan },
        );
        expect(differing(before, after)).to.deep.equal([]);
      }),
    );
  });
});
