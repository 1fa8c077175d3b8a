import { expect } from 'chai';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

describe("the BMC simulator's inventory, judged by ipmitool", () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  beforeEach(async () => {
    bmc = await startBmcSimulator();
  });
  afterEach(async () => bmc.stop());

  /** ipmitool shows records only when it is to be wordy. */
  const printed = async (id: number): Promise<readonly string[]> => {
    const { stdout } = await tool.run(bmc, ['fru', 'print', String(id)], { isVerbose: true });
    return stdout.split('\n').map((line) => line.trim().replace(/ +: +/, ': '));
  };

  it('has the areas of the machine', async () => {
    expect(await printed(0)).to.include.members([
      'Chassis Type: Rack Mount Chassis',
      'Chassis Part Number: CH-900',
      'Chassis Serial: CHS100000',
      'Board Mfg Date: Wed May 17 00:00:00 2023 UTC',
      'Board Mfg: Lab Systems',
      'Board Product: LX-Board',
      'Board Serial: BRD100000',
      'Board Part Number: P/N-77',
      'Product Manufacturer: Lab Systems',
      'Product Name: LX-2000',
      'Product Part Number: LX2K',
      'Product Version: v1.2',
      'Product Serial: SN100000',
      'Product Asset Tag: ASSET-100000',
    ]);
  });

  it('has a packed part number, and the records of a power supply', async () => {
    expect(await printed(1)).to.include.members([
      'Product Manufacturer: Lab Power',
      'Product Part Number: PS800-A',
      'Capacity: 800 W',
      'Peak VA: 920 VA',
      'Inrush Current: 50 A',
      'Inrush Interval: 5 ms',
      'Input Voltage Range 1: 100-127 V',
      'Input Voltage Range 2: 200-240 V',
      'Input Frequency Range: 47-63 Hz',
      'A/C Dropout Tolerance: 20 ms',
      "Flags: 'Power factor correction' 'Hot swap'",
      'Peak capacity: 900 W',
      'Peak capacity holdup: 5 s',
      'Combined capacity: 780 W (12 V and 5 V)',
      'Nominal voltage: 12.00 V',
      'Max negative deviation: 0.60 V',
      'Maximum current draw: 65.000 A',
      'Nominal voltage: 3.30 V',
      'Min voltage allowed: 3.13 V',
      'Max voltage allowed: 3.46 V',
      'OEM (Unknown (0x2A2)) Record',
    ]);
  });

  it('has no device of another number', async () => {
    const { rc, stdout } = await tool.run(bmc, ['fru', 'print', '9']);
    expect([rc, stdout]).to.deep.equal([1, ' Device not present (Requested sensor, data, or record not found)\n']);
  });
});
