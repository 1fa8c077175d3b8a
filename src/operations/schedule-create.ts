import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { scheduledOperation, scheduleFields, timingOf } from '../core/schedules/input.ts';
import { nextRun, trustEnd } from '../domain/schedule.ts';
import { scheduleBody, scheduleToWire } from '../domain/schedule-wire.ts';

export const scheduleCreate = operation({
  on: 'service',
  name: 'schedule.create',
  summary: 'Let an operation be begun in your name, at a time or again and again',
  method: 'post',
  path: '/schedules',
  permission: 'oob:schedule:create',
  effect: 'change',
  uses: ['schedules', 'mandates'],
  input: z.strictObject({
    schedule: z.strictObject({
      name: scheduleFields.name,
      at: scheduleFields.at.optional(),
      cron: scheduleFields.cron.optional(),
      timezone: scheduleFields.timezone.default('UTC'),
      missed: scheduleFields.missed.default('run-once'),
      ends_at: scheduleFields.ends_at.optional(),
      enabled: scheduleFields.enabled.default(true),
      operation: scheduledOperation,
    }),
    plan: scheduleFields.plan.optional(),
  }),
  output: z.object({ schedule: scheduleBody }),
  statuses: [201],
  faults: [
    ...(['not-found', 'ambiguous', 'conflict', 'controller-unsupported', 'plan-required', 'plan-outdated'] as const),
    ...(['trust-ended', 'misconfigured'] as const),
  ],
  answer: ({ schedule: { id, revision } }) => ({ location: `/v1/schedules/${id}`, revision }),

  async run({ caller, input: { schedule: given, plan: seen = null }, schedules, mandates, href, signal }) {
    const { at = null, cron = null, ends_at = null, enabled, timezone, operation: wish } = given;
    const now = new Date();
    const timing = timingOf({ at, cron, ends_at }, timezone, now);
    const expiresAt = trustEnd(timing);
    const { trustId, roles, targets } = await mandates.make(caller, wish, { seen, agreed: null, expiresAt }, signal);
    const { userId, userName, projectId } = caller.identity;
    try {
      const schedule = await schedules.create({
        ...timing,
        name: given.name,
        projectId: projectId ?? '', // without one there is no mandate
        userId,
        userName,
        enabled,
        missed: given.missed,
        operation: wish,
        kind: wish.kind,
        targets,
        trustId,
        roles,
        nextRunAt: enabled ? nextRun(timing, now) : null,
      });
      return { schedule: scheduleToWire(schedule, href) };
    } catch (thrown) {
      await mandates.end(trustId, caller, signal);
      throw thrown;
    }
  },
});
