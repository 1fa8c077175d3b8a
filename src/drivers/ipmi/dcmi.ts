import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done, type Answer } from './message.ts';

/** Data Center Manageability Interface (DCMI 1.5): a group of commands of its own, named by the first byte both ways. */
const netfn = 0x2c;
const group = 0xdc;

export const commands = {
  getCapabilities: 0x01,
  getPowerReading: 0x02,
  getPowerLimit: 0x03,
  setPowerLimit: 0x04,
  activatePowerLimit: 0x05,
} as const;

export const askDcmi = async (
  ipmi: Ipmi,
  command: number,
  data: readonly number[],
  call: CallOptions,
): Promise<Answer> => ipmi.ask({ netfn, command, data: [group, ...data] }, call);

export const tellDcmi = async (
  ipmi: Ipmi,
  command: number,
  data: readonly number[],
  call: CallOptions,
): Promise<Answer> => ipmi.tell({ netfn, command, data: [group, ...data] }, call);

/** The data behind the group's byte. Faults: those of `done`, and `controller-garbled` for another group's answer. */
export const dcmiData = (answer: Answer, what: string, least = 0): Buffer => {
  const data = done(answer, what, least + 1);
  if (data[0] !== group) throw new Fault('controller-garbled', `${what}: the answer is not one of DCMI`);
  return data.subarray(1);
};

/** Of Get DCMI Capabilities Info: supported capabilities. Its second byte tells the optional ones, of which bit 0 is power management. */
const supportedCapabilities = 0x01;

/**
 * A BMC may know DCMI without its power management, and then refuses in words of its own; its list of capabilities tells.
 * Faults: `controller-unsupported` where that says so; any other refusal is left as it is.
 */
export const insistOnPower = async (ipmi: Ipmi, { completion }: Answer, call: CallOptions): Promise<void> => {
  if (completion === 0) return;
  const answer = await askDcmi(ipmi, commands.getCapabilities, [supportedCapabilities], call);
  // Three bytes tell version and revision.
  const optional = answer.completion === 0 ? dcmiData(answer, 'Get DCMI Capabilities Info', 6).readUInt8(4) : null;
  if (optional !== null && (optional & 1) === 0) {
    const detail = 'it says that it has no power management (DCMI)';
    throw new Fault('controller-unsupported', detail, { toldByController: true });
  }
};

export const le16 = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff];
export const le32 = (value: number): readonly number[] => [...le16(value & 0xffff), ...le16(value >>> 16)];
