import { Fault } from '../../domain/fault.ts';
import { observedNow } from '../../domain/observed.ts';
import type { WatchdogState } from '../../domain/watchdog.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Watchdog } from '../../ports/watchdog.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';
import { isSet } from './status.ts';

/** Reset, Set and Get Watchdog Timer (IPMI 2.0 §27.5 to §27.7). */
const resetTimer = { netfn: 0x06, command: 0x22 } as const;
const setTimer = { netfn: 0x06, command: 0x24 } as const;
const getTimer = { netfn: 0x06, command: 0x25 } as const;

/** Of Reset alone: the timer was never set up. */
const uninitialized = 0x80;
/** SMS/OS, for a timer that nobody uses. */
const systemUse = 4;

export const watchdog = (ipmi: Ipmi): Watchdog => {
  const read = async (call: CallOptions): Promise<Buffer> =>
    done(await ipmi.ask(getTimer, call), 'Get Watchdog Timer', timerBytes);
  return {
    get: async (call) => observedNow(watchdogIn(await read(call))),
    async disable(call) {
      const now = await read(call);
      // Without bit 6 the timer stops. Its use, its time and what has expired stay; a reset after this starts it without an action.
      const use = (now.readUInt8(0) & 0x80) | (now.readUInt8(0) & 0x07 || systemUse);
      const data = [use, 0, 0, 0, now.readUInt8(4), now.readUInt8(5)];
      done(await ipmi.tell({ ...setTimer, data }, call), 'Set Watchdog Timer');
    },
    async reset(call) {
      const answer = await ipmi.tell(resetTimer, call);
      if (answer.completion === uninitialized)
        throw new Fault('conflict', 'the watchdog was never set up, so there is no time to begin anew');
      done(answer, 'Reset Watchdog Timer');
    },
  };
};

/** Two more tell the time that is left; ipmi_sim 2.0.33 leaves them out, and what ipmitool shows of them is then made up. */
const timerBytes = 6;

/** By the numbers of table 27-7; 0, 6 and 7 are reserved. */
const uses = [null, 'firmware-error', 'firmware', 'os-load', 'system', 'vendor'] as const;
const actions = ['none', 'reset', 'power-off', 'power-cycle'] as const;
const warnings = ['none', 'smi', 'nmi', 'message'] as const;

/** Of at least six bytes; times are in tenths of a second on the wire. */
export const watchdogIn = (data: Buffer): WatchdogState => {
  const [use, action, expired] = [data.readUInt8(0), data.readUInt8(1), data.readUInt8(3)];
  return {
    running: isSet(use, 6),
    use: uses[use & 0x07] ?? null,
    action: actions[action & 0x07] ?? null,
    warning: warnings[(action >> 4) & 0x07] ?? null,
    warning_seconds: data.readUInt8(2),
    logs: !isSet(use, 7),
    seconds: data.readUInt16LE(4) / 10,
    seconds_left: data.length < 8 ? null : data.readUInt16LE(6) / 10,
    expired: uses.filter((one, number) => one !== null && isSet(expired, number)).filter((one) => one !== null),
  };
};
