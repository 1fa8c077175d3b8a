import { expect } from 'chai';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

describe('the chassis of the BMC simulator, judged by ipmitool', () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  const start = async (options: Partial<BmcOptions> = {}): Promise<void> => {
    bmc = await startBmcSimulator(options);
  };
  const stdout = async (words: string): Promise<string> => {
    const said = await tool.run(bmc, words.split(' '));
    expect(said).to.include({ rc: 0, stderr: '' });
    return said.stdout;
  };
  const stderr = async (words: string): Promise<string> => {
    const said = await tool.run(bmc, words.split(' '));
    expect(said).to.include({ rc: 1 });
    return said.stderr;
  };

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  afterEach(async () => bmc.stop());

  it('tells which restore policies it has, follows one of them, and refuses the rest', async () => {
    await start();
    expect(await stdout('chassis policy list')).to.equal(
      'Supported chassis power policy:  always-off always-on previous\n',
    );
    expect(await stdout('chassis policy previous')).to.equal('Set chassis power restore policy to previous\n');
    expect(await stdout('chassis status')).to.match(/^Power Restore Policy : previous$/m);
    bmc.chassis.extras.policies = 0b001;
    expect(await stderr('chassis policy always-on')).to.contain('failed: Invalid data field in request');
    expect(bmc.chassis.flags.restorePolicy).to.equal('previous');
  });

  it('tells why the machine last started', async () => {
    await start({ power: 'off' });
    expect(await stdout('chassis restart_cause')).to.equal('System restart cause: unknown\n');
    await stdout('chassis power on');
    expect(await stdout('chassis restart_cause')).to.equal('System restart cause: chassis power control command\n');
    bmc.chassis.extras.restartCause = 4;
    expect(await stdout('chassis restart_cause')).to.equal('System restart cause: watchdog expired\n');
  });

  it('counts the hours of power', async () => {
    await start();
    bmc.chassis.extras.powerOnHours = { minutesPerCount: 15, count: 4 * 24 + 8 };
    expect(await stdout('chassis poh')).to.match(/1 days, +2 hours/);
  });

  it('tells which buttons of the front panel are out of service', async () => {
    await start();
    expect(await stdout('chassis status')).not.to.contain('Button');
    bmc.chassis.extras.buttons = 0b1111_0101;
    const shown = await stdout('chassis status');
    expect(shown).to.match(/^Power Button Disabled: true$/m);
    expect(shown).to.match(/^Reset Button Disabled: false$/m);
    expect(shown).to.match(/^Diag Button Disabled : true$/m);
    expect(shown).to.match(/^Sleep Button Disabled: false$/m);
  });

  it('has a watchdog that is shown, started, and stopped', async () => {
    await start();
    const shown = await stdout('mc watchdog get');
    expect(shown).to.match(/^Watchdog Timer Use: +SMS\/OS \(0x04\)$/m);
    expect(shown).to.match(/^Watchdog Timer Is: +Stopped$/m);
    expect(shown).to.match(/^Watchdog Timer Action: +Hard Reset \(0x01\)$/m);
    expect(shown).to.match(/^Initial Countdown: +300\.0 sec$/m);
    expect(await stdout('mc watchdog reset')).to.contain('countdown restarted!');
    expect(await stdout('mc watchdog get')).to.match(/^Watchdog Timer Is: +Started\/Running$/m);
    expect(await stdout('mc watchdog off')).to.contain('timer stopped');
    expect(await stdout('mc watchdog get')).to.match(/^Watchdog Timer Is: +Stopped$/m);
  });

  it('refuses to reset a watchdog that was never set up', async () => {
    await start();
    bmc.chassis.watchdog.initialized = false;
    expect(await stderr('mc watchdog reset')).to.contain('Attempt to reset uninitialized watchdog');
  });

  it('knows DCMI, and what the machine draws', async () => {
    await start();
    expect(await stdout('dcmi discover')).to.match(/Power management available/);
    const shown = await stdout('dcmi power reading');
    expect(shown).to.match(/Instantaneous power reading: +212 Watts/);
    expect(shown).to.match(/Minimum during sampling period: +98 Watts/);
    expect(shown).to.match(/Maximum during sampling period: +431 Watts/);
    expect(shown).to.match(/Average power reading over sample period: +187 Watts/);
    expect(shown).to.match(/Sampling period: +0*60 Seconds/i);
    expect(shown).to.match(/Power reading state is: +activated/);
  });

  it('keeps to a power limit while it is in force, and refuses one that it cannot keep to', async () => {
    await start();
    expect(await stdout('dcmi power set_limit limit 300')).to.not.equal('');
    await stdout('dcmi power activate');
    const shown = await stdout('dcmi power get_limit');
    expect(shown).to.match(/Current Limit State: +Power Limit Active/);
    expect(shown).to.match(/Power Limit: +300 Watts/);
    await stdout('dcmi power deactivate');
    expect(bmc.chassis.dcmi.limits).to.equal(false);
    expect((await tool.run(bmc, ['dcmi', 'power', 'get_limit'])).stdout).to.match(/No Active Power Limit/);
    bmc.chassis.dcmi.leastWatts = 150;
    expect((await tool.run(bmc, ['dcmi', 'power', 'set_limit', 'limit', '20'])).rc).to.equal(1);
  });
});
