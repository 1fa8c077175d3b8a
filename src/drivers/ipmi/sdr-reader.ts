import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done, type Answer } from './message.ts';

/** Where sensor data records are: in a repository (IPMI 2.0 §33), or with the device itself (§35). */
export interface SdrSource {
  readonly netfn: number;
  readonly info: number;
  readonly get: number;
  readonly reserve: number;
}

export const repositorySource: SdrSource = { netfn: 0x0a, info: 0x20, get: 0x23, reserve: 0x22 };
export const deviceSource: SdrSource = { netfn: 0x04, info: 0x20, get: 0x21, reserve: 0x22 };

const mostRecords = 2000;
const mostBytes = 512 * 1024;
const mostReservations = 16;
const mostRepetitions = 8;
const breathMs = 50;
const headBytes = 5;
const wholeRecord = 0xff;
const lastRecord = 0xffff;
/** What most BMCs can return at once; half as much, and half again, where even that is too much. */
const partBytes = 32;
const leastPart = 4;

/** Completion codes (IPMI 2.0 table 5-2). */
const reservationGone = 0xc5;
const notPresent = 0xcb;
const tooMuch: ReadonlySet<number> = new Set([0xc7, 0xc8, 0xc9, 0xca, 0xcc, 0xff]);
const notNow: ReadonlySet<number> = new Set([0xc0, 0xc3, 0xd0]);

/**
 * Every record, in the order of the BMC. Whole ones are asked for, then parts where the BMC cannot return so much.
 * Faults: `controller-garbled` when they do not end, run in a circle, or are shorter than they say.
 */
export const readRecords = async (ipmi: Ipmi, source: SdrSource, call: CallOptions): Promise<readonly Buffer[]> => {
  const read = await recordReader(ipmi, source, call);
  const records: Buffer[] = [];
  const seen = new Set<number>();
  let bytes = 0;
  for (let id = 0; id !== lastRecord;) {
    if (seen.has(id)) throw garbled('its sensor records run in a circle');
    if (records.length >= mostRecords || bytes > mostBytes) throw garbled('it has more sensor records than is likely');
    const found = await read(id);
    if (found === null && id === 0) return [];
    if (found === null) throw garbled('a sensor record leads to one that is not there');
    seen.add(id);
    records.push(found.record);
    bytes += found.record.length;
    id = found.next;
  }
  return records;
};

interface Found {
  readonly record: Buffer;
  readonly next: number;
}

type Part = { readonly data: Buffer } | 'not-present' | 'reservation-gone' | 'too-much';

const recordReader = async (
  ipmi: Ipmi,
  source: SdrSource,
  call: CallOptions,
): Promise<(id: number) => Promise<Found | null>> => {
  const { netfn } = source;
  let reservation = await reserve(ipmi, source, call);
  let reservations = 1;
  let size = wholeRecord;

  const ask = async (data: readonly number[]): Promise<Answer> => {
    for (let left = mostRepetitions; ; left -= 1) {
      const answer = await ipmi.ask({ netfn, command: source.get, data }, call);
      if (!notNow.has(answer.completion) || left === 0) return answer;
      // An abandoned call is told so by the next question.
      await sleep(breathMs, undefined, { signal: call.signal }).catch(() => undefined);
    }
  };

  const part = async (id: number, offset: number, count: number): Promise<Part> => {
    const answer = await ask([...le16(reservation), ...le16(id), offset, count]);
    if (answer.completion === reservationGone && reservations < mostReservations) return 'reservation-gone';
    if (answer.completion === notPresent) return 'not-present';
    if (tooMuch.has(answer.completion) && count > leastPart) return 'too-much';
    const data = done(answer, 'Get SDR', 3);
    if (count !== wholeRecord && data.length - 2 > count)
      throw garbled('it returned more of a sensor record than asked for');
    return { data };
  };

  return async (id) => {
    let record = Buffer.alloc(0);
    let next = lastRecord;
    for (let total = headBytes; record.length < total;) {
      const wanted = size === wholeRecord && record.length === 0 ? wholeRecord : Math.min(size, total - record.length);
      const got = await part(id, record.length, wanted);
      if (got === 'not-present') return null;
      if (got === 'too-much') {
        size = wanted === wholeRecord ? partBytes : Math.max(leastPart, wanted >> 1);
      } else if (got === 'reservation-gone') {
        // The record may have changed meanwhile: from its beginning.
        reservation = await reserve(ipmi, source, call);
        reservations += 1;
        record = Buffer.alloc(0);
        total = headBytes;
      } else {
        next = got.data.readUInt16LE(0);
        record = Buffer.concat([record, got.data.subarray(2)]);
        if (record.length >= headBytes) total = headBytes + record.readUInt8(4);
      }
    }
    return { record: record.subarray(0, headBytes + record.readUInt8(4)), next };
  };
};

/** A BMC that knows no reservations takes 0 for one. */
const reserve = async (ipmi: Ipmi, { netfn, reserve: command }: SdrSource, call: CallOptions): Promise<number> => {
  const answer = await ipmi.ask({ netfn, command }, call);
  return answer.completion === 0xc1 ? 0 : done(answer, 'Reserve SDR Repository', 2).readUInt16LE(0);
};

const le16 = (value: number): readonly number[] => [value & 0xff, value >> 8];

const garbled = (detail: string): Fault => new Fault('controller-garbled', detail);
