import type { Resetter } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';

/** IPMI 2.0 §20.2 and §20.3. A controller may be gone before it has answered, which leaves the outcome unknown. */
export const reset = (ipmi: Ipmi): Resetter => ({
  async send(kind, call) {
    const [command, what] = kind === 'cold' ? [0x02, 'Cold Reset'] : [0x03, 'Warm Reset'];
    done(await ipmi.tell({ netfn: 0x06, command }, call), what);
  },
});
