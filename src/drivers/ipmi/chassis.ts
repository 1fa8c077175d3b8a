import type { ChassisHealth } from '../../domain/health.ts';
import { observedNow } from '../../domain/observed.ts';
import type { Chassis } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { chassisStatus } from './status.ts';
import type { ChassisStatus } from './status.ts';

export const chassis = (ipmi: Ipmi): Chassis => ({
  health: async (call) => observedNow(healthOf(await chassisStatus(ipmi, call))),
});

/** The names of bits 5 and 6, and of the causes in their order (IPMI 2.0 table 28-3). */
const policies = ['always-off', 'previous', 'always-on', 'unknown'] as const;
const causes = ['ac-failed', 'overload', 'interlock', 'fault', 'command'] as const;

export const healthOf = ({ powerState, lastPowerEvent, misc }: ChassisStatus): ChassisHealth => ({
  power: isSet(powerState, 0) ? 'on' : 'off',
  power_overload: isSet(powerState, 1),
  power_interlock: isSet(powerState, 2) ? 'active' : 'inactive',
  power_fault: isSet(powerState, 3),
  power_control_fault: isSet(powerState, 4),
  power_restore_policy: policies[(powerState >> 5) & 0b11] ?? 'unknown',
  last_power_event: causes.filter((_, bit) => isSet(lastPowerEvent, bit)).join(' ') || null,
  intrusion: isSet(misc, 0),
  front_panel_lockout: isSet(misc, 1),
  drive_fault: isSet(misc, 2),
  cooling_fault: isSet(misc, 3),
});

const isSet = (byte: number, bit: number): boolean => ((byte >> bit) & 1) === 1;
