import { expect } from 'chai';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

describe('the network of the BMC simulator, judged by ipmitool', () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  const start = async (options: Partial<BmcOptions> = {}): Promise<void> => {
    bmc = await startBmcSimulator(options);
  };
  const stdout = async (words: string): Promise<string> => {
    const said = await tool.run(bmc, words.split(' '));
    expect(said, said.stderr).to.include({ rc: 0 });
    return said.stdout;
  };
  const line = async (words: string, heading: string): Promise<string | undefined> =>
    new RegExp(`^ *${heading} *: *(.*?) *$`, 'm').exec(await stdout(words))?.[1];

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  afterEach(async () => bmc.stop());

  it('has its LAN parameters printed', async () => {
    await start();
    const said = await stdout('lan print 1');
    for (const text of [
      'Set in Progress         : Set Complete',
      'Auth Type Support       : NONE MD5 PASSWORD',
      'IP Address Source       : Static Address',
      'IP Address              : 127.0.0.1',
      'Subnet Mask             : 255.0.0.0',
      'MAC Address             : 52:54:00:b3:c0:01',
      'SNMP Community String   : public',
      'Default Gateway IP      : 127.0.0.254',
      '802.1q VLAN ID          : Disabled',
      'RMCP+ Cipher Suites     : 3,17',
      'Cipher Suite Priv Max   : aaXXXXXXXXXXXXX',
      'Bad Password Threshold  : 3',
      'Attempt Count Reset Int.: 300',
    ])
      expect(said).to.contain(text);
  });

  it('keeps what ipmitool sets: mask, gateway, source, VLAN, community', async () => {
    await start();
    await stdout('lan set 1 netmask 255.255.0.0');
    await stdout('lan set 1 defgw ipaddr 127.0.0.9');
    await stdout('lan set 1 ipsrc dhcp');
    await stdout('lan set 1 vlan id 300');
    await stdout('lan set 1 vlan priority 5');
    await stdout('lan set 1 snmp traps');
    const said = await stdout('lan print 1');
    for (const text of [
      'IP Address Source       : DHCP Address',
      'Subnet Mask             : 255.255.0.0',
      'SNMP Community String   : traps',
      'Default Gateway IP      : 127.0.0.9',
      '802.1q VLAN ID          : 300',
      '802.1q VLAN Priority    : 5',
    ])
      expect(said).to.contain(text);
  });

  it('moves to the address that it is given, with its port, and answers there alone', async () => {
    await start({ addressChange: 'moves' });
    const before = bmc.address;
    await tool.run(bmc, 'lan set 1 ipaddr 127.77.0.9'.split(' '), { retries: 1 });
    await bmc.settled();
    expect(bmc.address).to.equal('127.77.0.9');
    expect(await line('lan print 1', 'IP Address')).to.equal('127.77.0.9');
    const gone = await tool.run({ address: before, port: bmc.port }, ['mc', 'guid'], { retries: 1 });
    expect(gone.rc).to.equal(1);
  });

  it('stays where it is unless told to move, as ipmi_sim does', async () => {
    await start();
    await stdout('lan set 1 ipaddr 127.77.0.10');
    expect(await line('lan print 1', 'IP Address')).to.equal('127.77.0.10');
    expect(bmc.address).to.equal('127.0.0.1');
  });

  it('has its IPv6 addresses printed', async () => {
    await start();
    expect(await line('lan6 print 1', 'Address')).to.equal('fd00::b3c0/64');
  });

  it('keeps the alert destinations that ipmitool sets', async () => {
    await start();
    await stdout('lan alert set 1 2 ipaddr 127.0.0.8');
    await stdout('lan alert set 1 2 ack on');
    await stdout('lan alert set 1 2 retry 4');
    const said = (await stdout('lan alert print 1 2')).trim();
    expect(said).to.contain('Alert IP Address        : 127.0.0.8');
    expect(said).to.contain('Alert Acknowledge       : Acknowledged');
    expect(said).to.contain('Number of Retries       : 4');
  });

  it('tells of its channel, who may come in over it, and by which suites', async () => {
    await start();
    const info = await stdout('channel info 1');
    expect(info).to.contain('Channel Medium Type   : 802.3 LAN');
    expect(info).to.contain('Access Mode         : always available');
    expect(await stdout('channel getciphers ipmi 1')).to.match(/^17 +N\/A +hmac_sha256/m);
    expect((await tool.run(bmc, ['channel', 'info', '5'])).stderr).to.contain('Unable to Get Channel Info');
  });

  it('sends an alert when it is told to', async () => {
    await start();
    await stdout('lan alert set 1 2 ipaddr 127.0.0.8');
    await stdout('raw 0x04 0x16 0x01 0x02 0x00');
    expect(await stdout('raw 0x04 0x16 0x01 0x42 0x00')).to.equal(' 01\n');
    expect(bmc.lan.alerts).to.deep.equal([{ destination: 2, address: '127.0.0.8' }]);
  });
});
