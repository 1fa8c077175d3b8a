import { completions, ok, refused, type Command } from './command.ts';

const storage = 0x0a;
const deviceBusy = 0x81;
const noSuchData = 0xcb;
const tooManyBytes = 0xca;

/** Commands of netfn Storage about inventory devices (IPMI 2.0 §34). */
export const fruCommands = {
  'get-fru-inventory-area-info': {
    netfn: storage,
    code: 0x10,
    privilege: 'user',
    takes: 1,
    run({ data, device }) {
      const fru = device.fru.get(data.readUInt8(0));
      if (fru === undefined) return refused(noSuchData);
      return ok([fru.bytes.length & 0xff, fru.bytes.length >> 8, Number(fru.inWords)]);
    },
  },
  'read-fru-data': {
    netfn: storage,
    code: 0x11,
    privilege: 'user',
    takes: 4,
    run({ data, device }) {
      const fru = device.fru.get(data.readUInt8(0));
      if (fru === undefined) return refused(noSuchData);
      if (fru.busy > 0) {
        fru.busy -= 1;
        return refused(deviceBusy);
      }
      const word = fru.inWords ? 2 : 1;
      const [from, count] = [data.readUInt16LE(1) * word, data.readUInt8(3)];
      if (count * word > fru.atOnce) return refused(tooManyBytes);
      if (from >= fru.bytes.length) return refused(completions.parameterOutOfRange);
      const bytes = fru.bytes.subarray(from, from + count * word);
      return ok([bytes.length / word, ...bytes]);
    },
  },
} as const satisfies Record<string, Command>;
