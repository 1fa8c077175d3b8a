import { bootOptions, type BootOptions } from './boot-options.ts';
import { chassisExtras, type ChassisExtras } from './chassis-extras.ts';
import { dcmi, type Dcmi } from './dcmi.ts';
import type { BmcOptions } from './options.ts';
import { watchdogTimer, type WatchdogTimer } from './watchdog.ts';

type PowerSeen = 'on' | 'off';
type PowerEvent = 'ac-failed' | 'overload' | 'interlock' | 'fault' | 'command';
export type ControlAction = 'down' | 'up' | 'cycle' | 'reset' | 'diag' | 'soft';

/** What Get Chassis Status tells beside the power; a test sets it as it likes. */
export interface ChassisFlags {
  restorePolicy: 'always-off' | 'previous' | 'always-on' | 'unknown';
  /** What brought the last change of power about. */
  lastPowerEvents: readonly PowerEvent[];
  powerOverload: boolean;
  powerInterlock: boolean;
  mainPowerFault: boolean;
  powerControlFault: boolean;
  intrusion: boolean;
  frontPanelLockout: boolean;
  driveFault: boolean;
  coolingFault: boolean;
}

/** The host that the BMC looks after. */
export interface Chassis {
  /** As seen now. */
  readonly power: PowerSeen;
  readonly identify: 'off' | 'temporary' | 'indefinite';
  readonly flags: ChassisFlags;
  readonly boot: BootOptions;
  readonly extras: ChassisExtras;
  readonly watchdog: WatchdogTimer;
  readonly dcmi: Dcmi;
  /** Somebody presses the button. */
  setPower(power: PowerSeen): void;
  /** False when the host's present state does not allow it. */
  control(action: ControlAction): boolean;
  /** Seconds; 0 puts the light out, null leaves it on. */
  light(seconds: number | null): void;
}

export const chassis = (options: BmcOptions): Chassis => {
  let settled: PowerSeen = options.power;
  /** The power changes without a timer: it is looked up when asked for. In order of time. */
  let coming: readonly { readonly power: PowerSeen; readonly at: number }[] = [];
  let litUntil = 0;

  /** What was still to come is forgotten. */
  const change = (...changes: readonly (readonly [power: PowerSeen, delayMs: number])[]): void => {
    settled = current();
    coming = changes.map(([power, delayMs]) => ({ power, at: performance.now() + delayMs }));
  };
  const current = (): PowerSeen => coming.findLast(({ at }) => performance.now() >= at)?.power ?? settled;
  const boot = bootOptions(options.bootLapseMs);
  const flags: ChassisFlags = {
    restorePolicy: 'always-off',
    lastPowerEvents: [],
    powerOverload: false,
    powerInterlock: false,
    mainPowerFault: false,
    powerControlFault: false,
    intrusion: false,
    frontPanelLockout: false,
    driveFault: false,
    coolingFault: false,
  };

  return {
    get power() {
      return current();
    },
    get identify() {
      if (litUntil === Infinity) return 'indefinite';
      return performance.now() < litUntil ? 'temporary' : 'off';
    },
    flags,
    boot,
    extras: chassisExtras(),
    watchdog: watchdogTimer(),
    dcmi: dcmi(),
    setPower: (power) => change([power, 0]),
    control(action) {
      boot.restartLapse();
      if (current() === 'off' && action !== 'up' && action !== 'down') return false;
      switch (action) {
        case 'up':
          flags.lastPowerEvents = ['command'];
          change(['on', options.powerDelayMs]);
          break;
        case 'down':
          change(['off', options.powerDelayMs]);
          break;
        case 'cycle':
          flags.lastPowerEvents = ['command'];
          change(['off', options.cycleAfterMs], ['on', options.cycleAfterMs + options.powerDelayMs]);
          break;
        case 'soft':
          if (options.softOffMs !== null) change(['off', options.softOffMs]);
          break;
        case 'reset':
        case 'diag':
          break;
      }
      return true;
    },
    light(seconds) {
      litUntil = seconds === null ? Infinity : performance.now() + seconds * 1000;
    },
  };
};
