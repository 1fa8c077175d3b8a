import type { Raw } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { meaningOf } from './message.ts';

/** Nobody knows whether it changes something, so it is sent as what does: once. */
export const raw = (ipmi: Ipmi): Raw => ({
  async send({ netfn, command, data, isSecret }, call) {
    const answer = await ipmi.tell({ netfn, command, data, isSecret }, call);
    return { ...answer, meaning: answer.completion === 0 ? 'done' : meaningOf(answer.completion) };
  },
});
