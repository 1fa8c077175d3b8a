import { z } from 'zod';
import { link } from './link.ts';
import { setState } from './operation-set.ts';
import { missedRule, runState, type Schedule, type ScheduleRun } from './schedule.ts';

type Href = (path: string) => string;

/** A run on the wire. */
export const runBody = z
  .object({
    id: z.uuid(),
    schedule_id: z.uuid(),
    at: z.iso.datetime().describe('When it was due, or asked for'),
    state: runState.describe('started: its operation is there; skipped: its time was missed, and is not made up for'),
    requested_by: z.string().nullable().describe('Id of the user who asked for it; null: it was due'),
    missed_since: z.iso
      .datetime()
      .nullable()
      .describe('From then on runs were missed for which this one stands; null: none were'),
    operation_id: z.uuid().nullable().describe('What it began'),
    operation_state: setState.nullable().describe('As the operation stands; null: there is none any more'),
    fault: z.object({ code: z.string(), detail: z.string().nullable() }).nullable().describe('Why it failed'),
    ended_at: z.iso.datetime().nullable().describe('When it was begun, or given up'),
    links: z.array(link),
  })
  .meta({ id: 'ScheduleRun' });

export const runToWire = (run: ScheduleRun, href: Href): z.input<typeof runBody> => ({
  id: run.id,
  schedule_id: run.scheduleId,
  at: run.dueAt.toISOString(),
  state: run.state,
  requested_by: run.requestedBy,
  missed_since: run.missedSince?.toISOString() ?? null,
  operation_id: run.operationId,
  operation_state: run.operationState,
  fault: run.fault,
  ended_at: run.endedAt?.toISOString() ?? null,
  links: run.operationId === null ? [] : [{ rel: 'operation', href: href(`/v1/operations/${run.operationId}`) }],
});

/** A schedule on the wire. */
export const scheduleBody = z
  .object({
    id: z.uuid(),
    name: z.string(),
    project_id: z.string(),
    user_id: z.string().describe('In whose name it runs, with his rights as they are then'),
    user_name: z.string(),
    roles: z.array(z.string()).describe('Which he has handed on: it runs while he has each of them'),
    enabled: z.boolean(),
    disabled_reason: z.string().nullable().describe('Why Igor has disabled it; null: it has not'),
    at: z.iso.datetime().nullable().describe('When it runs, if once'),
    cron: z.string().nullable().describe('When it runs, if again and again'),
    timezone: z.string().describe('Whose clock the cron expression goes by'),
    missed: missedRule.describe('What becomes of a run whose time passed while nobody could begin it'),
    operation: z
      .object({
        kind: z.string(),
        targets: z.record(z.string(), z.unknown()).describe('Looked up anew at each run'),
        parameters: z.record(z.string(), z.unknown()),
        strategy: z.record(z.string(), z.unknown()),
        deadline_seconds: z.int(),
        reason: z.string().optional(),
      })
      .describe('What it does, as POST /v1/operations takes it'),
    agreed_targets: z.int().describe('Targets when its user last agreed to it; a run may have twice as many'),
    failures: z.int().describe('Runs in a row that failed because the trust did not hold'),
    next_run_at: z.iso.datetime().nullable().describe('Null: it is over, or disabled'),
    last_run: runBody.nullable(),
    ends_at: z.iso.datetime().nullable().describe('It does not run after that'),
    revision: z.int(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    links: z.array(link),
  })
  .meta({ id: 'Schedule' });

type Wire = z.input<typeof scheduleBody>;

export const scheduleToWire = (schedule: Schedule, href: Href): Wire => ({
  id: schedule.id,
  name: schedule.name,
  project_id: schedule.projectId,
  user_id: schedule.userId,
  user_name: schedule.userName,
  roles: [...schedule.roles],
  enabled: schedule.enabled,
  disabled_reason: schedule.disabledReason,
  at: schedule.at?.toISOString() ?? null,
  cron: schedule.cron,
  timezone: schedule.timeZone,
  missed: schedule.missed,
  operation: schedule.operation as Wire['operation'], // as it was accepted
  agreed_targets: schedule.targets,
  failures: schedule.failures,
  next_run_at: schedule.nextRunAt?.toISOString() ?? null,
  last_run: schedule.lastRun && runToWire(schedule.lastRun, href),
  ends_at: schedule.endsAt?.toISOString() ?? null,
  revision: schedule.revision,
  created_at: schedule.createdAt.toISOString(),
  updated_at: schedule.updatedAt.toISOString(),
  links: [
    { rel: 'self', href: href(`/v1/schedules/${schedule.id}`) },
    { rel: 'runs', href: href(`/v1/schedules/${schedule.id}/runs`) },
  ],
});
