import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { lanAddress } from '../support/lan-address.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';
import { newUser, type User } from '../unit/cli/world.ts';

describe('igor lan', () => {
  let igor: TestIgor;
  let alice: User;

  before(async () => {
    igor = await startIgor({ IGOR_NETWORK_SECONDS: '2' });
    alice = await newUser(igor.url);
    alice.next = { token: await tokenOf('alice'), lifeMs: 3_600_000, endpoint: igor.url };
    alice.now = Date.now();
  });
  after(async () => {
    await alice.leave();
    await igor.stop();
    await stopSimulated();
  });
  const said = async (...words: readonly string[]): Promise<string> => {
    const { code, out, err } = await alice.igor(['lan', ...words]);
    expect(code, err).to.equal(0);
    return out + err;
  };

  it('shows addresses, and who may come in', async () => {
    const { name } = await simulated(igor);
    expect(await said('-h', name)).to.match(
      new RegExp(`${name} +1\\* +static +127\\.0\\.0\\.1/8 +127\\.0\\.0\\.254 +- +52:54:00:b3:c0:01 +fd00::b3c0/64`),
    );
    expect(await said('-h', name, 'channels')).to.match(/1\* +always +administrator +3 17 +3 attempts/);
  });

  it('warns of doors that stand open', async () => {
    const { name, bmc } = await simulated(igor);
    bmc.lan.set(2, Buffer.from([0x01, 0x04, 0x04, 0x04, 0x00]));
    expect(await said('-h', name)).to.contain('IPMI 1.5 lets callback in without a password');
  });

  it('moves a BMC, and tells where it was heard', async () => {
    const { name, bmc } = await simulated(igor, { address: lanAddress(), addressChange: 'moves' });
    const to = lanAddress();
    const words = ['-h', name, 'set', '--yes', `address=${to}`, 'netmask=255.0.0.0', 'gateway=none'];
    expect(await said(...words)).to.equal(`${name}: heard at ${to}:${bmc.port}, which is on record now\n`);
  });

  it('changes nothing unless somebody agrees, and sends one address to one BMC alone', async () => {
    const { name, bmc } = await simulated(igor);
    const asked = await alice.igor(['lan', '-h', name, 'set', 'netmask=255.255.0.0']);
    expect([asked.code, asked.err]).to.deep.equal([2, 'igor: there is no terminal to ask at; say --yes\n']);
    const two = await alice.igor(['lan', '-h', `${name},other`, 'set', '--yes', 'address=127.0.0.9']);
    expect([two.code, two.err]).to.deep.equal([2, 'igor: an address is for one BMC; name one host\n']);
    for (const words of [['bogus=1'], ['netmask'], ['vlan=x'], ['community=plain'], ['gateway=none', 'gateway=none']])
      expect((await alice.igor(['lan', '-h', name, 'set', '--yes', ...words])).code).to.equal(2);
    expect(bmc.count('set-lan-configuration-parameters')).to.equal(0);
  });

  it('sets the community from a file', async () => {
    const { name, bmc } = await simulated(igor);
    const file = join(alice.home, 'community');
    writeFileSync(file, 'quiet-7\n');
    expect(await said('-h', name, 'set', '--yes', `community=@${file}`)).not.to.contain('quiet');
    expect(bmc.lan.get(16, 0)?.toString('latin1')).to.match(/^quiet-7\0+$/);
  });

  it('sets, shows and tries where alerts go', async () => {
    const { name, bmc } = await simulated(igor);
    expect(await said('-h', name, 'alert', '2', 'address=127.0.0.8', 'ack=on', 'retries=2')).to.equal(
      `${name}: destination 2 is 127.0.0.8\n`,
    );
    expect(await said('-h', name, 'alerts')).to.match(
      new RegExp(`${name} +2 +trap +127\\.0\\.0\\.8 +- +default +yes +2, each 3 s`),
    );
    expect(await said('-h', name, 'alert', '2', 'test')).to.equal(`${name}: sent\n`);
    expect(bmc.lan.alerts).to.deep.equal([{ destination: 2, address: '127.0.0.8' }]);
  });
});
