import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';

/** The answer to Get Chassis Status (IPMI 2.0 §28.2), after its completion code. */
export interface ChassisStatus {
  readonly powerState: number;
  readonly lastPowerEvent: number;
  readonly misc: number;
  /** Null: this byte is optional, and did not come. */
  readonly buttons: number | null;
}

export const chassisStatus = async (ipmi: Ipmi, call: CallOptions): Promise<ChassisStatus> => {
  const data = done(await ipmi.ask({ netfn: 0x00, command: 0x01 }, call), 'Get Chassis Status', 3);
  return {
    powerState: data.readUInt8(0),
    lastPowerEvent: data.readUInt8(1),
    misc: data.readUInt8(2),
    buttons: data[3] ?? null,
  };
};

export const isSet = (byte: number, bit: number): boolean => ((byte >> bit) & 1) === 1;
