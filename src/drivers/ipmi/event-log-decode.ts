import type { LogEntry, LogSeverity } from '../../domain/event-log.ts';
import { Fault } from '../../domain/fault.ts';
import { detailOf } from './event-log-details.ts';
import { genericStates, toldSeverities } from './event-log-generic.ts';
import { hints } from './event-log-hints.ts';
import type { Meaning } from './event-log-meaning.ts';
import type { SensorLookup } from './event-log-sensor.ts';
import { ownStates } from './event-log-states.ts';
import { crossing, type Crossing } from './event-log-thresholds.ts';
import { timeOf, type Clock } from './event-log-time.ts';
import { hexOf, sensorTypeTitle } from './event-log-types.ts';
import { sensorTypeOf } from './sensor-states.ts';

export const recordBytes = 16;

/** How a record's bytes are to be read. */
export interface Reading {
  readonly clock: Clock;
  readonly sensors: SensorLookup;
}

/** A record of the event log in plain language (IPMI 2.0 §32). Faults: `controller-garbled` for other than 16 bytes. */
export const entryOf = (record: Buffer, reading: Reading): LogEntry => {
  if (record.length !== recordBytes)
    throw new Fault('controller-garbled', `an entry has ${recordBytes} bytes, and ${record.length} came`);
  const type = record.readUInt8(2);
  const known = type === 0x02 ? eventOf(record, reading.sensors) : ofMaker(record, type);
  // Records E0h to FFh are without a time (§32.3).
  const { at, sinceBoot } = type >= 0xe0 ? timeless : timeOf(record.readUInt32LE(3), reading.clock);
  return {
    ...known,
    id: idOf(record.readUInt16LE(0)),
    at: at?.toISOString() ?? null,
    since_boot_seconds: sinceBoot,
    raw: record.toString('hex'),
  };
};

const timeless = { at: null, sinceBoot: null } as const;

/** `001a`. */
export const idOf = (record: number): string => record.toString(16).padStart(4, '0');

type Known = Omit<LogEntry, 'id' | 'at' | 'since_boot_seconds' | 'raw'>;

/** Records C0h to DFh name their maker (§32.2). Of types that the specification keeps for itself nothing is known either. */
const ofMaker = (record: Buffer, type: number): Known => {
  const maker = type >= 0xc0 && type < 0xe0 ? record.readUIntLE(7, 3) : null;
  const data = record.subarray(maker === null ? 3 : 10).toString('hex');
  const event = `record ${hexOf(type)} of the maker's own${maker === null ? '' : ` (maker ${maker})`}: ${data}`;
  return {
    kind: 'oem',
    severity: 'info',
    summary: `Log: ${event}`,
    event,
    hint: hints.maker,
    direction: null,
    sensor: null,
    ...unmeasured,
    manufacturer_id: maker,
  };
};

const unmeasured = { reading: null, limit: null, unit: null } as const;

/** A record 02h: bytes 8 and 9 the generator, 11 the sensor's type, 12 its number, 13 the event type, 14 to 16 its data. */
const eventOf = (record: Buffer, sensors: SensorLookup): Known => {
  const [type, number, eventType] = [record.readUInt8(10), record.readUInt8(11), record.readUInt8(12) & 0x7f];
  const asserted = (record.readUInt8(12) & 0x80) === 0;
  const data = record.subarray(13, 16);
  const sensor = sensors(record.readUInt8(7), record.readUInt8(8) & 0x03, number, type);
  const label = sensor?.name ?? `${sensorTypeTitle(type)} sensor ${hexOf(number)}`;
  const common = {
    kind: 'event',
    direction: asserted ? 'asserted' : 'deasserted',
    sensor: { number, name: sensor?.name ?? null, type: sensorTypeOf(type) },
    manufacturer_id: null,
  } as const;

  const crossed = eventType === 0x01 ? crossing(type, asserted, data, sensor) : null;
  if (crossed !== null) {
    const { event, severity, hint, ...measured } = crossed satisfies Crossing;
    return { ...common, ...measured, severity, event, summary: `${label} ${event}`, hint: hint && hints[hint] };
  }
  const { text, severity, hint } = discrete(type, eventType, asserted, data);
  return { ...common, ...unmeasured, severity, event: text, summary: `${label}: ${text}`, hint: hint && hints[hint] };
};

const discrete = (type: number, eventType: number, asserted: boolean, data: Buffer): Meaning => {
  const [first, second, third] = [data.readUInt8(0), data.readUInt8(1), data.readUInt8(2)];
  const offset = first & 0x0f;
  const states = eventType === 0x6f ? ownStates[type] : genericStates[eventType];
  const state = states?.[offset];
  if (state === undefined) return unknownEvent(eventType, asserted, data);
  const meaning = asserted ? state.asserted : state.deasserted;

  // Bits 7:6 and 5:4 of byte 1 say what is in bytes 2 and 3 (table 29-6): 1 the state before, 2 the maker's, 3 the table's.
  const [ofSecond, ofThird] = [first >> 6, (first >> 4) & 0x03];
  const told = detailOf(type, {
    offset,
    second: eventType === 0x6f && ofSecond === 3 ? second : null,
    third: eventType === 0x6f && ofThird === 3 ? third : null,
  });
  const before = ofSecond === 1 && (second & 0x0f) !== 0x0f ? states?.[second & 0x0f]?.asserted.text : undefined;
  const makers = [...(ofSecond === 2 ? [hexOf(second)] : []), ...(ofThird === 2 ? [hexOf(third)] : [])];
  const details = [
    ...(told === null ? [] : [told]),
    ...(before === undefined ? [] : [`before: ${before}`]),
    ...(makers.length === 0 ? [] : [`maker's data ${makers.join(' ')}`]),
  ];
  const severity = asserted && ofSecond === 1 ? worse(meaning.severity, toldSeverities[second >> 4]) : meaning.severity;
  return {
    text: details.length === 0 ? meaning.text : `${meaning.text} (${details.join('; ')})`,
    severity,
    hint: severity === 'info' ? null : (meaning.hint ?? 'maker'),
  };
};

/** What no table has may be anything, so it is not taken for harmless. */
const unknownEvent = (eventType: number, asserted: boolean, data: Buffer): Meaning => ({
  text: `event ${hexOf(eventType)}, which no table has, ${asserted ? 'began' : 'ended'}: data ${data.toString('hex')}`,
  severity: asserted ? 'warning' : 'info',
  hint: 'maker',
});

const order: readonly LogSeverity[] = ['info', 'warning', 'critical'];
const worse = (one: LogSeverity, other: LogSeverity | undefined): LogSeverity =>
  other !== undefined && order.indexOf(other) > order.indexOf(one) ? other : one;
