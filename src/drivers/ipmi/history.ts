import { Fault } from '../../domain/fault.ts';
import type { PowerHistory, RestartCause } from '../../domain/power.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done, isAbsent } from './message.ts';

/** Get System Restart Cause and Get POH Counter (IPMI 2.0 §28.11, §28.14). A BMC may lack either. */
export const history = async (ipmi: Ipmi, call: CallOptions): Promise<PowerHistory> => {
  const cause = await ipmi.ask({ netfn: 0x00, command: 0x07 }, call);
  const hours = await ipmi.ask({ netfn: 0x00, command: 0x0f }, call);
  return {
    lastRestartCause: isAbsent(cause) ? null : causeIn(done(cause, 'Get System Restart Cause', 1)),
    powerOnHours: isAbsent(hours) ? null : hoursIn(done(hours, 'Get POH Counter', 5)),
  };
};

/** In the order of their numbers (IPMI 2.0 table 28-11). */
const causes = [
  'unknown',
  'command',
  'reset-button',
  'power-button',
  'watchdog',
  'vendor-specific',
  'mains-returned-always-on',
  'mains-returned-previous',
  'event-filter-reset',
  'event-filter-cycle',
  'soft-reset',
  'clock',
] as const satisfies readonly RestartCause[];

/** Bits 3 to 0. Faults: `controller-garbled` for a number that means nothing. */
export const causeIn = (data: Buffer): RestartCause => {
  const number = data.readUInt8(0) & 0x0f;
  const cause = causes[number];
  if (cause === undefined)
    throw new Fault('controller-garbled', `Get System Restart Cause: cause ${number} is reserved`);
  return cause;
};

/** The minutes of each count, and the counts; null where a count is said to last no time. */
export const hoursIn = (data: Buffer): number | null => {
  const minutes = data.readUInt8(0);
  return minutes === 0 ? null : (data.readUInt32LE(1) * minutes) / 60;
};
