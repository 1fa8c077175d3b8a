/** What the simulated BMC measures, stores and tells: one machine with sensors in every state (numbers are raw readings). */

interface Kind {
  readonly type: string;
  /** IPMI 2.0 table 42-3. */
  readonly code: number;
}

interface Measure extends Kind {
  readonly unit: string;
  /** A reading is raw × `m` × 10^`exponent` (IPMI 2.0 §36.3). */
  readonly m: number;
  readonly exponent: number;
}

interface Place {
  readonly number: number;
  readonly name: string;
  readonly entity: string;
  readonly instance: number;
}

/** Non-critical, critical, non-recoverable; null where there is none. */
type Limits = readonly [number | null, number | null, number | null];

export interface ThresholdSensor extends Place {
  readonly measure: Measure;
  readonly raw: number;
  readonly lower: Limits;
  readonly upper: Limits;
  /** False for a sensor that is there and not read. */
  readonly scanning: boolean;
}

export interface DiscreteSensor extends Place {
  readonly kind: Kind;
  /** Bit n: the state n can be told. */
  readonly mask: number;
  readonly states: readonly number[];
}

const temperature = { type: 'Temperature', code: 1, unit: 'degrees_C', m: 1, exponent: 0 };
const fan = { type: 'Fan', code: 4, unit: 'RPM', m: 60, exponent: 0 };
const volts = { type: 'Voltage', code: 2, unit: 'Volts', m: 16, exponent: -3 };
const watts = { type: 'Power_Supply', code: 8, unit: 'Watts', m: 4, exponent: 0 };

type At = readonly [number: number, name: string, entity: string, instance: number];
const place = ([number, name, entity, instance]: At): Place => ({ number, name, entity, instance });
const none: Limits = [null, null, null];

const threshold = (at: At, measure: Measure, raw: number, lower: Limits, upper: Limits): ThresholdSensor => ({
  ...place(at),
  measure,
  raw,
  lower,
  upper,
  scanning: true,
});

export const thresholdSensors: readonly ThresholdSensor[] = [
  threshold([1, 'Inlet Temp', 'system_board', 1], temperature, 23, [5, 2, null], [40, 45, 50]),
  threshold([2, 'CPU1 Temp', 'processor', 1], temperature, 48, none, [85, 95, 100]),
  // Upper critical.
  threshold([3, 'CPU2 Temp', 'processor', 2], temperature, 97, none, [85, 95, 100]),
  // Upper non-critical.
  threshold([4, 'DIMM A1 Temp', 'memory_module', 1], temperature, 86, none, [85, 90, 95]),
  threshold([5, 'FAN1', 'fan_cooling_device', 1], fan, 90, [12, 8, 5], none),
  // Lower critical.
  threshold([6, 'FAN2', 'fan_cooling_device', 2], fan, 7, [12, 8, 5], none),
  // Lower non-recoverable.
  threshold([7, 'FAN3', 'fan_cooling_device', 3], fan, 0, [12, 8, 5], none),
  threshold([8, 'P12V', 'system_board', 1], { ...volts, m: 63 }, 192, [175, 172, 168], [206, 209, 213]),
  threshold([9, 'P3V3', 'system_board', 1], volts, 206, [190, 187, 184], [219, 222, 225]),
  // Lower non-critical.
  threshold([10, 'VBAT', 'battery', 1], volts, 170, [175, 165, 160], [219, 222, 225]),
  // 212 W.
  threshold([11, 'PSU1 Power', 'power_supply', 1], watts, 53, none, [180, 200, null]),
  { ...threshold([12, 'GPU Temp', 'add-in_card', 1], temperature, 0, none, [85, 95, 100]), scanning: false },
];

const discrete = (at: At, kind: Kind, mask: number, states: readonly number[]): DiscreteSensor => ({
  ...place(at),
  kind,
  mask,
  states,
});

export const discreteSensors: readonly DiscreteSensor[] = [
  discrete([20, 'PSU1 Status', 'power_supply', 1], watts, 0xf, [0]),
  // Present, and failed.
  discrete([21, 'PSU2 Status', 'power_supply', 2], watts, 0xf, [0, 1]),
  discrete([22, 'Intrusion', 'system_chassis', 1], { type: 'Physical_Security', code: 5 }, 1, [0]),
  discrete([23, 'Drive 0', 'drive_backplane', 1], { type: 'Drive_Slot', code: 13 }, 0x1ff, [0, 1]),
  discrete([24, 'ACPI Power', 'system_board', 1], { type: 'System_ACPI_Power_State', code: 34 }, 0x7fff, [0]),
  discrete([25, 'SEL', 'system_board', 1], { type: 'Event_Logging_Disabled', code: 16 }, 0x3f, []),
];

/** Sensor type, sensor number, direction and event type, three bytes of event data (IPMI 2.0 table 32-1). */
export const events: readonly (readonly number[])[] = [
  [1, 3, 1, 0x59, 97, 95],
  [4, 6, 1, 0x52, 7, 8],
  [8, 21, 0x6f, 1, 0xff, 0xff],
  [12, 4, 0x6f, 0, 0xff, 3],
  [8, 21, 0xef, 1, 0xff, 0xff],
];

export interface Account {
  /** ipmi_sim cuts it at 15 characters. */
  readonly name: string;
  /** ipmi_sim cuts it at 19 characters. */
  readonly password: string;
  readonly privilege: 'admin' | 'operator' | 'user';
  readonly sessions: number;
  readonly enabled: boolean;
}

/** Accounts 2 to 6; beside them a BMC has `igor`. */
export const accounts: readonly Account[] = [
  { name: 'admin', password: 'adm1n-Secret', privilege: 'admin', sessions: 20, enabled: true },
  { name: 'operator', password: '0per-Secret', privilege: 'operator', sessions: 10, enabled: true },
  { name: 'user', password: 'us3r-Secret', privilege: 'user', sessions: 10, enabled: true },
  { name: 'long16charsuser0', password: '20-chars-password-xx', privilege: 'admin', sessions: 10, enabled: true },
  { name: 'disabled', password: 'disabled', privilege: 'admin', sessions: 10, enabled: false },
];

/** Strings of the field-replaceable unit, by area (Platform Management FRU Information Storage Definition 1.0). */
export const fru = {
  chassis: ['CH-900', 'CHS100000'],
  board: ['Lab Systems', 'LX-Board', 'BRD100000', 'P/N-77', ''],
  product: ['Lab Systems', 'LX-2000', 'LX2K', 'v1.2', 'SN100000', 'ASSET-100000', ''],
  builtAt: Date.UTC(2023, 4, 17),
} as const;

/** The same of its power supply: the product alone. */
export const supplyFru = ['Lab Power', 'PSU-800', 'PS800-A', 'rev 2', 'PSN100000', '', ''] as const;
