import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done, type Answer } from './message.ts';

/** Parameters of the system boot options (IPMI 2.0 table 28-14). */
export const parameters = {
  setInProgress: 0,
  servicePartition: 1,
  servicePartitionScan: 2,
  validBitClearing: 3,
  acknowledge: 4,
  flags: 5,
  initiator: 6,
  mailbox: 7,
} as const;

/** Set and Get System Boot Options (IPMI 2.0 §28.12, §28.13). */
const setOptions = { netfn: 0x00, command: 0x08 } as const;
const getOptions = { netfn: 0x00, command: 0x09 } as const;

export const setOption = async (
  ipmi: Ipmi,
  [number, ...data]: readonly [number, ...number[]],
  call: CallOptions,
): Promise<Answer> => ipmi.tell({ ...setOptions, data: [number, ...data] }, call);

/** `block` is the set selector, which the mailbox has. */
export const askOption = async (ipmi: Ipmi, number: number, block: number, call: CallOptions): Promise<Answer> =>
  ipmi.ask({ ...getOptions, data: [number, block, 0] }, call);

/** A parameter as it was told: its number, whether it is marked as invalid or locked, and its data. */
export interface Option {
  readonly locked: boolean;
  readonly data: Buffer;
}

/** Faults: `controller-unsupported` for a parameter that the BMC does not have, and those of `done`. */
export const optionIn = (answer: Answer, number: number): Option => {
  if (unknown.has(answer.completion)) throw unknownOption(number);
  const data = done(answer, 'Get System Boot Options', 2);
  if ((data.readUInt8(1) & 0x7f) !== number)
    throw new Fault('controller-garbled', `Get System Boot Options: not parameter ${number}`);
  return { locked: (data.readUInt8(1) & 0x80) !== 0, data: data.subarray(2) };
};

/** The codes of Set System Boot Options alone (IPMI 2.0 table 28-12). Faults: as above, and `controller-refused`. */
export const optionSet = (answer: Answer, number: number): void => {
  if (answer.completion === unsupported) throw unknownOption(number);
  if (answer.completion === 0x81)
    throw new Fault('controller-refused', 'somebody else is setting boot options (81h): set-in-progress tells');
  if (answer.completion === 0x82) throw new Fault('controller-refused', `boot parameter ${number} is read-only (82h)`);
  done(answer, 'Set System Boot Options');
};

const unsupported = 0x80;
/** When only asked for: a request that is nothing but the number. Some say so in general terms (ipmi_sim: CCh). */
const unknown: ReadonlySet<number> = new Set([unsupported, 0xc9, 0xcb, 0xcc]);
/** Of this parameter alone: the BMC knows the command, so nothing is said of what else it can do. */
const unknownOption = (number: number): Fault =>
  new Fault('controller-unsupported', `it has no boot parameter ${number}`);
