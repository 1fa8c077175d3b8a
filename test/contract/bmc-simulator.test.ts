import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { ChassisFlags } from '../support/bmc/chassis.ts';
import { ipmitool, type Ipmitool, type Options } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

describe('the BMC simulator, judged by ipmitool', () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  const start = async (options: Partial<BmcOptions> = {}): Promise<void> => {
    bmc = await startBmcSimulator(options);
  };
  const stdout = async (words: string, options: Options = {}): Promise<string> => {
    const said = await tool.run(bmc, words.split(' '), options);
    expect(said).to.include({ rc: 0, stderr: '' });
    return said.stdout;
  };
  const stderr = async (words: string, options: Options = {}): Promise<string> => {
    const said = await tool.run(bmc, words.split(' '), options);
    expect(said).to.include({ rc: 1, stdout: '' });
    return said.stderr;
  };
  const operator = { user: 'operator', password: '0per-Secret' };

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  afterEach(async () => bmc.stop());

  for (const suite of [3, 17]) {
    it(`turns the power on, off and round again with cipher suite ${suite}`, async () => {
      await start();
      expect(await stdout('chassis power status', { suite })).to.equal('Chassis Power is off\n');
      expect(await stdout('chassis power on', { suite })).to.equal('Chassis Power Control: Up/On\n');
      expect(await stdout('chassis power status', { suite })).to.equal('Chassis Power is on\n');
      expect(await stdout('chassis power cycle', { suite })).to.equal('Chassis Power Control: Cycle\n');
      expect(bmc.chassis.power).to.equal('on');
      expect(await stdout('chassis power off', { suite })).to.equal('Chassis Power Control: Down/Off\n');
      expect(await stdout('chassis power status', { suite })).to.equal('Chassis Power is off\n');
      expect(bmc.chassis.power).to.equal('off');
      const controls = bmc.executed().filter(({ command }) => command === 'chassis-control');
      expect(controls.map(({ data }) => data[0])).to.deep.equal([1, 2, 0]);
      expect(bmc.count('chassis-control')).to.equal(3);
    });
  }

  it('takes soft, reset and diag of a host that is on, and none of them of one that is off', async () => {
    await start({ power: 'on' });
    expect(await stdout('chassis power diag')).to.equal('Chassis Power Control: Diag\n');
    expect(await stdout('chassis power reset')).to.equal('Chassis Power Control: Reset\n');
    expect(await stdout('chassis power soft')).to.equal('Chassis Power Control: Soft\n');
    expect(bmc.chassis.power).to.equal('off');
    for (const action of ['soft', 'diag', 'reset', 'cycle']) {
      expect(await stderr(`chassis power ${action}`)).to.match(/failed: Command not supported in present state\n$/);
    }
  });

  it('lets the power follow after a delay, and the operating system ignore a soft shutdown', async () => {
    await start({ power: 'off', powerDelayMs: 300, softOffMs: null });
    await stdout('chassis power on');
    expect(bmc.chassis.power).to.equal('off');
    await sleep(320);
    expect(bmc.chassis.power).to.equal('on');
    await stdout('chassis power soft');
    expect(bmc.chassis.power).to.equal('on');
  });

  it('tells ipmitool which cipher suites there are, and it takes the best', async () => {
    await start();
    expect(await stdout('chassis power status', { suite: null })).to.equal('Chassis Power is off\n');
    expect(bmc.count('get-channel-cipher-suites')).to.equal(1);
    const suites = await stdout('channel getciphers ipmi 1');
    expect(suites).to.match(/^3 +N\/A +hmac_sha1 +hmac_sha1_96 +aes_cbc_128/m);
    expect(suites).to.match(/^17 +N\/A +hmac_sha256 +sha256_128 +aes_cbc_128/m);
  });

  for (const [asked, offered] of [
    [17, 3],
    [3, 17],
  ] as const) {
    it(`refuses suite ${asked} when it offers ${offered} alone`, async () => {
      await start({ suites: [offered] });
      const said = await stderr('chassis power status', { suite: asked });
      expect(said).to.contain('Error in open session response message : invalid authentication algorithm');
      expect(bmc.logins('admin').attempts).to.equal(0);
    });
  }

  it('refuses a wrong password, an unknown and a disabled user, and counts the attempts by name', async () => {
    await start();
    expect(await stderr('mc info', { password: 'x', isVerbose: true })).to.contain('> RAKP 2 HMAC is invalid');
    expect(await stderr('mc info', { user: 'nobody', isVerbose: true })).to.contain('unauthorized name');
    expect(await stderr('mc info', { user: 'disabled', password: 'disabled', isVerbose: true })).to.contain(
      'unauthorized name',
    );
    await stdout('mc info');
    expect(bmc.logins('admin')).to.deep.equal({ attempts: 2, accepted: 1, refused: 0, inARow: 0 });
    expect(bmc.logins('nobody')).to.deep.equal({ attempts: 1, accepted: 0, refused: 1, inARow: 1 });
    expect(bmc.logins('disabled')).to.deep.equal({ attempts: 1, accepted: 0, refused: 1, inARow: 1 });
  });

  it('takes names of 16 and passwords of 20 bytes', async () => {
    const user = { name: 'long16charsuser0', password: '20-chars-password-xx' };
    await start({ users: [{ ...user, privilege: 'administrator' }] });
    await stdout('chassis power status', { user: user.name, password: user.password });
    await stderr('chassis power status', { user: user.name, password: user.password.slice(0, 19) });
  });

  it('locks a user out after so many failures in a row, until unlocked', async () => {
    await start({ lockOutAfter: 2 });
    await stderr('mc info', { password: 'x' });
    await stdout('mc info');
    await stderr('mc info', { password: 'x' });
    await stderr('mc info', { password: 'x' });
    expect(await stderr('mc info', { isVerbose: true })).to.contain('unauthorized name');
    bmc.unlock('admin');
    await stdout('mc info');
  });

  it('refuses at login a privilege above the account', async () => {
    await start();
    expect(await stderr('chassis power on', { ...operator, isVerbose: true })).to.contain(
      'RAKP 2 message indicates an error : invalid role',
    );
    await stdout('chassis power on', { ...operator, privilege: 'OPERATOR' });
    expect(bmc.chassis.power).to.equal('on');
  });

  it('refuses it at Set Session Privilege Level if told so', async () => {
    await start({ refusesPrivilegeAt: 'set-privilege' });
    expect(await stderr('chassis power on', operator)).to.contain(
      'Set Session Privilege Level to ADMINISTRATOR failed: Unknown (0x81)',
    );
    expect(bmc.count('chassis-control')).to.equal(0);
    expect(bmc.sessions()).to.have.length(0);
  });

  it('refuses a command above the privilege of the session', async () => {
    await start();
    const user = { user: 'user', password: 'us3r-Secret', privilege: 'USER' } as const;
    expect(await stderr('chassis power on', user)).to.contain('Insufficient privilege level');
    expect(bmc.chassis.power).to.equal('off');
    expect(await stdout('chassis power status', user)).to.equal('Chassis Power is off\n');
  });

  it('keeps the valid, persistent and EFI bits of the boot flags', async () => {
    await start();
    expect(await stdout('chassis bootdev pxe options=persistent,efiboot')).to.equal('Set Boot Device to pxe\n');
    const shown = await stdout('chassis bootparam get 5');
    expect(shown).to.contain('Boot parameter data: e004000000');
    expect(shown).to.contain('- Boot Flag Valid\n');
    expect(shown).to.contain('- Options apply to all future boots\n');
    expect(shown).to.contain('- BIOS EFI boot');
    expect(shown).to.contain('- Boot Device Selector : Force PXE\n');
    expect(bmc.chassis.boot.get(0)?.data.toString('hex')).to.equal('00');
    await stdout('chassis bootdev disk');
    expect(bmc.chassis.boot.get(5)?.data.toString('hex')).to.equal('8008000000');
  });

  it('keeps boot parameters 0 to 5, knows of no others, and marks those said to be invalid', async () => {
    await start();
    for (const parameter of [0, 1, 2, 3, 4, 5]) await stdout(`raw 0x00 0x09 ${parameter} 0 0`);
    expect(await stderr('raw 0x00 0x09 9 0 0')).to.contain('rsp=0x80');
    await stdout('raw 0x00 0x08 0x84 0xff 0x01');
    expect(await stdout('raw 0x00 0x09 4 0 0')).to.equal(' 01 84 ff 01\n');
  });

  it('lets one alone set boot options at a time', async () => {
    await start();
    await stdout('raw 0x00 0x08 0 1');
    expect(await stderr('raw 0x00 0x08 0 1')).to.contain('rsp=0x81');
    await stdout('raw 0x00 0x08 0 0');
    await stdout('raw 0x00 0x08 0 1');
  });

  it('tells each flag of the chassis', async () => {
    await start({ power: 'on' });
    const told = async (): Promise<readonly (string | undefined)[]> =>
      (await stdout('chassis status')).split('\n').map((line) => line.split(': ')[1]);
    const quiet = [
      'on',
      'false',
      'inactive',
      'false',
      'false',
      'always-off',
      '',
      'inactive',
      'inactive',
      'false',
      'false',
    ];
    expect(await told()).to.deep.equal([...quiet, undefined]);
    const all: ChassisFlags = {
      restorePolicy: 'previous',
      lastPowerEvents: ['ac-failed', 'fault'],
      powerOverload: true,
      powerInterlock: true,
      mainPowerFault: true,
      powerControlFault: true,
      intrusion: true,
      frontPanelLockout: true,
      driveFault: true,
      coolingFault: true,
    };
    Object.assign(bmc.chassis.flags, all);
    const loud = [
      'on',
      'true',
      'active',
      'true',
      'true',
      'previous',
      'ac-failed fault ',
      'active',
      'active',
      'true',
      'true',
    ];
    expect(await told()).to.deep.equal([...loud, undefined]);
    await stdout('chassis power on');
    expect(await stdout('chassis status')).to.match(/^Last Power Event {5}: command$/m);
  });

  it('lights the identify light for seconds, for good, and not at all', async () => {
    await start();
    expect(await stdout('chassis identify')).to.equal('Chassis identify interval: default (15 seconds)\n');
    expect(bmc.chassis.identify).to.equal('temporary');
    await stdout('chassis identify force');
    expect(bmc.chassis.identify).to.equal('indefinite');
    await stdout('chassis identify 0');
    expect(bmc.chassis.identify).to.equal('off');
  });

  it('tells what it is, and its GUID', async () => {
    await start({ guid: '0f3a1c52-7d5b-4e07-9c11-a2b3c4d5e6f7' });
    expect(await stdout('mc info')).to.match(/^Firmware Revision +: 2\.51$/m);
    const guid = await stdout('mc guid');
    expect(guid).to.match(/^System GUID +: 0f3a1c52-7d5b-4e07-9c11-a2b3c4d5e6f7$/m);
    expect(guid).to.match(/^GUID Encoding : IPMI$/m);
    expect(await stdout('raw 0x06 0x08')).to.match(/^ f7 e6 d5 c4/);
  });

  it('answers what it does not know with C1h', async () => {
    await start();
    expect(await stderr('raw 0x30 0x01')).to.contain('rsp=0xc1): Invalid command');
  });

  it('carries out a command once when its answer is lost and ipmitool repeats it', async () => {
    await start({ power: 'on' });
    bmc.inject({ kind: 'drop-replies', to: 'chassis-control', times: 1 });
    const { received } = bmc.packets;
    expect(await stdout('chassis power cycle', { retries: 2 })).to.equal('Chassis Power Control: Cycle\n');
    expect(bmc.count('chassis-control')).to.equal(1);
    expect(bmc.packets.received - received).to.equal(12);
  });

  it('is found by an RMCP presence ping', async () => {
    await start();
    const socket = createSocket('udp4');
    socket.send(Buffer.from('0600ff06000011be80010000', 'hex'), bmc.port, bmc.address);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    expect(answer.toString('hex')).to.equal('0600ff06000011be40010010000011be000000008100000000000000');
  });

  it('speaks IPv6', async () => {
    await start({ address: '::1' });
    expect(await stdout('chassis power status')).to.equal('Chassis Power is off\n');
    expect(await stdout('session info active')).to.match(/^console ip +: 0\.0\.0\.0$/m);
  });
});
