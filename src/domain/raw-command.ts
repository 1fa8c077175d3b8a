import { z } from 'zod';

/** More than any command of the specification takes. */
const mostBytes = 200;
const byte = z.int().min(0).max(255);
const hexBytes = z
  .string()
  .max(2 * mostBytes)
  .regex(/^([0-9a-fA-F]{2})*$/, 'must be bytes in hexadecimal: 0a1b')
  .transform((text): readonly number[] => [...Buffer.from(text, 'hex')]);

/** The bytes of a command, which the journal keeps unless they are withheld from it. */
export interface RawBytes {
  readonly bytes: readonly number[];
  readonly toJSON: () => unknown;
}

const rawBytes = z
  .union([hexBytes, z.array(byte).max(mostBytes)])
  .transform((bytes): RawBytes => ({ bytes, toJSON: () => Buffer.from(bytes).toString('hex') }));

/** A command by its numbers. Data that may hold a secret are shown to nobody who prints the input, as the journal does. */
export const rawCommand = z
  .strictObject({
    netfn: z
      .int()
      .min(0)
      .max(0x3e)
      .refine((netfn) => netfn % 2 === 0, 'must be even: odd ones are answers')
      .describe('Network function'),
    command: byte.describe('Command'),
    data: rawBytes.prefault('').describe('Its data: hexadecimal digits, or numbers of bytes'),
  })
  .overwrite((input) =>
    refusalOf(input)?.mayHoldSecret === true ? { ...input, data: withheld(input.data.bytes) } : input,
  );

const withheld = (bytes: readonly number[]): RawBytes => ({ bytes, toJSON: () => '[withheld]' });

interface Numbers {
  readonly netfn: number;
  readonly command: number;
}

/** `06:47` */
export const rawName = ({ netfn, command }: Numbers): string => `${two(netfn)}:${two(command)}`;
const two = (value: number): string => value.toString(16).padStart(2, '0');

export interface RawRefusal {
  readonly reason: string;
  /** Passwords, keys, and what may carry such on. */
  readonly mayHoldSecret: boolean;
}

/** Why a command is not sent unless the operator insists; null: it is. */
export const refusalOf = ({ netfn, command }: Numbers): RawRefusal | null => {
  const reason = wholeFunctions[netfn] ?? reasons[rawName({ netfn, command })];
  return reason === undefined ? null : { reason, mayHoldSecret: secretive.has(rawName({ netfn, command })) };
};

const wholeFunctions: Readonly<Partial<Record<number, string>>> = {
  0x02: 'it reaches other controllers, past their own leases',
  0x08: 'it writes firmware, and can leave a controller that never starts again',
};

const byAccounts = 'accounts have operations of their own (account.update, password.set)';
const byNetwork = 'the network has operations of its own, which prove that the controller is still reached';
const bySessions = "Igor's own sessions depend on it; others are ended by session.delete";
const bySensorRecords = 'without its sensor records a controller knows no sensors';
const byConsole = 'the console is reached over it';

/** By `netfn:command` (IPMI 2.0 appendix G; HPM.1 for 2Ch). */
const reasons: Readonly<Partial<Record<string, string>>> = {
  '00:02': 'power.set does that, and knows what is observed to be old after it',
  '00:03': 'power.set does that',
  '00:04': 'indicator.set does that',
  '00:06': 'power-policy.set does that',
  '00:08': 'boot.set does that, and reads it back',
  '04:12': 'an event filter can turn machines off',
  '04:16': 'alert-destination.test does that',
  '04:26': 'sensor-threshold.set does that, and checks the order of the limits',
  '06:02': 'reset.create does that, and drops the sessions that end with it',
  '06:03': 'reset.create does that, and drops the sessions that end with it',
  '06:05': 'the manufacturing test may do anything to the controller',
  '06:06': 'it tells the controller a power state that need not hold',
  '06:22': 'the watchdog acts on the machine when its time is up',
  '06:24': 'the watchdog acts on the machine when its time is up',
  '06:2e': 'it can stop the event log',
  '06:34': 'it reaches other controllers, past their own leases',
  '06:39': bySessions,
  '06:3a': bySessions,
  '06:3b': bySessions,
  '06:3c': bySessions,
  '06:40': 'a channel that is set wrong lets nobody in any more',
  '06:43': byAccounts,
  '06:45': byAccounts,
  '06:47': byAccounts,
  '06:48': byConsole,
  '06:49': byConsole,
  '06:4c': byAccounts,
  '06:52': 'it writes to the buses of the board, past everything that knows what is there',
  '06:55': byConsole,
  '06:56': 'a channel whose keys are set wrong lets nobody in any more',
  '0a:12': 'the inventory that it overwrites is nowhere else',
  '0a:24': bySensorRecords,
  '0a:25': bySensorRecords,
  '0a:26': bySensorRecords,
  '0a:27': bySensorRecords,
  '0a:2a': bySensorRecords,
  '0a:44': 'it forges what the event log says',
  '0a:45': 'it forges what the event log says',
  '0a:46': 'event-log-entry.delete does that',
  '0a:47': 'event-log.clear does that, and archives the log first',
  '0a:49': 'event-log-clock.set does that',
  '0c:01': byNetwork,
  '0c:10': 'the serial port may be the console',
  '2c:30': 'it writes firmware',
  '2c:31': 'it writes firmware',
  '2c:32': 'it writes firmware',
  '2c:33': 'it writes firmware',
  '2c:35': 'it writes firmware',
  '2c:38': 'it writes firmware',
};

/** Passwords and keys; community strings; credentials of modems; and messages that may be any of these for another. */
const secretive: ReadonlySet<string> = new Set(['06:47', '06:56', '0c:01', '0c:10', '06:34']);

/** Commands that an operator insists on: `06:52,0a:12`. */
export const rawAllowance = z
  .string()
  .regex(
    /^([0-9a-f]{2}:[0-9a-f]{2}(,[0-9a-f]{2}:[0-9a-f]{2})*)?$/,
    'must be netfn:command in hexadecimal, with commas between: 06:52',
  )
  .default('');

/** What a controller said to a command, whatever that was. */
export interface RawAnswer {
  readonly completion: number;
  /** Of the completion code, in words. */
  readonly meaning: string;
  readonly data: Buffer;
}
