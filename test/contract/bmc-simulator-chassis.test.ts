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
});
