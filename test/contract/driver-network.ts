import { expect } from 'chai';
import { networkChannel } from '../../src/domain/network.ts';
import { faultOf } from '../support/fault-of.ts';
import { call, deviceOf, type ItShowing, type Open } from './peer.ts';

/** What every controller tells of its own network, and takes. */
export const describeNetwork = (open: Open, itShowing: ItShowing): void => {
  it('tells the channel that the session comes over, and what tells it from every other controller', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { network } = deviceOf(connection);
    const { value } = await network.channels(call);
    const used = value.filter(({ in_use: isUsed }) => isUsed);
    expect(used).to.have.length(1);
    for (const channel of value) expect(networkChannel.parse(channel)).to.deep.equal(channel);
    expect(used[0]).to.deep.include({ id: 1, medium: 'lan', set_in_progress: false });
    expect(used[0]?.cipher_suites.map(({ id }) => id)).to.include(3);
    expect(await network.identity(call)).to.match(/^[\da-f]{32}\/([\da-f]{2}:){5}[\da-f]{2}$/);
  });

  it('knows no channel that is no LAN', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    expect((await faultOf(deviceOf(connection).network.channel(9, call))).code).to.equal('not-found');
  });

  it('reads mask, gateway and source after they were set', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { network } = deviceOf(connection);
    const { ipv4 } = await network.channel(1, call);
    for (const change of [
      { source: 'static', netmask: '255.255.0.0', gateway: '127.0.0.9' },
      { source: 'static', netmask: ipv4.netmask ?? '', gateway: ipv4.gateway },
    ] as const) {
      await network.set(1, { ipv4: change }, call);
      const now = await network.channel(1, call);
      expect(now.ipv4).to.deep.include(change);
      expect(now.set_in_progress).to.equal(false);
    }
  });

  itShowing('network-settings', 'reads VLAN, IPv6 and what guards the accounts', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { network } = deviceOf(connection);
    await network.set(1, { vlan: { id: 300, priority: 5 } }, call);
    const channel = await network.channel(1, call);
    expect(channel.vlan).to.deep.equal({ id: 300, priority: 5 });
    expect(channel.ipv6?.addresses).to.have.length(1);
    expect(channel.lock_out).to.deep.include({ attempts: 3 });
    await network.set(1, { vlan: null }, call);
    expect((await network.channel(1, call)).vlan).to.equal(null);
  });

  itShowing('network-settings', 'ends what it began to set, also after a refusal', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { network } = deviceOf(connection);
    peer.insight.refuseMask();
    const fault = await faultOf(network.set(1, { ipv4: { netmask: '255.255.0.0' } }, call));
    expect(fault.code).to.equal('controller-refused');
    expect((await network.channel(1, call)).set_in_progress).to.equal(false);
  });

  itShowing('network-settings', 'frees a channel that somebody left in the middle of being set', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { network } = deviceOf(connection);
    peer.insight.leaveNetworkInTheMiddle();
    expect((await network.channel(1, call)).warnings).to.include('somebody began to set it and has not ended');
    await network.set(1, { ipv4: { netmask: '255.255.0.0' } }, call);
    const now = await network.channel(1, call);
    expect([now.ipv4.netmask, now.set_in_progress]).to.deep.equal(['255.255.0.0', false]);
  });

  itShowing(
    'alerts',
    'reads an alert destination after it was set, and tells what became of a test',
    async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect();
      const { alerts } = deviceOf(connection);
      const { value } = await alerts.list(null, call);
      expect(value.map(({ id }) => id)).to.deep.equal([1, 2, 3, 4]);
      const setting = {
        kind: 'trap',
        acknowledged: true,
        interval_seconds: 7,
        retries: 2,
        address: '127.0.0.8',
        mac: '52:54:00:00:00:08',
        gateway: 'backup',
      } as const;
      expect(await alerts.set(null, 3, setting, call)).to.deep.equal({ id: 3, channel: 1, ...setting });
      expect((await alerts.get(1, 3, call)).value).to.deep.include(setting);
      expect(await alerts.test(1, 3, call)).to.equal('sent');
      expect(peer.insight.alerts()).to.deep.equal(['127.0.0.8']);
      expect((await faultOf(alerts.test(1, 2, call))).code).to.equal('conflict');
      expect((await faultOf(alerts.get(1, 5, call))).code).to.equal('not-found');
    },
  );
};
