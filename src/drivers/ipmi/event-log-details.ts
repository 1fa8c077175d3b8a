import { hexOf } from './event-log-types.ts';

/** The bytes 2 and 3 of an event's data, as far as byte 1 says that they are there. */
export interface EventData {
  readonly offset: number;
  /** Null: unspecified, or in the words of the maker. */
  readonly second: number | null;
  readonly third: number | null;
}

/** What those bytes add for a type of sensor (IPMI 2.0 table 42-3, event data 2 and 3); null: nothing that the table tells. */
export const detailOf = (type: number, { offset, second, third }: EventData): string | null => {
  switch (type) {
    case 0x08:
      return offset === 6 ? from(supplyErrors, low(third)) : null;
    case 0x0c:
      return third === null ? null : `module ${third}`;
    case 0x0f:
      return from(offset === 0 ? firmwareErrors : firmwareSteps, second);
    case 0x10:
      if (offset === 0) return second === null ? null : `module ${second}`;
      return offset === 5 && third !== null ? `${third} % of it is used` : null;
    case 0x12:
      if (offset === 4) return second === null ? null : named(filterActions, second);
      return offset === 5 && second !== null ? `the time here is the ${second < 0x80 ? 'old' : 'new'} one` : null;
    case 0x1d:
      return offset === 7 ? from(restartCauses, low(second)) : null;
    case 0x21:
      return third === null ? null : `${from(slotTypes, second === null ? null : second & 0x7f) ?? 'slot'} ${third}`;
    case 0x23:
      return from(timerUses, low(second));
    case 0x28:
      return offset === 4 && third !== null ? `sensor ${hexOf(third)}` : null;
    case 0x2a:
      return second === null ? null : `user ${second & 0x3f}`;
    case 0x2b:
      return from(changed, second);
    default:
      return null;
  }
};

type Words = readonly (string | null)[];

const low = (byte: number | null): number | null => (byte === null ? null : byte & 0x0f);
const from = (words: Words, index: number | null): string | null => (index === null ? null : (words[index] ?? null));
const named = (words: Words, bits: number): string | null =>
  words.filter((_, bit) => ((bits >> bit) & 1) === 1).join(', ') || null;

const supplyErrors: Words = ['other maker', 'other revision', 'no processor', 'other power', 'other voltage'];

const firmwareErrors: Words = [
  null,
  'no memory is installed',
  'no memory can be used',
  'a disk failed',
  'the board failed',
  'the diskette drive failed',
  'the disk controller failed',
  'the keyboard failed',
  'the removable boot medium is missing',
  'the graphics controller failed',
  'there is no graphics controller',
  'its ROM is damaged',
  'the voltages of the processors differ',
  'the speeds of the processors differ',
];

const firmwareSteps: Words = [
  null,
  'memory',
  'disks',
  'further processors',
  'login of a user',
  'set-up by a user',
  'USB',
  'PCI',
  'option ROM',
  'graphics',
  'cache',
  'SMBus',
  'keyboard controller',
  'management controller',
  'docking',
  'docking station enabled',
  'undocking',
  'docking station disabled',
  'waking the operating system',
  'starting the operating system',
  'board',
  null,
  'diskette drive',
  'keyboard test',
  'pointer test',
  'first processor',
];

/** Get System Restart Cause, table 28-11. */
const restartCauses: Words = [
  null,
  'by a command to the BMC',
  'by the reset button',
  'by the power button',
  'by the watchdog',
  'by the maker',
  'by power coming back, as always',
  'by power coming back, as before',
  'by an event filter: reset',
  'by an event filter: power cycle',
  'by software',
  'by the clock',
];

const slotTypes: Words = [
  'PCI slot',
  'drive slot',
  'external connector',
  'docking connector',
  'slot',
  'slot',
  'ATCA slot',
  'memory slot',
  'fan slot',
  'PCIe slot',
  'SCSI slot',
  'SATA or SAS slot',
  'USB port',
];

const timerUses: Words = [
  null,
  'set by the firmware for its own start (FRB2)',
  'set by the firmware',
  'set for loading the operating system',
  'set by the operating system',
  'set by the maker',
];

/** Bits of the actions of table 17-1. */
const filterActions: Words = [
  'alert',
  'power off',
  'reset',
  'power cycle',
  "the maker's action",
  'diagnostic interrupt',
];

const changed: Words = [
  null,
  'device id of the controller',
  'firmware of the controller',
  'revision of the controller',
  'maker of the controller',
  'IPMI version of the controller',
  'auxiliary firmware of the controller',
  'boot block of the controller',
  'other firmware of a controller',
  'system firmware',
  'SMBIOS',
  'operating system',
  'loader of the operating system',
  'service partition',
  'management agent',
  'management application',
  'management middleware',
  'programmable hardware',
  'board or module',
  'part of a board or module',
  'part added',
  'part taken out',
  'part not used any more',
  'part used',
];
