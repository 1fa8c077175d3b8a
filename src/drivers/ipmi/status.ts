import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';

/** The answer to Get Chassis Status (IPMI 2.0 §28.2), after its completion code. */
export interface ChassisStatus {
  readonly powerState: number;
  readonly lastPowerEvent: number;
  readonly misc: number;
}

/**
 * Asked for as bytes. ipmitool's own `power status` and `chassis status` do not look at the length of the answer: for an
 * empty one they print "Chassis Power is off", with exit code 0 (1.8.19).
 */
export const chassisStatus = async (ipmi: Ipmi, call: CallOptions): Promise<ChassisStatus> =>
  parseStatus(await ipmi.read(['raw', '0x00', '0x01'], call));

/** Faults: `controller-garbled` for whatever is not one line of three bytes or more. */
export const parseStatus = (said: string): ChassisStatus => {
  if (!/^( [0-9a-f]{2}){3,16}\n$/.test(said)) throw new Fault('controller-garbled', 'ipmitool gave no chassis status');
  const bytes = Buffer.from(said.replaceAll(/\s/g, ''), 'hex');
  return { powerState: bytes.readUInt8(0), lastPowerEvent: bytes.readUInt8(1), misc: bytes.readUInt8(2) };
};
