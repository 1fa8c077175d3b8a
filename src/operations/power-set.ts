import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { awaitPower } from '../core/power-wait.ts';
import { powerAction, powerState } from '../domain/power.ts';

/** Seconds for which anybody may wait. */
const mostSeconds = 900;
/** Seconds that a machine is given to be off once it was forced. */
const forcedSeconds = 30;

/**
 * `before` is read here. What became of it is read back by the observer, since a soft-off may take minutes; unless the
 * caller wants to wait: then it is read here, the controller held all the while.
 */
export const powerSet = operation({
  on: 'machine',
  name: 'power.set',
  summary: 'Change the power state of a machine',
  method: 'put',
  path: '/machines/{machine}/power',
  permission: 'oob:power:set',
  effect: 'disrupt',
  needs: ['power'],
  input: z
    .strictObject({
      target: powerAction.describe('What the power should do'),
      wait_seconds: z
        .int()
        .min(1)
        .max(mostSeconds)
        .optional()
        .describe('Answer when the state is reached, or after so many seconds'),
      escalate_after_seconds: z
        .int()
        .min(10)
        .max(mostSeconds)
        .optional()
        .describe('With soft-off: turn the machine off if it is not off by then'),
    })
    .refine((one) => one.escalate_after_seconds === undefined || one.target === 'soft-off', {
      path: ['escalate_after_seconds'],
      error: 'goes with soft-off',
    })
    .refine((one) => (one.wait_seconds ?? Infinity) >= (one.escalate_after_seconds ?? 0), {
      path: ['wait_seconds'],
      error: 'must not be less than escalate_after_seconds',
    }),
  output: z.object({
    target: powerAction,
    before: powerState,
    after: powerState.nullable().describe('As seen last while waiting; null: not waited for, or not readable'),
    reached: z.boolean().nullable().describe('Whether the state was reached; null: not waited for, or not to be told'),
    escalated: z.boolean().describe('Whether it was turned off, as it did not shut down by itself'),
    operation_id: z.uuid(),
  }),
  lastsMs: (input) => waitMs(input) ?? 0,

  async run({ id, input, device: { power }, signal, remark }) {
    const { target, escalate_after_seconds: escalateSeconds } = input;
    const before = await power.get({ signal });
    await power.set(target, { signal });
    const answer = { target, before, operation_id: id };
    const forMs = waitMs(input);
    if (forMs === null) return { ...answer, after: null, reached: null, escalated: false };
    const waited = await awaitPower({
      power,
      action: target,
      before,
      waitMs: forMs,
      escalateMs: escalateSeconds === undefined ? null : escalateSeconds * 1000,
      onEscalate: () => remark(`not off ${escalateSeconds ?? 0} s after soft-off: off was sent`),
      signal,
    });
    return { ...answer, ...waited };
  },
});

interface Patience {
  readonly wait_seconds?: number | undefined;
  readonly escalate_after_seconds?: number | undefined;
}

/** Milliseconds to wait; null: not at all. Who escalates waits, whether he says so or not. */
const waitMs = ({ wait_seconds: wait, escalate_after_seconds: escalate }: Patience): number | null => {
  const seconds = wait ?? (escalate === undefined ? null : escalate + forcedSeconds);
  return seconds === null ? null : seconds * 1000;
};
