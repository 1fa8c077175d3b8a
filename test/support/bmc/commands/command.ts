import type { Accounts } from '../accounts.ts';
import type { Chassis } from '../chassis.ts';
import type { FruDevices } from '../fru.ts';
import type { Management } from '../management.ts';
import type { EventLog } from '../event-log.ts';
import type { LanSettings } from '../network.ts';
import type { BmcOptions } from '../options.ts';
import type { Privilege } from '../privilege.ts';
import type { SimulatedSensors } from '../sensors.ts';
import type { Session, Sessions } from '../sessions.ts';

/** Completion codes (IPMI 2.0 table 5-2). */
export const completions = {
  ok: 0x00,
  unknownCommand: 0xc1,
  reservationGone: 0xc5,
  dataLengthInvalid: 0xc7,
  parameterOutOfRange: 0xc9,
  cannotReturn: 0xca,
  notPresent: 0xcb,
  invalidField: 0xcc,
  illegalForSensor: 0xcd,
  insufficientPrivilege: 0xd4,
  notInPresentState: 0xd5,
} as const;

export interface Answer {
  readonly completion: number;
  readonly data: Buffer;
}

/** What the commands act upon. */
export interface Device {
  readonly options: BmcOptions;
  /** As it goes over the wire. */
  readonly guid: Buffer;
  readonly chassis: Chassis;
  readonly log: EventLog;
  readonly management: Management;
  readonly accounts: Accounts;
  readonly lan: LanSettings;
  readonly fru: FruDevices;
  readonly sessions: Sessions;
  readonly sensors: SimulatedSensors;
}

interface Call {
  readonly data: Buffer;
  readonly device: Device;
}

interface Described {
  readonly netfn: number;
  readonly code: number;
  /** The fewest bytes of data that it takes. */
  readonly takes?: number;
}

/** One that may be sent outside any session. */
interface OpenCommand extends Described {
  readonly privilege: 'none';
  readonly run: (call: Call) => Answer;
}

/** One that needs a session of at least this privilege (IPMI 2.0 appendix G). */
interface SessionCommand extends Described {
  readonly privilege: Privilege;
  readonly run: (call: Call & { readonly session: Session }) => Answer;
}

export type Command = OpenCommand | SessionCommand;

export const ok = (data: Buffer | readonly number[] = []): Answer => ({
  completion: completions.ok,
  data: Buffer.from(data),
});

export const refused = (completion: number): Answer => ({ completion, data: Buffer.alloc(0) });
