import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import { recordBytes } from './event-log-decode.ts';
import type { Ipmi } from './link.ts';
import { done, type Answer, type Message } from './message.ts';

/** Network function Storage (IPMI 2.0 table 5-1). */
const storage = 0x0a;

/** Completion codes: erasure in progress (table 31-1 and on); reservation gone; too many bytes asked for; no such record. */
const erasing = 0x81;
export const reservationGone = 0xc5;
const tooManyBytes = 0xca;
const noSuchRecord = 0xcb;

/** Record ids that stand for a place. */
export const firstRecord = 0x0000;
export const lastRecord = 0xffff;

const low = (word: number): readonly number[] => [word & 0xff, word >> 8];

/** The answer to Get SEL Info (§31.2). */
export interface SelInfo {
  readonly version: number;
  readonly entries: number;
  readonly freeBytes: number;
  readonly addedAt: number;
  readonly erasedAt: number;
  readonly support: number;
}

export const selInfoIn = (data: Buffer): SelInfo => {
  if (data.length < 14) throw new Fault('controller-garbled', `Get SEL Info: ${data.length} bytes came, and not 14`);
  return {
    version: data.readUInt8(0),
    entries: data.readUInt16LE(1),
    freeBytes: data.readUInt16LE(3),
    addedAt: data.readUInt32LE(5),
    erasedAt: data.readUInt32LE(9),
    support: data.readUInt8(13),
  };
};

export const selInfo = async (ipmi: Ipmi, call: CallOptions): Promise<SelInfo> =>
  selInfoIn(done(await asked(ipmi, { netfn: storage, command: 0x40 }, call), 'Get SEL Info', 14));

/** A record as the log has it, and the id of the next; `lastRecord` after the last. */
export interface Found {
  readonly id: number;
  readonly next: number;
  readonly record: Buffer;
}

/** Null: there is no such record. A record whose id is another's is `controller-garbled`. */
export const selRecord = async (ipmi: Ipmi, id: number, call: CallOptions): Promise<Found | null> => {
  const answer = await asked(ipmi, getEntry(0, id, 0, 0xff), call);
  if (answer.completion === noSuchRecord) return null;
  if (answer.completion === tooManyBytes) return inPieces(ipmi, id, call);
  return foundIn(id, done(answer, 'Get SEL Entry', 2));
};

/** From the answer: the next id, and the record. */
export const foundIn = (asked: number, data: Buffer): Found => {
  if (data.length !== 2 + recordBytes)
    throw new Fault('controller-garbled', `Get SEL Entry: ${data.length} bytes came, and not ${2 + recordBytes}`);
  const [next, record] = [data.readUInt16LE(0), data.subarray(2)];
  const id = record.readUInt16LE(0);
  if (asked !== id && asked !== firstRecord && asked !== lastRecord)
    throw new Fault('controller-garbled', `entry ${asked.toString(16)} was asked for, and ${id.toString(16)} came`);
  return { id, next, record };
};

const getEntry = (reservation: number, id: number, offset: number, bytes: number): Message => ({
  netfn: storage,
  command: 0x43,
  data: [...low(reservation), ...low(id), offset, bytes],
});

const pieceBytes = 8;
const mostAttempts = 4;

/** For a BMC whose messages are too short for a record: bit by bit, under a reservation, anew whenever that is gone. */
const inPieces = async (ipmi: Ipmi, id: number, call: CallOptions): Promise<Found | null> => {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const reservation = await reserve(ipmi, call);
    const pieces: Buffer[] = [];
    for (let offset = 0; offset < recordBytes; offset += pieceBytes) {
      const answer = await asked(ipmi, getEntry(reservation, id, offset, pieceBytes), call);
      if (answer.completion === noSuchRecord) return null;
      if (answer.completion === reservationGone) break;
      const data = done(answer, 'Get SEL Entry', 2);
      // Each has the id of the next record before it.
      pieces.push(offset === 0 ? data : data.subarray(2));
      if (offset + pieceBytes >= recordBytes) return foundIn(id, Buffer.concat(pieces));
    }
  }
  throw busy('the event log changes faster than it can be read');
};

/** Guards what follows: it is gone as soon as anything comes or goes, or somebody else reserves. 0: a BMC without. */
export const reserve = async (ipmi: Ipmi, call: CallOptions): Promise<number> => {
  const answer = await asked(ipmi, { netfn: storage, command: 0x42 }, call);
  if (answer.completion === 0xc1) return 0;
  return done(answer, 'Reserve SEL', 2).readUInt16LE(0);
};

/** Faults unless a change was taken on: `controller-busy` while the log is being erased, or as `done`. */
export const accepted = (answer: Answer, what: string): void => {
  if (answer.completion === erasing) throw busy('the event log is being erased');
  done(answer, what);
};

/** Deletes one; the answer tells whether. */
export const deleteRecord = async (ipmi: Ipmi, reservation: number, id: number, call: CallOptions): Promise<Answer> =>
  ipmi.tell({ netfn: storage, command: 0x46, data: [...low(reservation), ...low(id)] }, call);

const clr = [0x43, 0x4c, 0x52];

/** Begins the erasure (§31.9); the answer tells whether. */
export const beginErasure = async (ipmi: Ipmi, reservation: number, call: CallOptions): Promise<Answer> =>
  ipmi.tell({ netfn: storage, command: 0x47, data: [...low(reservation), ...clr, 0xaa] }, call);

/** Whether the erasure has ended. */
export const isErased = async (ipmi: Ipmi, call: CallOptions): Promise<boolean> => {
  const reserved = await ipmi.ask({ netfn: storage, command: 0x42 }, call);
  if (reserved.completion === erasing) return false;
  const reservation = reserved.completion === 0 && reserved.data.length >= 2 ? reserved.data.readUInt16LE(0) : 0;
  const status = await ipmi.ask({ netfn: storage, command: 0x47, data: [...low(reservation), ...clr, 0x00] }, call);
  if (status.completion === erasing || status.completion === reservationGone) return false;
  if (status.completion === 0 && status.data.length >= 1) return (status.data.readUInt8(0) & 0x0f) === 1;
  // A BMC that does not tell how far it is shows it by what is left.
  const info = await ipmi.ask({ netfn: storage, command: 0x40 }, call);
  return info.completion === 0 && selInfoIn(info.data).entries === 0;
};

export const getTime = async (ipmi: Ipmi, call: CallOptions): Promise<number> =>
  done(await ipmi.ask({ netfn: storage, command: 0x48 }, call), 'Get SEL Time', 4).readUInt32LE(0);

export const setTime = async (ipmi: Ipmi, seconds: number, call: CallOptions): Promise<void> => {
  const data = Buffer.alloc(4);
  data.writeUInt32LE(seconds);
  done(await ipmi.tell({ netfn: storage, command: 0x49, data: [...data] }, call), 'Set SEL Time');
};

/** 07FFh: unspecified (§31.11a). */
const noOffset = 0x07ff;

/** Minutes from UTC to the controller's time; null: it does not say, or has no such command. */
export const getOffset = async (ipmi: Ipmi, call: CallOptions): Promise<number | null> => {
  const answer = await ipmi.ask({ netfn: storage, command: 0x5c }, call);
  if (answer.completion !== 0) return null;
  const minutes = done(answer, 'Get SEL Time UTC Offset', 2).readInt16LE(0);
  return minutes >= -1440 && minutes <= 1440 ? minutes : null;
};

export const setOffset = async (ipmi: Ipmi, minutes: number | null, call: CallOptions): Promise<void> => {
  const data = Buffer.alloc(2);
  data.writeInt16LE(minutes ?? noOffset);
  const answer = await ipmi.tell({ netfn: storage, command: 0x5d, data: [...data] }, call);
  // Not as told by the controller: its clock can be set all the same.
  if (answer.completion === 0xc1) throw new Fault('controller-unsupported', 'its clock has no offset from UTC');
  done(answer, 'Set SEL Time UTC Offset');
};

export const busy = (detail: string): Fault => new Fault('controller-busy', detail, { retryAfter: 2 });

const erasurePollMs = 250;
const mostErasureMs = 10_000;

/** Asks, and waits while the log is being erased, as long as that may be expected to take. */
const asked = async (ipmi: Ipmi, message: Message, call: CallOptions): Promise<Answer> => {
  for (let waited = 0; waited <= mostErasureMs; waited += erasurePollMs) {
    const answer = await ipmi.ask(message, call);
    if (answer.completion !== erasing) return answer;
    await pause(erasurePollMs, call);
  }
  throw busy('the event log is being erased');
};

/** Ends early with the call: the next message then tells why. */
export const pause = async (ms: number, { signal }: CallOptions): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
