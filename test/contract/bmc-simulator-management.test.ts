import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import { startBmcSimulator } from '../support/bmc/simulator.ts';

describe('the BMC simulator itself, judged by ipmitool', () => {
  let tool: Ipmitool;
  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());

  it('tells what it can do', async () => {
    await using bmc = await startBmcSimulator();
    const { stdout } = await tool.run(bmc, ['mc', 'info']);
    for (const line of [
      'Chassis Device',
      'FRU Inventory Device',
      'SEL Device',
      'SDR Repository Device',
      'Sensor Device',
    ])
      expect(stdout).to.contain(`    ${line}\n`);
    expect(stdout).to.match(/^Device Available +: yes$/m);
  });

  it('tells how its own test went', async () => {
    await using bmc = await startBmcSimulator();
    const said = async (): Promise<string> => (await tool.run(bmc, ['mc', 'selftest'])).stdout;
    expect(await said()).to.equal('Selftest: passed\n');
    bmc.management.selfTest = [0x57, 0x80];
    expect(await said()).to.equal('Selftest: device corrupted\n -> SEL device not accessible\n');
    bmc.management.selfTest = [0x56, 0];
    expect(await said()).to.equal('Selftest: not implemented\n');
  });

  for (const kind of ['cold', 'warm'] as const) {
    it(`loses its sessions in a ${kind} reset, hears nothing for a while, and is back`, async () => {
      await using bmc = await startBmcSimulator({ resetMs: 600 });
      expect(await tool.run(bmc, ['mc', 'reset', kind])).to.include({
        rc: 0,
        stdout: `Sent ${kind} reset command to MC\n`,
      });
      expect(bmc.management.resets).to.deep.equal([kind]);
      expect(bmc.sessions()).to.deep.equal([]);
      while (bmc.management.isAway) await sleep(50);
      expect((await tool.run(bmc, ['mc', 'selftest'])).stdout).to.equal('Selftest: passed\n');
    });
  }

  it('takes a reset of an administrator alone', async () => {
    await using bmc = await startBmcSimulator();
    const operator = { user: 'operator', password: '0per-Secret', privilege: 'OPERATOR' } as const;
    expect((await tool.run(bmc, ['raw', '6', '2'], operator)).stderr).to.contain('Insufficient privilege level');
    expect(bmc.management.resets).to.deep.equal([]);
  });
});
