import { Fault } from '../../domain/fault.ts';
import { stateAfter } from '../../domain/power.ts';
import type { PowerAction, PowerState } from '../../domain/power.ts';
import type { CallOptions, Power } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { chassisStatus } from './status.ts';

/** Chassis Control (IPMI 2.0 §28.3): ipmitool's word for each action, and what it prints when that is accepted. */
const verbs = {
  on: ['on', 'Up/On'],
  off: ['off', 'Down/Off'],
  'soft-off': ['soft', 'Soft'],
  cycle: ['cycle', 'Cycle'],
  reset: ['reset', 'Reset'],
  nmi: ['diag', 'Diag'],
} as const satisfies Record<PowerAction, readonly [string, string]>;

export const power = (ipmi: Ipmi): Power => {
  const get = async (call: CallOptions): Promise<PowerState> => {
    const { powerState } = await chassisStatus(ipmi, call);
    return (powerState & 1) === 1 ? 'on' : 'off';
  };
  return {
    get,
    async set(action, call) {
      const [verb, accepted] = verbs[action];
      try {
        await ipmi.change(['chassis', 'power', verb], `Chassis Power Control: ${accepted}`, call);
      } catch (error) {
        // Some BMCs refuse `on` while it is on (D5h), or `off` while it is off; that is no error here.
        const refused = error instanceof Fault && error.code === 'controller-refused';
        if (!refused || !isSteady(action) || (await get(call).catch(() => null)) !== stateAfter(action)) throw error;
      }
    },
  };
};

/** Whether being in the state that it leads to is all that was asked for. */
const isSteady = (action: PowerAction): boolean => action === 'on' || action === 'off' || action === 'soft-off';
