import { z } from 'zod';
import { setOrder } from './operation-set.ts';
import { selectionInput } from './selection/wanted.ts';

/** Targets of one set. */
export const mostAtOnce = 10_000;
const mostDeadlineS = 7 * 86_400;

/** What is asked for, when something is to be done to a set. */
export const setInput = {
  kind: z
    .string()
    .max(64)
    .describe('What is done to each: the name of an operation on machines or controllers, such as power.set'),
  targets: selectionInput.describe('To which machines'),
  parameters: z.record(z.string().max(64), z.json()).default({}).describe('What the operation takes for one'),
  strategy: z
    .strictObject({
      max_parallel: z.int().min(1).max(mostAtOnce).optional().describe('Targets at a time'),
      stagger_ms: z.int().min(0).max(600_000).optional().describe('Milliseconds between the starts of two targets'),
      stop_after_failures: z
        .int()
        .min(1)
        .max(mostAtOnce)
        .optional()
        .describe('After so many failures nothing more is begun'),
      order: setOrder.default('auto').describe('Whether a chassis comes before its blades, or after them'),
    })
    .prefault({})
    .describe('At what pace'),
  deadline_seconds: z.int().min(1).max(mostDeadlineS).default(3600).describe('What has not begun by then is cancelled'),
  reason: z.string().min(1).max(1000).optional().describe('For the record'),
};
export type SetWish = z.output<z.ZodObject<typeof setInput>>;
