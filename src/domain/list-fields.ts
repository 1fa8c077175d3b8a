import { controllerHealths } from './controller.ts';
import { outcome, recordKind } from './journal.ts';
import type { Fields } from './list-query.ts';
import { setState } from './operation-set.ts';
import { powerState } from './power.ts';

/** What lists of machines can be filtered and sorted by. */
export const machineFields = {
  id: { holds: 'id', about: 'Its id' },
  name: { holds: 'name', about: 'Its name, in any case' },
  project_id: { holds: 'text', about: 'The project that owns it' },
  description: { holds: 'text', about: 'Its description' },
  maintenance: { holds: 'boolean', about: 'Whether it is in maintenance' },
  power_state: { holds: 'choice', choices: powerState.options, about: 'Its power, as last seen' },
  health: { holds: 'choice', choices: controllerHealths, about: 'Of the controller that carries its power' },
  observed_at: { holds: 'time', nullable: true, about: 'When its power was last seen' },
  created_at: { holds: 'time', about: 'When it was enrolled' },
  updated_at: { holds: 'time', about: 'When its configuration was last changed' },
} as const satisfies Fields;
export type MachineField = keyof typeof machineFields;

/** Likewise of controllers. */
export const controllerFields = {
  id: { holds: 'id', about: 'Its id' },
  project_id: { holds: 'text', nullable: true, about: 'The project that it belongs to' },
  driver: { holds: 'text', about: 'What speaks to it' },
  address: { holds: 'name', about: 'IP address or host name, in any case' },
  port: { holds: 'integer', about: 'Its port' },
  username: { holds: 'text', about: 'Of the account that Igor logs in with' },
  health: { holds: 'choice', choices: controllerHealths, about: 'How the last conversation with it went' },
  created_at: { holds: 'time', about: 'When it was enrolled' },
  updated_at: { holds: 'time', about: 'When its configuration was last changed' },
} as const satisfies Fields;
export type ControllerField = keyof typeof controllerFields;

/** Likewise of saved selectors. */
export const selectorFields = {
  id: { holds: 'id', about: 'Its id' },
  name: { holds: 'name', about: 'Its name, in any case' },
  project_id: { holds: 'text', about: 'The project that keeps it' },
  description: { holds: 'text', about: 'Its description' },
  created_at: { holds: 'time', about: 'When it was saved' },
  updated_at: { holds: 'time', about: 'When it was last changed' },
} as const satisfies Fields;
export type SelectorField = keyof typeof selectorFields;

/** Likewise of the journal, which is sorted by time alone. */
export const recordFields = {
  operation_id: { holds: 'id', about: 'The act, of which intent and outcome are two records' },
  kind: { holds: 'choice', choices: recordKind.options, about: 'What is told of the act' },
  at: { holds: 'time', about: 'When it was recorded' },
  operation: { holds: 'text', about: 'A name such as power.set' },
  effect: { holds: 'choice', choices: ['read', 'reveal', 'change', 'disrupt'], about: 'What the operation does' },
  permission: { holds: 'text', about: 'What was asked for, such as oob:power:set' },
  user_id: { holds: 'text', about: 'Who asked' },
  project_id: { holds: 'text', nullable: true, about: 'As which project it was asked' },
  address: { holds: 'text', nullable: true, about: 'Where the request came from' },
  decided_by: { holds: 'text', nullable: true, about: 'The rule, grant or loan that permitted or refused it' },
  target_id: { holds: 'text', nullable: true, about: 'Of what it was asked' },
  request_id: { holds: 'text', about: 'Of the request' },
  global_request_id: { holds: 'text', nullable: true, about: 'Of the chain that the request was part of' },
  outcome: { holds: 'choice', choices: outcome.options, nullable: true, about: 'What became of it' },
  code: { holds: 'text', nullable: true, about: 'Of the fault' },
} as const satisfies Fields;
export type RecordField = keyof typeof recordFields;

/** Likewise of operations on sets. */
export const setFields = {
  id: { holds: 'id', about: 'Its id' },
  kind: { holds: 'text', about: 'What is done to each, such as power.set' },
  state: { holds: 'choice', choices: setState.options, about: 'What became of it' },
  user_id: { holds: 'text', about: 'Who asked' },
  project_id: { holds: 'text', nullable: true, about: 'The project of all its targets' },
  schedule_id: { holds: 'id', nullable: true, about: 'The schedule that began it' },
  retry_of: { holds: 'id', nullable: true, about: 'The operation whose targets it tries again' },
  created_at: { holds: 'time', about: 'When it was asked for' },
  ended_at: { holds: 'time', nullable: true, about: 'When its last target ended' },
} as const satisfies Fields;
export type SetField = keyof typeof setFields;

/** Likewise of schedules. */
export const scheduleFields = {
  id: { holds: 'id', about: 'Its id' },
  name: { holds: 'name', about: 'Its name, in any case' },
  project_id: { holds: 'text', about: 'The project that it acts in' },
  user_id: { holds: 'text', about: 'In whose name it runs' },
  kind: { holds: 'text', about: 'What it does, such as power.set' },
  enabled: { holds: 'boolean', about: 'Whether it runs' },
  next_run_at: { holds: 'time', nullable: true, about: 'When it runs next' },
  created_at: { holds: 'time', about: 'When it was made' },
  updated_at: { holds: 'time', about: 'When it was last changed' },
} as const satisfies Fields;
export type ScheduleField = keyof typeof scheduleFields;
