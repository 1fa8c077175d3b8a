import type { SensorSeen, SimulatedSensors } from '../sensors.ts';
import { completions, ok, refused, type Answer, type Command, type Device } from './command.ts';

const storage = 0x0a;
const sensorEvent = 0x04;
const lastRecord = 0xffff;
const wholeRecord = 0xff;

/** Commands about sensor data records (IPMI 2.0 §33, and §35.2 to §35.4 for a device that keeps its own). */
const recordCommands = {
  'get-sdr-repository-info': {
    netfn: storage,
    code: 0x20,
    privilege: 'user',
    run({ device: { sensors } }) {
      const count = sensors.source === 'repository' ? sensors.records.length : 0;
      const times = [...le32(sensors.changedAt), ...le32(sensors.changedAt)];
      // Reservations are known, and nothing can be added from here.
      return ok([0x51, ...le16(count), 0xff, 0xff, ...times, 0x02]);
    },
  },
  'reserve-sdr-repository': {
    netfn: storage,
    code: 0x22,
    privilege: 'user',
    run: ({ device }) => ok(le16(device.sensors.reserve())),
  },
  'get-sdr': {
    netfn: storage,
    code: 0x23,
    privilege: 'user',
    takes: 6,
    run: ({ data, device }) => recordIn(data, device.sensors, device.sensors.source === 'repository'),
  },
  'get-device-sdr-info': {
    netfn: sensorEvent,
    code: 0x20,
    privilege: 'user',
    run({ device: { sensors } }) {
      if (sensors.source !== 'device') return refused(completions.unknownCommand);
      return ok([sensors.records.length & 0xff, 0x81, ...le32(sensors.changedAt)]);
    },
  },
  'get-device-sdr': {
    netfn: sensorEvent,
    code: 0x21,
    privilege: 'user',
    takes: 6,
    run: ({ data, device }) => recordIn(data, device.sensors, device.sensors.source === 'device'),
  },
  'reserve-device-sdr-repository': {
    netfn: sensorEvent,
    code: 0x22,
    privilege: 'user',
    run: ({ device }) => ok(le16(device.sensors.reserve())),
  },
} as const satisfies Record<string, Command>;

/** Commands about one sensor (IPMI 2.0 §35). */
export const sensorCommands = {
  ...recordCommands,
  'get-sensor-reading-factors': {
    netfn: sensorEvent,
    code: 0x23,
    privilege: 'user',
    takes: 2,
    // Next reading, and the factors that make a value of a hundredth of the reading: M 1, B 0, exponent -2.
    run: ({ data, device }) => about(data, device, () => ok([data.readUInt8(1), 0x01, 0x00, 0x00, 0x00, 0x00, 0xe0])),
  },
  'get-sensor-hysteresis': {
    netfn: sensorEvent,
    code: 0x25,
    privilege: 'user',
    takes: 2,
    run: ({ data, device }) =>
      about(data, device, ({ limits, hysteresis }) =>
        limits === null ? refused(completions.illegalForSensor) : ok(hysteresis),
      ),
  },
  'set-sensor-thresholds': {
    netfn: sensorEvent,
    code: 0x26,
    privilege: 'operator',
    takes: 8,
    run: ({ data, device }) =>
      about(data, device, (seen) => {
        if (seen.limits === null) return refused(completions.illegalForSensor);
        seen.limits = seen.limits.map((limit, bit) =>
          ((data.readUInt8(1) >> bit) & 1) === 1 ? data.readUInt8(2 + bit) : limit,
        );
        return ok();
      }),
  },
  'get-sensor-thresholds': {
    netfn: sensorEvent,
    code: 0x27,
    privilege: 'user',
    takes: 1,
    run: ({ data, device }) =>
      about(data, device, ({ limits }) =>
        limits === null
          ? refused(completions.illegalForSensor)
          : ok([maskOf(limits, (limit) => limit !== null), ...limits.map((limit) => limit ?? 0)]),
      ),
  },
  'get-sensor-reading': {
    netfn: sensorEvent,
    code: 0x2d,
    privilege: 'user',
    takes: 1,
    run: ({ data, device }) =>
      about(data, device, (seen) => {
        const flags = 0x80 | (seen.scanning ? 0x40 : 0) | (seen.unavailable ? 0x20 : 0);
        if (seen.limits !== null) return ok([seen.raw, flags, 0xc0 | passed(seen)]);
        return ok([seen.raw, flags, seen.states & 0xff, 0x80 | (seen.states >> 8)]);
      }),
  },
} as const satisfies Record<string, Command>;

const about = (data: Buffer, { sensors }: Device, tell: (seen: SensorSeen) => Answer): Answer => {
  const seen = sensors.seen.get(data.readUInt8(0));
  return seen === undefined ? refused(completions.notPresent) : tell(seen);
};

/** Which thresholds the reading has passed, as unsigned counts. */
const passed = ({ raw, limits }: SensorSeen): number =>
  maskOf(limits ?? [], (limit, bit) => limit !== null && (bit < 3 ? raw <= limit : raw >= limit));

const maskOf = <T>(items: readonly T[], holds: (item: T, bit: number) => boolean): number =>
  items.reduce((mask, item, bit) => (holds(item, bit) ? mask | (1 << bit) : mask), 0);

/** Part of a record, or the whole; the first for id 0. A part beyond the first takes a reservation that still holds. */
const recordIn = (data: Buffer, sensors: SimulatedSensors, isHere: boolean): Answer => {
  const [reservation, id] = [data.readUInt16LE(0), data.readUInt16LE(2)];
  const [offset, wanted] = [data.readUInt8(4), data.readUInt8(5)];
  const { records } = sensors;
  const place = id === 0 ? 0 : records.findIndex((record) => record.readUInt16LE(0) === id);
  const record = isHere ? records[place] : undefined;
  if (record === undefined) return refused(completions.notPresent);
  if (offset > 0 && reservation !== sensors.reservation) return refused(completions.reservationGone);
  const count = wanted === wholeRecord ? record.length - offset : wanted;
  if (count > sensors.mostBytes) return refused(completions.cannotReturn);
  if (offset > record.length) return refused(completions.parameterOutOfRange);
  const next = records[place + 1]?.readUInt16LE(0) ?? lastRecord;
  return ok([...le16(next), ...record.subarray(offset, offset + count)]);
};

const le16 = (value: number): readonly number[] => [value & 0xff, value >> 8];
const le32 = (value: number): readonly number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
