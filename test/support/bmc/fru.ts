import { fru } from '../../../deploy/demo/ipmi-sim-data.ts';
import { areaBytes, fruImage, recordBytes, sixBitField, textField } from './fru-bytes.ts';

/** One inventory device of a BMC. */
export interface FruDevice {
  bytes: Buffer;
  /** Whether offsets and counts are of words of two bytes. */
  readonly inWords: boolean;
  /** Bytes that it gives at once. */
  readonly atOnce: number;
  /** Reads that it answers with "busy" first. */
  busy: number;
}

/** By number; a test changes them as it likes. */
export type FruDevices = Map<number, FruDevice>;

/** The machine's own, as the demo's, and that of a power supply, with records. */
export const fruDevices = (): FruDevices =>
  new Map([
    [0, fruDevice(machineFru())],
    [1, fruDevice(supplyFru())],
  ]);

export const fruDevice = (bytes: Buffer, { inWords = false, atOnce = 34 } = {}): FruDevice => ({
  ...{ bytes, inWords, atOnce, busy: 0 },
});

const machineFru = (): Buffer =>
  fruImage(
    {
      chassis: areaBytes([0x17], fru.chassis.map(textField)),
      board: areaBytes([25, ...minutesOf(fru.builtAt)], fru.board.map(textField)),
      product: areaBytes([25], fru.product.map(textField)),
    },
    512,
  );

/** 24 bytes: 800 W, 920 VA and 900 W for 5 s at the peak, 50 A for 5 ms, 100 to 127 V and 200 to 240 V, 12 V and 5 V together 780 W. */
const supply = [
  ...[0x20, 0x03, 0x98, 0x03, 50, 5],
  ...[0x10, 0x27, 0x9c, 0x31, 0x20, 0x4e, 0xc0, 0x5d],
  ...[47, 63, 20, 0b01010],
  ...[0x84, 0x53, 0x02, 0x0c, 0x03, 0],
];
/** Output 1, 12 V, 0.6 V either way, 120 mV ripple, 0.5 to 65 A. */
const output = [0x01, 0xb0, 0x04, 0x3c, 0, 0x3c, 0, 120, 0, 0xf4, 0x01, 0xe8, 0xfd];
/** Load 2, 3.3 V, 3.13 to 3.46 V, 50 mV ripple, 0 to 3 A. */
const load = [0x02, 0x4a, 0x01, 0x39, 0x01, 0x5a, 0x01, 50, 0, 0, 0, 0xb8, 0x0b];

const supplyFru = (): Buffer =>
  fruImage(
    {
      internal: Buffer.alloc(16, 0x01),
      product: areaBytes(
        [0],
        [
          ...['Lab Power', 'PSU-800'].map(textField),
          sixBitField('PS800-A'),
          ...['rev 2', 'PSN100000', '', ''].map(textField),
        ],
      ),
      records: [
        recordBytes(0x00, supply),
        recordBytes(0x01, output),
        recordBytes(0x02, load),
        recordBytes(0x03, [0x01, ...Buffer.from('https://psu.example')]),
        recordBytes(0xc0, [0xa2, 0x02, 0x00, 0xca, 0xfe]),
      ],
    },
    256,
  );

const minutesOf = (time: number): readonly number[] => {
  const minutes = (time - Date.UTC(1996, 0, 1)) / 60_000;
  return [minutes & 255, (minutes >> 8) & 255, minutes >> 16];
};
