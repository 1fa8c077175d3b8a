import { z } from 'zod';
import { cronExpression, timeZone } from '../../domain/cron.ts';
import { instantIn } from '../../domain/grant.ts';
import { Fault } from '../../domain/fault.ts';
import { missedRule, nextRun, type Timing } from '../../domain/schedule.ts';
import { setInput } from '../../domain/set-wish.ts';
import { noSecrets } from './mandates.ts';

/** Names under which nothing but a secret stands: it is refused before anything of it is written down. */
const secretNames = /pass(word|phrase)|secret|community|private|credential|token/i;

const namesSecret = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([name, member]) => (secretNames.test(name) && member !== null) || namesSecret(member));

/** What a schedule does, as POST /v1/operations takes it. */
export const scheduledOperation = z.strictObject({
  ...setInput,
  parameters: setInput.parameters.refine((given) => !namesSecret(given), noSecrets),
});
export type ScheduledOperation = z.output<typeof scheduledOperation>;

const time = z.string().max(40);

export const scheduleFields = {
  name: z
    .string()
    .max(64)
    .regex(
      /^(?![0-9a-fA-F]{8}-)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/,
      'must be letters, digits, and ._- between them',
    )
    .describe('Of the project, in any case'),
  at: time.describe('When it runs once: ISO 8601, on the clock of the time zone unless it has an offset'),
  cron: cronExpression.describe(
    'When it runs again and again: five fields as crontab has them, or a name such as @daily',
  ),
  timezone: timeZone,
  missed: missedRule.describe(
    'What becomes of a run whose time passed while nobody could begin it: it runs once, late; or not',
  ),
  ends_at: time.describe('It does not run after that; ISO 8601 as above'),
  enabled: z.boolean().describe('Whether it runs'),
  plan: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the hash of a plan')
    .describe('The hash of the plan that you have seen, where so many are changed only by one'),
};

const mostYears = 10;

/** When it runs, of texts. Faults: `invalid-input`, naming the field. */
export const timingOf = (
  given: { readonly at: string | null; readonly cron: string | null; readonly ends_at: string | null },
  zone: string,
  now: Date,
): Timing => {
  if ((given.at === null) === (given.cron === null))
    throw new Fault('invalid-input', 'schedule: must have at or cron, and not both');
  const instant = (text: string | null, field: string): Date | null => {
    if (text === null) return null;
    const read = instantIn(text, zone);
    if (read === null) throw new Fault('invalid-input', `schedule.${field}: is no instant in ${zone}`);
    if (read <= now) throw new Fault('invalid-input', `schedule.${field}: is over`);
    if (read.getTime() - now.getTime() > mostYears * 366 * 86_400_000)
      throw new Fault('invalid-input', `schedule.${field}: must be within ${mostYears} years`);
    return read;
  };
  const timing = {
    at: instant(given.at, 'at'),
    cron: given.cron,
    timeZone: zone,
    endsAt: instant(given.ends_at, 'ends_at'),
  };
  if (nextRun(timing, now) === null) throw new Fault('invalid-input', 'schedule.ends_at: comes before it runs');
  return timing;
};
