import type { ChassisHealth } from '../../domain/health.ts';
import { observedNow } from '../../domain/observed.ts';
import type { Chassis } from '../../ports/controller.ts';
import { history } from './history.ts';
import { lightIn } from './indicator.ts';
import type { Ipmi } from './link.ts';
import { policyIn } from './restore.ts';
import { chassisStatus, isSet } from './status.ts';
import type { ChassisStatus } from './status.ts';

export const chassis = (ipmi: Ipmi): Chassis => ({
  health: async (call) => observedNow(healthOf(await chassisStatus(ipmi, call))),
  history: async (call) => observedNow(await history(ipmi, call)),
});

/** The names of the causes in their order (IPMI 2.0 table 28-3). */
const causes = ['ac-failed', 'overload', 'interlock', 'fault', 'command'] as const;

export const healthOf = ({ powerState, lastPowerEvent, misc, buttons }: ChassisStatus): ChassisHealth => ({
  power: isSet(powerState, 0) ? 'on' : 'off',
  power_overload: isSet(powerState, 1),
  power_interlock: isSet(powerState, 2) ? 'active' : 'inactive',
  power_fault: isSet(powerState, 3),
  power_control_fault: isSet(powerState, 4),
  power_restore_policy: policyIn(powerState) ?? 'unknown',
  last_power_event: causes.filter((_, bit) => isSet(lastPowerEvent, bit)).join(' ') || null,
  intrusion: isSet(misc, 0),
  front_panel_lockout: isSet(misc, 1),
  drive_fault: isSet(misc, 2),
  cooling_fault: isSet(misc, 3),
  identify: identifyIn(misc),
  front_panel_buttons: buttons === null ? null : buttonsIn(buttons),
});

const identifyIn = (misc: number): ChassisHealth['identify'] => {
  const light = lightIn(misc);
  if (light === null || light.state === 'off') return light?.state ?? null;
  return light.timed ? 'timed' : 'on';
};

/** Bits 0 to 3: out of service; 4 to 7: may be taken out of it, in the same order. */
const buttonsIn = (byte: number): NonNullable<ChassisHealth['front_panel_buttons']> => {
  const button = (bit: number) => ({ disabled: isSet(byte, bit), can_be_disabled: isSet(byte, bit + 4) });
  return { power: button(0), reset: button(1), diagnostic: button(2), standby: button(3) };
};
