import { unspecifiedTime, type EventLog } from '../event-log.ts';
import { completions, ok, refused, type Answer, type Command } from './command.ts';

const storage = 0x0a;
const erasing = 0x81;
const outOfSpace = 0xc4;
const reservationGone = 0xc5;
const tooManyBytes = 0xca;
const noSuchRecord = 0xcb;
const [firstRecord, lastRecord] = [0x0000, 0xffff];
const noOffset = 0x07ff;
const bytesOfRecord = 16;

const word = (value: number): readonly number[] => [value & 0xff, value >> 8];
const long = (value: number): readonly number[] => [...word(value & 0xffff), ...word(value >>> 16)];
const at = (log: EventLog, id: number): number => {
  if (id === firstRecord) return log.records.length === 0 ? -1 : 0;
  if (id === lastRecord) return log.records.length - 1;
  return log.records.findIndex((record) => record.readUInt16LE(0) === id);
};

/** While it erases, everything else has to wait. */
const unlessErasing = (log: EventLog, run: () => Answer): Answer => (log.isErasing ? refused(erasing) : run());

/** Commands of netfn Storage about the System Event Log (IPMI 2.0 §31). */
export const eventLogCommands = {
  'get-sel-info': {
    netfn: storage,
    code: 0x40,
    privilege: 'user',
    run: ({ device: { log } }) =>
      unlessErasing(log, () => {
        const { capacity, reserves } = log.nature;
        const free = Math.min(0xffff, (capacity - log.records.length) * bytesOfRecord);
        const supports = 0x09 | (reserves ? 0x02 : 0) | (log.overflow ? 0x80 : 0);
        const times = [...long(log.addedAt), ...long(log.erasedAt)];
        return ok([0x51, ...word(log.records.length), ...word(free), ...times, supports]);
      }),
  },
  'get-sel-allocation-info': {
    netfn: storage,
    code: 0x41,
    privilege: 'user',
    run({ device: { log } }) {
      const free = log.nature.capacity - log.records.length;
      return ok([...word(log.nature.capacity), ...word(bytesOfRecord), ...word(free), ...word(free), 1]);
    },
  },
  'reserve-sel': {
    netfn: storage,
    code: 0x42,
    privilege: 'user',
    run({ device: { log } }) {
      if (!log.nature.reserves) return refused(completions.unknownCommand);
      return unlessErasing(log, () => ok(word(log.reserve())));
    },
  },
  'get-sel-entry': {
    netfn: storage,
    code: 0x43,
    privilege: 'user',
    takes: 6,
    run: ({ data, device: { log } }) =>
      unlessErasing(log, () => {
        const [reservation, id] = [data.readUInt16LE(0), data.readUInt16LE(2)];
        const [offset, wanted] = [data.readUInt8(4), data.readUInt8(5)];
        log.beforeRead(id);
        if ((offset !== 0 || reservation !== 0) && !log.isReserved(reservation)) return refused(reservationGone);
        const place = at(log, id);
        const record = log.records[place];
        if (record === undefined) return refused(noSuchRecord);
        const bytes = wanted === 0xff ? bytesOfRecord - offset : wanted;
        if (bytes > log.nature.mostBytes) return refused(tooManyBytes);
        if (bytes < 0 || offset + bytes > bytesOfRecord) return refused(completions.parameterOutOfRange);
        const next = log.records[place + 1]?.readUInt16LE(0) ?? lastRecord;
        return ok([...word(next), ...record.subarray(offset, offset + bytes)]);
      }),
  },
  'add-sel-entry': {
    netfn: storage,
    code: 0x44,
    privilege: 'operator',
    takes: bytesOfRecord,
    run: ({ data, device: { log } }) =>
      unlessErasing(log, () => {
        const id = log.add([...data.subarray(2, bytesOfRecord)]);
        return id === null ? refused(outOfSpace) : ok(word(id));
      }),
  },
  'delete-sel-entry': {
    netfn: storage,
    code: 0x46,
    privilege: 'operator',
    takes: 4,
    run: ({ data, device: { log } }) =>
      unlessErasing(log, () => {
        if (!log.isReserved(data.readUInt16LE(0))) return refused(reservationGone);
        const record = log.records[at(log, data.readUInt16LE(2))];
        if (record === undefined) return refused(noSuchRecord);
        const id = record.readUInt16LE(0);
        log.remove(id);
        return ok(word(id));
      }),
  },
  'clear-sel': {
    netfn: storage,
    code: 0x47,
    privilege: 'operator',
    takes: 6,
    run({ data, device: { log } }) {
      if (data.toString('latin1', 2, 5) !== 'CLR') return refused(completions.invalidField);
      const action = data.readUInt8(5);
      if (action !== 0x00 && action !== 0xaa) return refused(completions.invalidField);
      if (action === 0x00) return ok([log.isErasing ? 0 : 1]);
      if (!log.isReserved(data.readUInt16LE(0))) return refused(reservationGone);
      log.clear();
      return ok([log.isErasing ? 0 : 1]);
    },
  },
  'get-sel-time': {
    netfn: storage,
    code: 0x48,
    privilege: 'user',
    run: ({ device: { log } }) => ok(long(log.seconds)),
  },
  'set-sel-time': {
    netfn: storage,
    code: 0x49,
    privilege: 'operator',
    takes: 4,
    run({ data, device: { log } }) {
      if (data.readUInt32LE(0) === unspecifiedTime) return refused(completions.invalidField);
      log.setSeconds(data.readUInt32LE(0));
      return ok();
    },
  },
  'get-sel-time-utc-offset': {
    netfn: storage,
    code: 0x5c,
    privilege: 'user',
    run({ device: { log } }) {
      const { hasOffset, offset } = log.nature;
      return hasOffset ? ok(word((offset ?? noOffset) & 0xffff)) : refused(completions.unknownCommand);
    },
  },
  'set-sel-time-utc-offset': {
    netfn: storage,
    code: 0x5d,
    privilege: 'operator',
    takes: 2,
    run({ data, device: { log } }) {
      const minutes = data.readInt16LE(0);
      if (!log.nature.hasOffset) return refused(completions.unknownCommand);
      if (minutes !== noOffset && Math.abs(minutes) > 1440) return refused(completions.invalidField);
      log.nature.offset = minutes === noOffset ? null : minutes;
      return ok();
    },
  },
} as const satisfies Record<string, Command>;
