import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import { recordBytes } from './event-log-decode.ts';
import { busy, firstRecord, lastRecord, selInfo, selRecord, type SelInfo } from './event-log-messages.ts';
import type { Ipmi } from './link.ts';

/** A log as it was at one time: what its controller says of it, and every record, oldest first. */
export interface Snapshot {
  readonly info: SelInfo;
  readonly records: readonly Buffer[];
}

/** What was read before: as much of the log as was seen, from its first record on. */
interface Stock {
  readonly erasedAt: number;
  readonly records: readonly Buffer[];
}

/** As many as there are ids. */
const mostRecords = 65_535;
const mostRounds = 5;

/**
 * Reads the whole log, and after the first time only what is new: erasing changes a time that the BMC tells, and all the rest is
 * behind the last record that is known. Whatever does not fit together is read anew. What was read stays even when
 * the call is ended in the middle, so that a long log is read in as many calls as it takes.
 */
export const snapshots = (ipmi: Ipmi): ((call: CallOptions) => Promise<Snapshot>) => {
  /** Undefined: nobody has looked at the shelf yet. */
  let stock: Stock | null | undefined;

  /** What may still be there, by the controller's own account. */
  const known = async (info: SelInfo): Promise<readonly Buffer[]> => {
    if (stock === undefined) stock = await fromShelf(ipmi);
    if (info.entries === 0) stock = null;
    return stock !== null && stock.erasedAt === info.erasedAt ? stock.records : [];
  };

  /** Follows the chain of records behind those that are known; null: it broke, for the log is not what it was. */
  const follow = async (before: readonly Buffer[], info: SelInfo, call: CallOptions): Promise<Buffer[] | null> => {
    const records = [...before];
    const seen = new Set(records.map((record) => record.readUInt16LE(0)));
    let next = firstRecord;
    const last = records.at(-1);
    if (last !== undefined) {
      const found = await selRecord(ipmi, last.readUInt16LE(0), call);
      if (found?.record.equals(last) !== true) return null;
      next = found.next;
    }
    while (next !== lastRecord && info.entries > 0) {
      const found = await selRecord(ipmi, next, call);
      if (found === null) return null;
      if (seen.has(found.id) || records.length >= mostRecords)
        throw new Fault('controller-garbled', `entry ${found.id.toString(16)} of the event log comes a second time`);
      seen.add(found.id);
      records.push(found.record);
      stock = { erasedAt: info.erasedAt, records };
      next = found.next;
    }
    return records;
  };

  /** Of a log that makes room by dropping its oldest: what is left. */
  const withoutDropped = async (records: readonly Buffer[], call: CallOptions): Promise<readonly Buffer[]> => {
    const first = await selRecord(ipmi, firstRecord, call);
    const index = first === null ? -1 : records.findIndex((record) => record.equals(first.record));
    return index < 0 ? [] : records.slice(index);
  };

  const attempt = async (call: CallOptions): Promise<Snapshot | null> => {
    const info = await selInfo(ipmi, call);
    const before = await known(info);
    const records = await follow(before, info, call);
    if (records === null) {
      stock = null;
      return null;
    }
    if (records.length === before.length && records.length === info.entries) return { info, records };
    const after = await selInfo(ipmi, call);
    if (after.erasedAt === info.erasedAt) {
      const left = records.length > after.entries ? await withoutDropped(records, call) : records;
      const isWhole = left.length === after.entries;
      // Some BMCs count wrongly: what was read from the first record to the last, while nothing came or went, is the log.
      const isAllThereIs = before.length === 0 && isSame(info, after);
      if (isWhole || isAllThereIs) {
        const whole = isWhole ? left : records;
        stock = { erasedAt: after.erasedAt, records: whole };
        return { info: after, records: whole };
      }
      if (records.length < after.entries && !isSame(info, after)) return null;
    }
    stock = null;
    return null;
  };

  return async (call) => {
    const shelved = stock;
    try {
      for (let round = 0; round < mostRounds; round += 1) {
        const snapshot = await attempt(call);
        if (snapshot !== null) return snapshot;
      }
    } finally {
      if (stock && stock.records !== shelved?.records) await toShelf(ipmi, stock);
    }
    throw busy('the event log changes faster than it can be read');
  };
};

const isSame = (one: SelInfo, other: SelInfo): boolean =>
  one.entries === other.entries && one.addedAt === other.addedAt && one.erasedAt === other.erasedAt;

const shelfKey = 'event-log-1';
/** What a shelf takes. */
const mostShelved = 1_048_576;

const toShelf = async ({ shelf }: Ipmi, { erasedAt, records }: Stock): Promise<void> => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(erasedAt);
  const value = Buffer.concat([head, ...records]);
  // It only spares messages: what cannot be kept is read again.
  if (value.length <= mostShelved) await shelf?.put(shelfKey, value).catch(() => undefined);
};

const fromShelf = async ({ shelf }: Ipmi): Promise<Stock | null> => {
  const value = (await shelf?.get(shelfKey).catch(() => null)) ?? null;
  if (value === null || value.length < 4 || (value.length - 4) % recordBytes !== 0) return null;
  const records: Buffer[] = [];
  for (let at = 4; at < value.length; at += recordBytes) records.push(value.subarray(at, at + recordBytes));
  return { erasedAt: value.readUInt32LE(0), records };
};
