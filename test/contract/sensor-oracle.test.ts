import { expect } from 'chai';
import fc from 'fast-check';
import { thresholdNames, type Sensor } from '../../src/domain/sensor.ts';
import { sensors } from '../../src/drivers/ipmi/sensors.ts';
import { deviceFor } from '../support/bmc/device.ts';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import { defaultOptions } from '../support/bmc/options.ts';
import { fullRecord, type FullSensor } from '../support/bmc/sdr.ts';
import { startBmcSimulator } from '../support/bmc/simulator.ts';
import { within } from '../support/bmc/within.ts';

const call = { signal: new AbortController().signal };
const seed = Number(process.env['IGOR_TEST_SEED'] ?? 20_261_121);
const ofOneBmc = 120;

/** A sensor and what it reads: any factors that a record can hold, with every function there is. */
const measuring = fc.record({
  format: fc.integer({ min: 0, max: 2 }),
  linearization: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 11 })),
  m: fc.integer({ min: -512, max: 511 }),
  b: fc.integer({ min: -512, max: 511 }),
  resultExponent: fc.integer({ min: -5, max: 4 }),
  bExponent: fc.integer({ min: -5, max: 4 }),
  raw: fc.nat(255),
  limits: fc.array(fc.option(fc.nat(255), { nil: null }), { minLength: 6, maxLength: 6 }),
});

/** `sensor list` of ipmitool: name, value, unit, status, and the thresholds from the lowest to the highest. */
type Row = readonly string[];

describe('the values of sensors, beside those that ipmitool prints', () => {
  let tool: Ipmitool;
  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());

  const ofBoth = async (given: readonly (Partial<FullSensor> & { readonly raw: number })[]) => {
    await using bmc = await startBmcSimulator();
    const device = { ...deviceFor(defaultOptions), sensors: bmc.sensors };
    bmc.sensors.records = given.map((one, index) =>
      fullRecord(index + 1, { ...one, number: index + 1, name: `S${index + 1}`, unit: [0, 4, 0] }),
    );
    for (const [index, { raw, limits = [] }] of given.entries())
      bmc.sensors.seen.set(index + 1, {
        ...{ raw, states: 0, scanning: true, unavailable: false, hysteresis: [0, 0] },
        limits: [...limits],
      });
    const printed = await tool.run(bmc, ['sensor', 'list']);
    expect(printed.rc).to.equal(0);
    const rows = printed.stdout
      .trimEnd()
      .split('\n')
      .map((line): Row => line.split('|').map((cell) => cell.trim()));
    return { rows, ours: (await sensors(within(device)).list(call)).value };
  };

  for (const round of [0, 1, 2]) {
    it(`are the same for ${ofOneBmc} sensors of any kind, and so are their states (${seed + round})`, async function () {
      this.timeout(60_000);
      const given = fc.sample(measuring, { numRuns: ofOneBmc, seed: seed + round });
      const { rows, ours } = await ofBoth(given);
      expect(rows).to.have.length(given.length);
      for (const [index, row] of rows.entries()) {
        const [seen, one] = [ours[index] ?? expect.fail('one is missing'), JSON.stringify(given[index])];
        same(row[1] ?? '', seen.value, one);
        expect(statuses[seen.state], one).to.equal(row[3]);
        for (const [place, name] of thresholdNames.entries())
          same(row[4 + place] ?? '', seen.thresholds?.[name] ?? null, `${name} of ${one}`);
      }
    });
  }
});

const statuses: Readonly<Record<Sensor['state'], string>> = {
  ok: 'ok',
  warning: 'nc',
  critical: 'cr',
  'non-recoverable': 'nr',
  unavailable: 'na',
  unknown: 'na',
};

/** What ipmitool prints has three places. It prints 0 for the inverse of nothing, and what is no number as such. */
const same = (printed: string, value: number | null, of: string): void => {
  if (value === null) expect(printed, of).to.match(/^(na|-?nan|-?inf|0\.000)$/);
  else expect(Math.abs(Number(printed) - value), `${printed} for ${value}: ${of}`).to.be.at.most(slack(value));
};
const slack = (value: number): number => 0.000_500_1 + Math.abs(value) * 1e-9;
