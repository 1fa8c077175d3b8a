import { expect } from 'chai';
import { reach, type Lookup } from '../../../src/adapters/reach.ts';
import { targetNetworks } from '../../../src/domain/target-networks.ts';
import { faultOf } from '../../support/fault-of.ts';

const networks = targetNetworks(['10.0.0.0/8', 'fd00::/8', '127.0.0.0/8', '::1']);
const signal = new AbortController().signal;
const answering =
  (...addresses: readonly string[]): Lookup =>
  async () =>
    addresses.map((address) => ({ address }));
const silent: Lookup = async () => new Promise(() => undefined);

describe('reach', () => {
  it('gives back a permitted address as it is, without asking', async () => {
    const asked: string[] = [];
    const asking: Lookup = async (name) => {
      asked.push(name);
      return [];
    };
    expect(await reach(networks, 100, asking).resolve('10.0.0.11', signal)).to.deep.equal(['10.0.0.11']);
    expect(await reach(networks, 100, asking).resolve('fd00::1', signal)).to.deep.equal(['fd00::1']);
    expect(asked).to.deep.equal([]);
  });

  it('resolves a name as the host does', async () => {
    const found = await reach(networks).resolve('localhost', signal);
    expect(found).to.include.oneOf(['127.0.0.1', '::1']);
  });

  it('gives all addresses of a name, each once', async () => {
    const some = reach(networks, 100, answering('10.0.0.1', 'fd00::1', '10.0.0.1'));
    expect(await some.resolve('bmc01', signal)).to.deep.equal(['10.0.0.1', 'fd00::1']);
  });

  it('refuses a name one of whose addresses is not permitted', async () => {
    const some = reach(networks, 100, answering('10.0.0.1', '169.254.169.254'));
    const fault = await faultOf(some.resolve('bmc01', signal));
    expect(fault.code).to.equal('invalid-input');
    expect(fault.detail).to.equal('bmc01: 169.254.169.254 is a link-local address');
  });

  it('refuses addresses that are not permitted, zones, and what is no host', async () => {
    const details: readonly (readonly [string, string])[] = [
      ['8.8.8.8', '8.8.8.8 lies in none of the permitted networks'],
      ['fe80::1%eth0', '"fe80::1%eth0" is neither an IP address nor a host name'],
      ['127.1', '"127.1" is neither an IP address nor a host name'],
      ['a\u0000', '"a\\u0000" is neither an IP address nor a host name'],
      ['-H', '"-H" is neither an IP address nor a host name'],
    ];
    for (const [host, detail] of details) {
      expect((await faultOf(reach(networks, 100, answering('10.0.0.1')).resolve(host, signal))).detail).to.equal(
        detail,
      );
    }
  });

  it('names what the resolver said', async () => {
    const failing: Lookup = async () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    const fault = await faultOf(reach(networks, 100, failing).resolve('nobody', signal));
    expect(fault.code).to.equal('invalid-input');
    expect(fault.detail).to.equal('nobody cannot be resolved: ENOTFOUND');
  });

  it('waits no longer than it may for a silent resolver', async () => {
    const fault = await faultOf(reach(networks, 20, silent).resolve('bmc01', signal));
    expect(fault.detail).to.equal('bmc01 was not resolved within 20 ms');
  });

  it('ends at once when aborted, before and meanwhile', async () => {
    const caller = new AbortController();
    const going = reach(networks, 60_000, silent).resolve('bmc01', caller.signal);
    const reason = new Error('gone');
    caller.abort(reason);
    const ends = await Promise.allSettled([going, reach(networks).resolve('10.0.0.1', caller.signal)]);
    expect(ends).to.deep.equal([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
  });
});
