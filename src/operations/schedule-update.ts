import { z } from 'zod';
import { decode } from '../core/decode.ts';
import { operation } from '../core/operation.ts';
import { scheduledOperation, scheduleFields, timingOf, type ScheduledOperation } from '../core/schedules/input.ts';
import type { Caller } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import { mergePatch } from '../domain/merge-patch.ts';
import { nextRun, trustEnd, type Schedule } from '../domain/schedule.ts';
import { scheduleBody, scheduleToWire } from '../domain/schedule-wire.ts';

const change = z
  .strictObject({
    name: scheduleFields.name,
    at: scheduleFields.at.nullable(),
    cron: scheduleFields.cron.nullable(),
    timezone: scheduleFields.timezone,
    missed: scheduleFields.missed,
    ends_at: scheduleFields.ends_at.nullable(),
    enabled: scheduleFields.enabled,
    operation: z.record(z.string().max(64), z.json()).describe('What changes of what it does'),
  })
  .partial();
type Change = z.output<typeof change>;

/** What it does and when is changed by him in whose name it runs; others may stop it. */
export const scheduleUpdate = operation({
  on: 'schedule',
  name: 'schedule.update',
  summary: 'Change a schedule, disable or enable it',
  method: 'patch',
  path: '/schedules/{schedule}',
  permission: 'oob:schedule:update',
  effect: 'change',
  uses: ['schedules', 'mandates'],
  input: z.strictObject({ schedule: change, plan: scheduleFields.plan.optional() }),
  output: z.object({ schedule: scheduleBody }),
  faults: [
    ...(['ambiguous', 'conflict', 'controller-unsupported', 'plan-required', 'plan-outdated'] as const),
    ...(['trust-ended', 'misconfigured'] as const),
  ],
  answer: ({ schedule: { revision } }) => ({ revision }),

  async run({ caller, schedule, input, schedules, mandates, href, revision, signal }) {
    const { schedule: given, plan: seen = null } = input;
    mustBeHis(schedule, caller, { ...given, ...(seen !== null && { operation: {} }) });
    const plain = {
      ...(given.name !== undefined && { name: given.name }),
      ...(given.missed !== undefined && { missed: given.missed }),
      ...(given.enabled === false && { enabled: false, nextRunAt: null }),
    };
    if (seen === null && !needsMandate(given)) {
      const changed = await schedules.update(schedule.id, plain, revision);
      return { schedule: scheduleToWire(changed, href) };
    }

    const now = new Date();
    const timing = timingOf(
      {
        at: given.at === undefined ? (schedule.at?.toISOString() ?? null) : given.at,
        cron: given.cron === undefined ? schedule.cron : given.cron,
        ends_at: given.ends_at === undefined ? (schedule.endsAt?.toISOString() ?? null) : given.ends_at,
      },
      given.timezone ?? schedule.timeZone,
      now,
    );
    const isSame = given.operation === undefined && seen === null;
    const merged = mergePatch(schedule.operation, given.operation ?? {});
    const wish = decode(scheduledOperation, merged) as ScheduledOperation;
    const terms = { seen, agreed: isSame ? schedule.targets : null, expiresAt: trustEnd(timing) };
    const { trustId, roles, targets } = await mandates.make(caller, wish, terms, signal);
    const enabled = given.enabled ?? schedule.enabled;
    try {
      const changed = await schedules.update(
        schedule.id,
        {
          ...plain,
          ...timing,
          enabled,
          ...(enabled && { disabledReason: null }),
          operation: wish,
          kind: wish.kind,
          targets: isSame ? schedule.targets : targets,
          trustId,
          roles,
          failures: 0,
          nextRunAt: enabled ? nextRun(timing, now) : null,
        },
        revision,
      );
      await mandates.end(schedule.trustId, caller, signal);
      return { schedule: scheduleToWire(changed, href) };
    } catch (thrown) {
      await mandates.end(trustId, caller, signal);
      throw thrown;
    }
  },
});

/** Whoever could say what is done in another's name would have his rights. Faults: `forbidden`. */
const mustBeHis = (schedule: Schedule, { identity }: Caller, given: Change): void => {
  const isStop = Object.keys(given).every((key) => key === 'enabled') && given.enabled !== true;
  if (isStop) return;
  if (identity.userId !== schedule.userId)
    throw new Fault(
      'forbidden',
      `it acts in the name of ${schedule.userName}: others may disable or delete it, no more`,
    );
  if (identity.projectId !== schedule.projectId)
    throw new Fault('forbidden', 'it acts in another project: sign in to that one');
};

/** Whoever says anew what is done, or when, hands on his rights anew: so they are never those of another token. */
const needsMandate = ({ at, cron, timezone, ends_at: endsAt, enabled, operation: what }: Change): boolean =>
  [at, cron, timezone, endsAt, what].some((member) => member !== undefined) || enabled === true;
