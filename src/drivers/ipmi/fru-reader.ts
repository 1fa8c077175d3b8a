import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import { bytesWanted } from './fru-layout.ts';
import type { Ipmi } from './link.ts';
import { done, type Answer } from './message.ts';

/** Of an inventory device: its size, and as much of it as says anything. */
export interface FruBytes {
  readonly size: number;
  readonly bytes: Buffer;
}

export interface FruReader {
  /** Faults: those of asking; `controller-refused` for a device that is not there, or not readable now. */
  read(id: number, call: CallOptions): Promise<FruBytes>;
}

/** IPMI 2.0 §34.1 and §34.2. */
const getAreaInfo = { netfn: 0x0a, command: 0x10 } as const;
const readData = { netfn: 0x0a, command: 0x11 } as const;

/** Bytes to ask for at once, until it is too much for the BMC. ipmi_sim gives 34, others between 16 and 250. */
const mostAtOnce = 128;
/** A length that does not fit, a request too long, more than can be returned, or, of some, an error of no kind. */
const tooMuch: ReadonlySet<number> = new Set([0xc7, 0xc8, 0xca, 0xff]);
/** The device is busy: §34.2. It is asked again, so often and after such a time. */
const deviceBusy = 0x81;
const mostBusy = 5;
const busyMs = 100;

/** What a BMC gives at once is found out with the first device, and kept for the others. */
export const fruReader = (ipmi: Ipmi): FruReader => {
  let atOnce = mostAtOnce;

  const ask = async (id: number, offset: number, count: number, call: CallOptions): Promise<Answer> => {
    for (let left = mostBusy; ; left -= 1) {
      const answer = await ipmi.ask({ ...readData, data: [id, offset & 0xff, offset >> 8, count] }, call);
      if (answer.completion !== deviceBusy || left === 0) return answer;
      // Cut short by the signal, the next question says so.
      await sleep(busyMs, undefined, call).catch(() => undefined);
    }
  };

  /** The next bytes from there on: as many as it gives at once. A word is two bytes, where it counts in words. */
  const next = async (id: number, from: number, left: number, word: 1 | 2, call: CallOptions): Promise<Buffer> => {
    for (let limit = Math.min(left, atOnce); ; limit = Math.floor(limit / 2)) {
      const count = Math.ceil(limit / word);
      const answer = await ask(id, from / word, count, call);
      if (tooMuch.has(answer.completion) && count > 1) continue;
      const data = done(answer, 'Read FRU Data', 1);
      const bytes = data.subarray(1, 1 + Math.min(data.readUInt8(0), count) * word);
      if (bytes.length < word || bytes.length % word !== 0 || bytes.length < data.readUInt8(0) * word)
        throw new Fault('controller-garbled', 'Read FRU Data: other bytes came than it announced');
      if (limit < left) atOnce = limit;
      return bytes;
    }
  };

  return {
    async read(id, call) {
      const info = done(await ipmi.ask({ ...getAreaInfo, data: [id] }, call), 'Get FRU Inventory Area Info', 3);
      const size = info.readUInt16LE(0);
      const word = (info.readUInt8(2) & 1) === 1 ? 2 : 1;
      let bytes = Buffer.alloc(0);
      // A whole answer at a time, though less may be wanted: what follows is wanted next.
      while (bytes.length < Math.min(bytesWanted(bytes), size)) {
        bytes = Buffer.concat([bytes, await next(id, bytes.length, size - bytes.length, word, call)]);
      }
      return { size, bytes };
    },
  };
};
