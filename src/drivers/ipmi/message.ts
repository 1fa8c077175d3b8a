import { Fault } from '../../domain/fault.ts';

/** A request as IPMI has it (IPMI 2.0 §5.1): network function, command, and data bytes. To LUN 0 of the BMC. */
export interface Message {
  readonly netfn: number;
  readonly command: number;
  readonly data?: readonly number[];
  /** Its data hold a secret, so they go by no argument of a process and into no log. */
  readonly isSecret?: boolean;
}

/** What came back: a completion code (0: done), and the data bytes after it. */
export interface Answer {
  readonly completion: number;
  readonly data: Buffer;
}

/** ipmitool's words for it. Each byte is a number of ours, so no caller's text becomes a word. */
export const wordsOf = ({ netfn, command, data = [] }: Message): readonly string[] => [
  'raw',
  ...[netfn, command, ...data].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`),
];

/**
 * The data of an answer, when it was done. `what` names the command as the specification does, for people.
 * Faults: `controller-unsupported` when the BMC does not know the command, `controller-refused` in its words otherwise,
 * `controller-garbled` when fewer than `least` bytes came.
 */
export const done = ({ completion, data }: Answer, what: string, least = 0): Buffer => {
  if (unknownCommand.has(completion))
    throw new Fault('controller-unsupported', `${what}: ${meaningOf(completion)}`, { toldByController: true });
  if (completion !== 0) throw new Fault('controller-refused', `${what}: ${meaningOf(completion)}`);
  if (data.length < least) {
    throw new Fault('controller-garbled', `${what}: ${data.length} bytes came, and at least ${least} belong there`);
  }
  return data;
};

/** Invalid command, and invalid command for this LUN. */
export const unknownCommand: ReadonlySet<number> = new Set([0xc1, 0xc2]);

/** Whether the BMC has nothing of the kind, for what it may well lack: no such command, no such data, or disabled. */
export const isAbsent = ({ completion }: Answer): boolean =>
  unknownCommand.has(completion) || completion === 0xcb || completion === 0xd6;

/** Generic completion codes (IPMI 2.0 table 5-2). */
const meanings: Readonly<Record<number, string>> = {
  0xc0: 'the controller is busy',
  0xc1: 'the controller does not know this command',
  0xc2: 'the controller does not know this command for this unit',
  0xc3: 'it timed out inside the controller',
  0xc4: 'the controller is out of space',
  0xc5: 'the reservation is gone',
  0xc6: 'the request is too short',
  0xc7: 'the length of the request does not fit',
  0xc8: 'the request is too long',
  0xc9: 'a parameter is out of range',
  0xca: 'the controller cannot return so many bytes',
  0xcb: 'there is no such sensor, record or data',
  0xcc: 'a field of the request is invalid',
  0xcd: 'this sensor or record type does not take this command',
  0xce: 'the controller could not provide the answer',
  0xcf: 'the controller takes it for a duplicate',
  0xd0: 'the sensor records are being updated',
  0xd1: 'the firmware is being updated',
  0xd2: 'the controller is initializing',
  0xd3: 'the destination is unavailable',
  0xd4: 'the account may not do this',
  0xd5: 'not in the present state',
  0xd6: 'it is disabled or not available',
};

/** Of a completion code other than 0, in words for people. */
export const meaningOf = (completion: number): string =>
  `${meanings[completion] ?? 'refused'} (${completion.toString(16).padStart(2, '0').toUpperCase()}h)`;
