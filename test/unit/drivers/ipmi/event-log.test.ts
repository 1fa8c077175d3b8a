import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { logEntry } from '../../../../src/domain/event-log.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import { entryOf, type Reading } from '../../../../src/drivers/ipmi/event-log-decode.ts';
import { foundIn, selInfoIn } from '../../../../src/drivers/ipmi/event-log-messages.ts';
import type { KnownSensor } from '../../../../src/drivers/ipmi/event-log-sensor.ts';
import { sensorLookup } from '../../../../src/drivers/ipmi/event-log-sensors.ts';
import { clockOf, secondsFor, timeOf } from '../../../../src/drivers/ipmi/event-log-time.ts';

const utc = { offset: null };
/** Two sensors of the recorded BMC. */
const described: Readonly<Record<number, KnownSensor>> = {
  3: { name: 'CPU2 Temp', unit: 'degrees C', value: (raw) => raw },
  6: { name: 'FAN2', unit: 'RPM', value: (raw) => raw * 60 },
};
const knowing: Reading = { clock: utc, sensors: (_owner, _lun, number) => described[number] ?? null };
const strange: Reading = { clock: utc, sensors: () => null };

/** Record 1 of the BMC itself, at 2026-11-20T10:00:00Z: sensor type, number, event type, data. */
const event = (...bytes: readonly number[]): Buffer =>
  Buffer.from([0x01, 0x00, 0x02, 0xa0, 0x62, 0x1e, 0x6a, 0x20, 0x00, 0x04, ...bytes]);
const told = (record: Buffer, how = strange): string => {
  const { severity, summary } = entryOf(record, how);
  return `${severity}: ${summary}`;
};

/** What `ipmitool sel writeraw` saved of the recorded BMC. */
const recordedRecords = (): readonly Buffer[] => {
  const text = readFileSync(new URL('../../../fixtures/ipmitool/sel-writeraw-sel.raw.txt', import.meta.url), 'latin1');
  return [...text.matchAll(/^[0-9a-f]{4} ((?: [0-9a-f]{2}){16})$/gm)].map(([, bytes = '']) =>
    Buffer.from(bytes.replaceAll(' ', ''), 'hex'),
  );
};

describe('an entry of the event log', () => {
  it('is told of each recorded record, with names and units where the sensor is described', () => {
    expect(recordedRecords().map((record) => told(record, knowing))).to.deep.equal([
      'critical: CPU2 Temp rose above its critical limit: 97 over 95 degrees C',
      'critical: FAN2 fell below its critical limit: 420 under 480 RPM',
      'critical: Power supply sensor 15h: the power supply failed',
      'warning: Memory sensor 04h: a memory error was corrected (ECC)',
      'info: Power supply sensor 15h: no longer: the power supply failed',
    ]);
  });

  it('keeps the bytes, and tells what they say apart from the sentence', () => {
    expect(entryOf(recordedRecords()[0] ?? Buffer.alloc(0), knowing)).to.deep.equal({
      id: '0001',
      kind: 'event',
      at: null,
      since_boot_seconds: 643,
      severity: 'critical',
      summary: 'CPU2 Temp rose above its critical limit: 97 over 95 degrees C',
      event: 'rose above its critical limit: 97 over 95 degrees C',
      hint: 'Check fans, filters, air inlet and the room; shut down if the temperature goes on rising.',
      direction: 'asserted',
      sensor: { number: 3, name: 'CPU2 Temp', type: 'temperature' },
      reading: 97,
      limit: 95,
      unit: 'degrees C',
      manufacturer_id: null,
      raw: '0100028302000020000401030159615f',
    });
  });

  for (const [record, sentence] of [
    // Thresholds: as raw bytes where nobody describes the sensor, and the way back.
    [
      event(0x01, 0x03, 0x01, 0x59, 0x61, 0x5f),
      'critical: Temperature sensor 03h rose above its critical limit: raw 61h over raw 5Fh',
    ],
    [
      event(0x01, 0x03, 0x81, 0x59, 0x5c, 0x5f),
      'info: Temperature sensor 03h fell back below its critical limit: raw 5Ch, and the limit is raw 5Fh',
    ],
    [event(0x04, 0x06, 0x01, 0x00, 0xff, 0xff), 'warning: Fan sensor 06h fell below its warning limit'],
    [event(0x04, 0x06, 0x81, 0x04, 0xff, 0xff), 'info: Fan sensor 06h rose back above its non-recoverable limit'],
    [
      event(0x02, 0x08, 0x01, 0x57, 0xd6, 0xce),
      'warning: Voltage sensor 08h rose above its warning limit: raw D6h over raw CEh',
    ],
    [
      event(0x02, 0x08, 0x01, 0x0c, 0x00, 0x00),
      'warning: Voltage sensor 08h: event 01h, which no table has, began: data 0c0000',
    ],
    // Sensor-specific, with what bytes 2 and 3 add, and only where byte 1 says that they do.
    [
      event(0x0c, 0x04, 0x6f, 0x31, 0xff, 0x03),
      'critical: Memory sensor 04h: a memory error could not be corrected (ECC) (module 3)',
    ],
    [
      event(0x0c, 0x04, 0x6f, 0x01, 0xff, 0x03),
      'critical: Memory sensor 04h: a memory error could not be corrected (ECC)',
    ],
    [
      event(0x0f, 0x06, 0x6f, 0xc0, 0x02, 0xff),
      'critical: System firmware sensor 06h: the firmware found an error at the start (no memory can be used)',
    ],
    [
      event(0x0f, 0x06, 0x6f, 0xc2, 0x07, 0xff),
      'info: System firmware sensor 06h: the firmware went on with the start (PCI)',
    ],
    [
      event(0x10, 0x09, 0x6f, 0x35, 0xff, 0x4b),
      'warning: Event logging sensor 09h: the log is almost full (75 % of it is used)',
    ],
    [
      event(0x12, 0x83, 0x6f, 0xc5, 0x80, 0xff),
      'info: System sensor 83h: the clock was set (the time here is the new one)',
    ],
    [
      event(0x1d, 0x01, 0x6f, 0xc7, 0x04, 0xff),
      'info: Start of the system sensor 01h: the system was restarted (by the watchdog)',
    ],
    [event(0x21, 0x01, 0x6f, 0xf0, 0x09, 0x05), 'critical: Slot sensor 01h: the slot has a fault (PCIe slot 5)'],
    [
      event(0x23, 0x00, 0x6f, 0xc1, 0x04, 0xff),
      'critical: Watchdog sensor 00h: the watchdog reset the system (set by the operating system)',
    ],
    [
      event(0x2b, 0x02, 0x6f, 0xc1, 0x09, 0xff),
      'info: Version sensor 02h: some firmware or software was changed (system firmware)',
    ],
    [
      event(0x08, 0x15, 0x6f, 0xa1, 0x12, 0x34),
      "critical: Power supply sensor 15h: the power supply failed (maker's data 12h 34h)",
    ],
    [event(0x08, 0x15, 0xef, 0x00, 0xff, 0xff), 'warning: Power supply sensor 15h: the power supply was taken out'],
    // Generic events, what was so before, and a severity that the entry itself tells.
    [
      event(0x08, 0x20, 0x0b, 0x41, 0xf0, 0xff),
      'warning: Power supply sensor 20h: redundancy was lost (before: there is full redundancy)',
    ],
    [event(0x07, 0x20, 0x03, 0x41, 0x2f, 0xff), 'critical: Processor sensor 20h: its state is on'],
    [event(0x07, 0x20, 0x03, 0x41, 0xff, 0xff), 'info: Processor sensor 20h: its state is on'],
    // What no table has.
    [
      event(0x08, 0x15, 0x6f, 0x0e, 0xff, 0xff),
      'warning: Power supply sensor 15h: event 6Fh, which no table has, began: data 0effff',
    ],
    [
      event(0xc5, 0x15, 0x71, 0xa1, 0x02, 0x03),
      'warning: Type C5h sensor 15h: event 71h, which no table has, began: data a10203',
    ],
    [
      event(0xc5, 0x15, 0xf1, 0xa1, 0x02, 0x03),
      'info: Type C5h sensor 15h: event 71h, which no table has, ended: data a10203',
    ],
    [
      Buffer.from('0100c0a0621e6ada0100c1e2a3b4c5d6', 'hex'),
      "info: Log: record C0h of the maker's own (maker 474): c1e2a3b4c5d6",
    ],
    [
      Buffer.from('0100e0a0621e6ada0100c1e2a3b4c5d6', 'hex'),
      "info: Log: record E0h of the maker's own: a0621e6ada0100c1e2a3b4c5d6",
    ],
    [
      Buffer.from('01000000000000000000000000000000', 'hex'),
      "info: Log: record 00h of the maker's own: 00000000000000000000000000",
    ],
  ] as const) {
    it(`reads ${record.toString('hex')} as "${sentence}"`, () => {
      expect(told(record)).to.equal(sentence);
    });
  }

  it('gives a hint with whatever is not plain information, and never says that a thing was measured when it was not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const entry = entryOf(event(...bytes), strange);
        return (entry.severity === 'info' || entry.hint !== null) && entry.reading === null && entry.unit === null;
      }),
      { numRuns: 5000 },
    );
  });

  it('is made of any 16 bytes, which it keeps, and of no other number of bytes', () => {
    const sensors: Reading['sensors'] = (_owner, _lun, number) =>
      number % 2 === 0 ? { name: `S${number}`, unit: 'V', value: (raw) => raw / 0 } : null;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.option(fc.integer({ min: -1440, max: 1440 })),
        (bytes, offset) => {
          const record = Buffer.from(bytes);
          const entry = logEntry.parse(entryOf(record, { clock: { offset }, sensors }));
          return entry.raw === record.toString('hex') && !/NaN|Infinity|undefined|null/.test(entry.summary);
        },
      ),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        if (bytes.length === 16) return true;
        return isGarbled(() => entryOf(Buffer.from(bytes), strange));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the sensors of an event log', () => {
  it('are found by owner, LUN, number and type in whatever records there are, and only there', () => {
    const record = Buffer.alloc(23);
    record.set([0x01, 0x00, 0x51, 0x03, 0x12, 0x41, 0x02, 0x77, 0x22, 0x01, 0x12]);
    record.set([0xc6, ...Buffer.from('Bios 1', 'latin1')], 16);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 })), (noise) => {
        const lookup = sensorLookup([...noise.filter((one) => one[5] !== 0x41).map((one) => Buffer.from(one)), record]);
        return lookup(0x41, 2, 0x77, 0x12)?.name === 'Bios 1' && lookup(0x41, 2, 0x77, 0x13) === null;
      }),
      { numRuns: 2000 },
    );
  });
});

const isGarbled = (act: () => unknown): boolean => {
  try {
    act();
    return false;
  } catch (error) {
    return error instanceof Fault && error.code === 'controller-garbled';
  }
};

describe('an answer to Get SEL Entry', () => {
  const record = event(0x08, 0x15, 0x6f, 0x01, 0xff, 0xff);
  const answer = Buffer.concat([Buffer.from([0xff, 0xff]), record]);

  it('is the record that was asked for, or the first, or the last', () => {
    for (const asked of [0x0001, 0x0000, 0xffff])
      expect(foundIn(asked, answer)).to.deep.equal({ id: 1, next: 0xffff, record });
  });

  it('is refused when it is another record, cut short, doubled, or of random bytes', () => {
    expect(isGarbled(() => foundIn(2, answer))).to.equal(true);
    for (let length = 0; length < answer.length; length++)
      expect(isGarbled(() => foundIn(1, answer.subarray(0, length)))).to.equal(true);
    expect(isGarbled(() => foundIn(1, Buffer.concat([answer, answer])))).to.equal(true);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        if (bytes.length === 18 && bytes[2] === 1 && bytes[3] === 0) return true;
        return isGarbled(() => foundIn(1, Buffer.from(bytes)));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('an answer to Get SEL Info', () => {
  it('is read whole, or not at all', () => {
    const answer = Buffer.from('5105003039a0621e6affffffff0f', 'hex');
    expect(selInfoIn(answer)).to.deep.equal({
      version: 0x51,
      entries: 5,
      freeBytes: 0x3930,
      addedAt: 0x6a1e62a0,
      erasedAt: 0xffffffff,
      support: 0x0f,
    });
    for (let length = 0; length < answer.length; length++)
      expect(isGarbled(() => selInfoIn(answer.subarray(0, length)))).to.equal(true);
  });
});

describe('the clock of the event log', () => {
  it('tells a time, seconds since the start, or nothing', () => {
    expect(timeOf(0x6a1e62a0, utc).at?.toISOString()).to.equal('2026-06-02T04:57:04.000Z');
    expect(timeOf(0x6a1e62a0, { offset: 120 }).at?.toISOString()).to.equal('2026-06-02T02:57:04.000Z');
    expect(timeOf(0x1fffffff, utc)).to.deep.equal({ at: null, sinceBoot: 0x1fffffff });
    expect(timeOf(0, utc)).to.deep.equal({ at: null, sinceBoot: 0 });
    expect(timeOf(0xffffffff, utc)).to.deep.equal({ at: null, sinceBoot: null });
  });

  it('is set to what it then tells, whatever the offset, and to nothing that it has no number for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 600_000_000, max: 4_000_000_000 }),
        fc.option(fc.integer({ min: -1440, max: 1440 })),
        (seconds, offset) => {
          const time = new Date(seconds * 1000);
          const given = secondsFor(time, { offset });
          return given !== null && timeOf(given, { offset }).at?.getTime() === time.getTime();
        },
      ),
    );
    for (const time of ['1970-01-01T00:00:00Z', '1986-12-31T00:00:00Z', '2106-02-07T06:28:15Z', '9999-01-01T00:00:00Z'])
      expect(secondsFor(new Date(time), utc)).to.equal(null);
  });

  it('tells how far it is from ours, unless it was never set', () => {
    const ours = new Date('2026-06-02T04:57:00.400Z');
    expect(clockOf(0x6a1e62a0, utc, ours)).to.include({ drift_seconds: 4, utc_offset_minutes: null });
    expect(clockOf(0x6a1e62a0 - 86_400, utc, ours).drift_seconds).to.equal(-86_396);
    expect(clockOf(643, utc, ours)).to.include({ time: null, since_boot_seconds: 643, drift_seconds: null });
  });
});
