import { Fault } from '../../domain/fault.ts';
import type { Indicator as Light } from '../../domain/indicator.ts';
import { observedNow } from '../../domain/observed.ts';
import type { Indicator } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';
import { chassisStatus, isSet } from './status.ts';

export const indicator = (ipmi: Ipmi): Indicator => ({
  async get(call) {
    const light = lightIn((await chassisStatus(ipmi, call)).misc);
    if (light === null) throw new Fault('controller-unsupported', 'it does not tell whether its identify light is on');
    return observedNow(light);
  },
  async set(order, call) {
    // Chassis Identify (IPMI 2.0 §28.5): seconds, 0 for off; a second byte forces it on, whatever the first says.
    const isForced = order.state === 'on' && order.seconds === null;
    const seconds = order.state === 'off' ? 0 : (order.seconds ?? 0);
    const data = isForced ? [seconds, 0x01] : [seconds];
    const answer = await ipmi.tell({ netfn: 0x00, command: 0x04, data }, call);
    // The second byte came with IPMI 2.0, and is optional there.
    if (isForced && lengths.has(answer.completion)) {
      throw new Fault('controller-unsupported', 'its identify light cannot stay on for good: give a number of seconds');
    }
    done(answer, 'Chassis Identify');
  },
});

/** Request data too long, or of another length, or with a field that is invalid (IPMI 2.0 table 5-2). */
const lengths: ReadonlySet<number> = new Set([0xc7, 0xc8, 0xcc]);

/** From the third byte of the chassis status (IPMI 2.0 table 28-3): bit 6 says whether bits 5 and 4 tell it. */
export const lightIn = (misc: number): Light | null => {
  const [isTold, state] = [isSet(misc, 6), (misc >> 4) & 0b11];
  if (!isTold || state === 3) return null;
  return { state: state === 0 ? 'off' : 'on', timed: state === 1 };
};
