import { stateAfter } from '../../domain/power.ts';
import type { PowerAction, PowerState } from '../../domain/power.ts';
import type { CallOptions, Power } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';
import { chassisStatus } from './status.ts';

/** Chassis Control (IPMI 2.0 table 28-4). */
const controls = { off: 0, on: 1, cycle: 2, reset: 3, nmi: 4, 'soft-off': 5 } as const satisfies Record<
  PowerAction,
  number
>;

export const power = (ipmi: Ipmi): Power => {
  const get = async (call: CallOptions): Promise<PowerState> => {
    const { powerState } = await chassisStatus(ipmi, call);
    return (powerState & 1) === 1 ? 'on' : 'off';
  };
  return {
    get,
    async set(action, call) {
      const answer = await ipmi.tell({ netfn: 0x00, command: 0x02, data: [controls[action]] }, call);
      // Some BMCs refuse `on` while it is on (D5h), or `off` while it is off; that is no error here.
      const isRefused = answer.completion !== 0 && isSteady(action);
      if (isRefused && (await get(call).catch(() => null)) === stateAfter(action)) return;
      done(answer, 'Chassis Control');
    },
  };
};

/** Whether being in the state that it leads to is all that was asked for. */
const isSteady = (action: PowerAction): boolean => action === 'on' || action === 'off' || action === 'soft-off';
