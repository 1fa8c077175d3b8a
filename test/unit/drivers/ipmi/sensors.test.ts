import { expect } from 'chai';
import fc from 'fast-check';
import { sensor as sensorBody } from '../../../../src/domain/sensor.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import { inBatches } from '../../../../src/drivers/ipmi/batches.ts';
import { idString } from '../../../../src/drivers/ipmi/id-string.ts';
import { listed } from '../../../../src/drivers/ipmi/sensor-list.ts';
import { readingIn } from '../../../../src/drivers/ipmi/sensor-reading.ts';
import { sensorsIn, type SensorRecord } from '../../../../src/drivers/ipmi/sensor-record.ts';
import { discreteStateOf, sensorTypeOf } from '../../../../src/drivers/ipmi/sensor-states.ts';
import { unitOf } from '../../../../src/drivers/ipmi/sensor-units.ts';
import { rangeOf, rawOf, valueOf } from '../../../../src/drivers/ipmi/sensor-value.ts';
import { sensors } from '../../../../src/drivers/ipmi/sensors.ts';
import { entityOf } from '../../../../src/drivers/ipmi/entities.ts';
import type { Device } from '../../../support/bmc/commands/command.ts';
import { deviceFor } from '../../../support/bmc/device.ts';
import { defaultOptions } from '../../../support/bmc/options.ts';
import { compactRecord, fullRecord, type FullSensor } from '../../../support/bmc/sdr.ts';
import { faultOf } from '../../../support/fault-of.ts';
import { within } from '../../../support/bmc/within.ts';

const call = { signal: new AbortController().signal };
const one = (sensor: Partial<FullSensor>): SensorRecord => {
  const [found] = sensorsIn(fullRecord(1, { number: 1, name: 'x', ...sensor }));
  return found ?? expect.fail('no sensor');
};
const scaleOf = (sensor: Partial<FullSensor>) => one(sensor).scale ?? expect.fail('no scale');

describe('the value of a raw reading', () => {
  for (const [what, sensor, raw, value] of [
    ['a factor and an exponent', { m: 63, resultExponent: -3 }, 192, 12.096],
    ['a negative factor', { m: -5, b: 10 }, 3, -5],
    ['an offset with an exponent of its own', { m: 2, b: 3, bExponent: 2, resultExponent: -1 }, 10, 32],
    ['the greatest of ten bits', { m: 511, b: -512 }, 1, -1],
    ["ones' complement", { format: 1 }, 0xfe, -1],
    ["two's complement", { format: 2 }, 0xfe, -2],
    ['no sign', {}, 0xfe, 254],
    ['the natural logarithm', { linearization: 1 }, 1, 0],
    ['the logarithm to 10', { linearization: 2 }, 100, 2],
    ['the logarithm to 2', { linearization: 3 }, 8, 3],
    ['e to the power', { linearization: 4 }, 1, 2.71828182846],
    ['10 to the power', { linearization: 5 }, 3, 1000],
    ['2 to the power', { linearization: 6 }, 10, 1024],
    ['the inverse', { linearization: 7 }, 4, 0.25],
    ['the square', { linearization: 8 }, 12, 144],
    ['the cube', { linearization: 9 }, 5, 125],
    ['the square root', { linearization: 10 }, 81, 9],
    ['the cube root', { linearization: 11 }, 27, 3],
    ['none of the logarithm of nothing', { linearization: 1 }, 0, null],
    ['none of the inverse of nothing', { linearization: 7 }, 0, null],
    ['none of a function that there is not', { linearization: 0x20 }, 5, null],
  ] as const) {
    it(`knows ${what}`, () => expect(valueOf(scaleOf(sensor), raw)).to.equal(value));
  }

  it('leads back to the raw reading, or to one of the same value', () => {
    fc.assert(
      fc.property(fullSensor, fc.integer({ min: 0, max: 255 }), (sensor, raw) => {
        const scale = scaleOf({ ...sensor, format: (sensor.format ?? 0) % 3, least: 0, most: 0 });
        const value = valueOf(scale, raw);
        const back = value === null ? null : rawOf(scale, value);
        if (value !== null) expect(valueOf(scale, back ?? expect.fail('no way back'))).to.equal(value);
      }),
    );
  });

  it('lies within the range that is told', () => {
    fc.assert(
      fc.property(fullSensor, fc.integer({ min: 0, max: 255 }), (sensor, raw) => {
        const scale = scaleOf({ ...sensor, format: (sensor.format ?? 0) % 3, least: 0, most: 0 });
        const [value, range] = [valueOf(scale, raw), rangeOf(scale)];
        if (value !== null) expect(value).to.be.within(range?.least ?? NaN, range?.most ?? NaN);
      }),
    );
  });
});

const fullSensor: fc.Arbitrary<FullSensor> = fc.record({
  number: fc.integer({ min: 1, max: 254 }),
  name: fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  nameType: fc.integer({ min: 0, max: 3 }),
  format: fc.integer({ min: 0, max: 3 }),
  unit: fc.tuple(fc.integer({ min: 0, max: 63 }), fc.nat(255), fc.nat(255)),
  linearization: fc.oneof(fc.integer({ min: 0, max: 11 }), fc.nat(127)),
  m: fc.integer({ min: -512, max: 511 }),
  b: fc.integer({ min: -512, max: 511 }),
  resultExponent: fc.integer({ min: -8, max: 7 }),
  bExponent: fc.integer({ min: -8, max: 7 }),
  tolerance: fc.nat(63),
  thresholdAccess: fc.nat(3),
  hysteresisAccess: fc.nat(3),
  eventType: fc.oneof(fc.constant(1), fc.nat(255)),
  type: fc.nat(255),
});

describe('a name of a sensor', () => {
  for (const [what, typeLength, hex, text] of [
    ['8 bits', 0xc4, '46414e31', 'FAN1'],
    ['8 bits beyond ASCII', 0xc2, 'b543', 'µC'],
    ['BCD plus', 0x43, '12ab3f', '12 -3_'],
    ['ASCII that says it is Unicode', 0x04, '46414e31', 'FAN1'],
    ['Unicode', 0x04, '46003100', 'F1'],
    ['padded', 0xc8, '46414e3120200000', 'FAN1'],
    ['cut by the end of the record', 0xdf, '46414e31', 'FAN1'],
    ['hostile to terminals', 0xc6, '1b5b314d0a41', '\ufffd[1M\ufffdA'],
  ] as const) {
    it(`is read: ${what}`, () => {
      expect(idString(typeLength, Buffer.from(hex, 'hex'))).to.equal(text);
    });
  }

  it('is read: 6 bits, packed', () => {
    expect(idString(0x83, sixBit('FAN1'))).to.equal('FAN1');
    expect(idString(0x89, sixBit('P12V (VRM) _'))).to.equal('P12V (VRM) _');
  });

  it('never holds what a terminal obeys', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 40 }), (typeLength, bytes) => {
        expect(idString(typeLength, Buffer.from(bytes))).not.to.match(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

/** Packs as the specification's example does (§43.16): the low bits of the first byte first. */
const sixBit = (text: string): Buffer => {
  const bits = Array.from(text, (letter) =>
    (letter.charCodeAt(0) - 0x20).toString(2).padStart(6, '0').split('').reverse().join(''),
  ).join('');
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => parseInt(byte.split('').reverse().join(''), 2)));
};

describe('ids of sensors', () => {
  const idsOf = (...names: readonly string[]): readonly string[] =>
    listed(names.map((name, index) => fullRecord(index + 1, { number: index + 1, name }))).map(({ id }) => id);

  it('are made of the names, and each once', () => {
    expect(idsOf('CPU1 Temp', 'P12V', '+12V', '-12V', '###', '')).to.deep.equal([
      ...['cpu1-temp', 'p12v', '12v', '12v-2', 'sensor', 'sensor-06h'],
    ]);
    expect(idsOf('Fan', 'Fan', 'Fan-2', 'fan')).to.deep.equal(['fan', 'fan-2', 'fan-2-2', 'fan-3']);
  });

  it('are each once, and fit a path, whatever the names are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 16 }), { maxLength: 40 }), (names) => {
        const records = names.map((name, index) => fullRecord(index + 1, { number: index, name: Buffer.from(name) }));
        const ids = listed(records).map(({ id }) => id);
        expect(new Set(ids).size).to.equal(names.length);
        for (const id of ids) expect(id).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      }),
    );
  });
});

describe('a record that several sensors share', () => {
  const shared = (suffix: { letters: boolean; from: number; countsInstances: boolean }): readonly SensorRecord[] =>
    sensorsIn(compactRecord(1, { number: 10, name: 'Temp', count: 3, entity: [3, 1], suffix }));

  it('makes one of each, with numbers or letters behind the name', () => {
    const numbers = shared({ letters: false, from: 5, countsInstances: true });
    expect(numbers.map(({ name, number, instance }) => [name, number, instance])).to.deep.equal([
      ['Temp 5', 10, 1],
      ['Temp 6', 11, 2],
      ['Temp 7', 12, 3],
    ]);
    const letters = shared({ letters: true, from: 25, countsInstances: false });
    expect(letters.map(({ name, instance }) => [name, instance])).to.deep.equal([
      ['Temp Z', 1],
      ['Temp AA', 1],
      ['Temp AB', 1],
    ]);
  });
});

describe('what a sensor says of itself', () => {
  const fan = one({ limits: [12, 8, 5, 100, 110, 120] });
  const [supply] = sensorsIn(compactRecord(1, { number: 1, name: 'x', type: 8 }));
  const tell = (bytes: readonly number[], sensor = fan, completion = 0) =>
    readingIn({ completion, data: Buffer.from(bytes) }, sensor);

  it('is no reading while it is unavailable, not scanned or not there', () => {
    for (const reading of [tell([9, 0xe0, 0xc0]), tell([9, 0x80, 0xc0]), tell([], fan, 0xcb)])
      expect(reading).to.deep.equal({ raw: null, state: 'unavailable', states: [] });
  });

  it('is unknown when it says too little, or is refused', () => {
    for (const reading of [tell([]), tell([9]), tell([], fan, 0xcd), tell([], fan, 0xc0)])
      expect(reading).to.deep.equal({ raw: null, state: 'unknown', states: [] });
    expect(tell([9, 0xc0])).to.deep.equal({ raw: 9, state: 'unknown', states: [] });
    expect(tell([9, 0xc0], supply)).to.deep.equal({ raw: 9, state: 'unknown', states: [] });
  });

  it('is as bad as the worst threshold that is passed, and reserved bits are none', () => {
    expect(tell([9, 0xc0, 0xc0])).to.deep.equal({ raw: 9, state: 'ok', states: [] });
    expect(tell([9, 0xc0, 0xc8]).state).to.equal('warning');
    expect(tell([9, 0xc0, 0xd8]).state).to.equal('critical');
    expect(tell([9, 0xc0, 0xc7])).to.deep.include({ state: 'non-recoverable' });
  });

  it('is every state that holds, up to the fifteenth, and as bad as the worst', () => {
    expect(tell([0, 0xc0, 0x05, 0x80], supply)).to.deep.equal({
      raw: 0,
      state: 'warning',
      states: ['presence-detected', 'predictive-failure'],
    });
    expect(tell([0, 0xc0, 0x00, 0xc0], supply).states).to.deep.equal(['state-14']);
    expect(tell([0, 0xc0, 0x00, 0x80], supply).states).to.deep.equal([]);
  });

  it('is in words of the tables, generic or of the type, and a number where there is none', () => {
    expect(discreteStateOf(0x0c, 0x6f, 1)).to.deep.equal({ word: 'uncorrectable-ecc', severity: 'critical' });
    expect(discreteStateOf(0x25, 0x6f, 0)).to.deep.equal({ word: 'present', severity: 'ok' });
    expect(discreteStateOf(0x08, 0x0b, 1)).to.deep.equal({ word: 'redundancy-lost', severity: 'warning' });
    expect(discreteStateOf(0x22, 0x6f, 13)).to.deep.equal({ word: 'state-13', severity: 'ok' });
    expect(discreteStateOf(0xc0, 0x70, 3)).to.deep.equal({ word: 'state-3', severity: 'ok' });
    expect([sensorTypeOf(0x2c), sensorTypeOf(0xc5), sensorTypeOf(0x60)]).to.deep.equal([
      'fru-state',
      'oem-c5',
      'type-60',
    ]);
  });
});

describe('units and parts', () => {
  for (const [bytes, unit] of [
    [[0, 1, 0], '°C'],
    [[0, 18, 0], 'RPM'],
    [[1, 0, 0], '%'],
    [[1, 6, 0], '% W'],
    [[0x18, 7, 0], 'J/s'],
    [[0x02, 71, 22], 'kB/s'],
    [[0x04, 50, 0], null],
    [[0x04, 16, 34], 'N·m'],
    [[0, 0, 0], null],
    [[0, 200, 0], null],
    [[0x38, 6, 0], null],
  ] as const) {
    it(`tells ${unit ?? 'none'} of ${bytes.join(' ')}`, () => {
      const [flags, base, modifier] = bytes;
      expect(unitOf(flags, base, modifier)).to.equal(unit);
    });
  }

  it('tells parts with their numbers', () => {
    expect([
      entityOf(3, 2),
      entityOf(10, 0x81),
      entityOf(0x37, 0x61),
      entityOf(0xd5, 1),
      entityOf(0x60, 1),
    ]).to.deep.equal([...['processor 2', 'power-supply 1', 'air-inlet 97', 'oem-d5 1', 'entity-60 1']]);
  });
});

describe('the list of sensors', () => {
  const bmcWith = (...records: readonly Buffer[]): Device => {
    const device = deviceFor(defaultOptions);
    device.sensors.records = records;
    return device;
  };

  it('is not robbed of the others by a record that is damaged', async () => {
    const bmc = deviceFor(defaultOptions);
    const [first = Buffer.alloc(0), ...others] = bmc.sensors.records.slice(3);
    const cut = Buffer.concat([first.subarray(0, 4), Buffer.from([7]), first.subarray(5, 12)]);
    bmc.sensors.records = [cut, ...others];
    expect((await sensors(within(bmc)).list(call)).value).to.have.length(17);
  });

  it('asks nobody in place of a controller behind it, whose sensor may have the same number', async () => {
    const bmc = bmcWith(
      fullRecord(1, { number: 2, name: 'Own' }),
      fullRecord(2, { number: 2, name: 'Behind', owner: [0x2c, 0] }),
      fullRecord(3, { number: 2, name: 'Unit 1', owner: [0x20, 1] }),
    );
    const { value } = await sensors(within(bmc)).list(call);
    expect(value.map(({ id, value: seen, state }) => [id, seen, state])).to.deep.equal([
      ['own', 48, 'ok'],
      ['behind', null, 'unknown'],
      ['unit-1', null, 'unknown'],
    ]);
  });

  it('asks for the factors of a reading where they differ from reading to reading', async () => {
    const bmc = bmcWith(fullRecord(1, { number: 2, name: 'Curve', linearization: 0x70 }));
    const { value } = await sensors(within(bmc)).list(call);
    expect(value[0]).to.include({ value: 0.48 });
    expect(value[0]?.thresholds?.upper_critical).to.equal(null);
  });

  it('takes fixed thresholds from the record', async () => {
    const limits = [null, 5, null, null, 90, null];
    const bmc = bmcWith(fullRecord(1, { number: 2, name: 'Fixed', thresholdAccess: 3, limits }));
    const ipmi = within(bmc);
    const { value } = await sensors(ipmi).list(call);
    expect(value[0]?.thresholds).to.include({ lower_critical: 5, upper_critical: 90, lower_non_critical: null });
    expect(ipmi.asked()).not.to.include('get-sensor-thresholds');
  });

  it('makes of any record at all nothing but sensors that fit the schema', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fullSensor, { maxLength: 6 }), async (given) => {
        const bmc = bmcWith(...given.map((sensor, index) => fullRecord(index + 1, { ...sensor, number: index + 1 })));
        for (const seen of (await sensors(within(bmc)).list(call)).value)
          expect(sensorBody.parse(seen)).to.deep.equal(seen);
      }),
    );
  });

  it('makes of any bytes for a record sensors, or the one fault', () => {
    const bytes = fc.uint8Array({ maxLength: 90 }).map((array) => Buffer.from(array));
    const typed = fc.tuple(bytes, fc.constantFrom(1, 2, 3)).map(([record, type]) => {
      if (record.length > 3) record.writeUInt8(type, 3);
      return record;
    });
    fc.assert(
      fc.property(fc.oneof(bytes, typed), (record) => {
        try {
          sensorsIn(record);
        } catch (error) {
          expect(error).to.be.instanceOf(Fault).and.to.include({ code: 'controller-garbled' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('gives up the questions that wait, once one has failed', async () => {
    let started = 0;
    const failed = new Fault('controller-unreachable');
    const turns = Promise.reject(failed);
    const waited: boolean[] = [];
    const all = inBatches(
      [1, 2, 3, 4],
      3,
      async (item, { signal }) => {
        started += 1;
        if (item === 1) await turns;
        await new Promise((resolve) => setTimeout(resolve, 10));
        waited.push(signal.aborted);
      },
      call,
    );
    expect(await faultOf(all)).to.equal(failed);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([started, waited]).to.deep.equal([3, [true, true]]);
  });

  it('gives up when whoever asked does', async () => {
    const gone = new AbortController();
    const all = inBatches(
      [1],
      1,
      async (_, { signal }) => {
        gone.abort(new Fault('stopping'));
        signal.throwIfAborted();
      },
      gone,
    );
    expect((await faultOf(all)).code).to.equal('stopping');
  });
});
