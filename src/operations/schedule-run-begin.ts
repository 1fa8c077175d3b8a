import { z } from 'zod';
import { decode } from '../core/decode.ts';
import { step } from '../core/operation.ts';
import { scheduledOperation, type ScheduledOperation } from '../core/schedules/input.ts';
import { mostGrowth } from '../core/schedules/mandates.ts';
import { Fault } from '../domain/fault.ts';

/** One run of a schedule: its operation, made once, however often this is tried and wherever it was left off. */
export const scheduleRunBegin = step({
  on: 'schedule',
  name: 'schedule-run.begin',
  summary: 'Begin what a schedule does',
  permission: 'oob:schedule-run:create',
  effect: 'change',
  uses: ['schedules', 'fleet'],
  input: z.strictObject({ run_id: z.uuid(), due_at: z.iso.datetime() }),
  output: z.object({ operation_id: z.uuid() }),

  async run({ schedule, input, caller, schedules, fleet }) {
    // The space keeps it apart from the keys that clients send.
    const key = `schedule-run ${input.run_id}`;
    const made = async (): Promise<string | null> => schedules.operationOf(schedule, key);
    const before = await made();
    if (before !== null) return { operation_id: before };
    const wish = decode(scheduledOperation, schedule.operation) as ScheduledOperation;
    const plan = await fleet.plan(caller, wish);
    if (plan.needsConsent && plan.targets.length > schedule.targets * mostGrowth)
      throw new Fault(
        'plan-required',
        `it would be done to ${plan.targets.length} targets, more than twice the ${schedule.targets} that ${schedule.userName} agreed to: he has to agree to its plan anew`,
      );
    try {
      const set = await fleet.create(caller, wish, {
        seen: plan.hash,
        idempotencyKey: key,
        retryOf: null,
        scheduleId: schedule.id,
      });
      return { operation_id: set.id };
    } catch (thrown) {
      // Another try has made it meanwhile, of what the selection was then.
      const meanwhile = thrown instanceof Fault && thrown.code === 'conflict' ? await made() : null;
      if (meanwhile === null) throw thrown;
      return { operation_id: meanwhile };
    }
  },
});
