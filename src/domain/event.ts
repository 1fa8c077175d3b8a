import { z } from 'zod';
import { controllerHealths } from './controller.ts';
import { logEntry, logNames } from './event-log.ts';
import { granteeKind, grantKind } from './grant.ts';
import type { Permission } from './policy.ts';
import { powerState } from './power.ts';

/** What an event happened to, which decides who is told of it. */
type EventOn = 'machine' | 'controller' | 'grant' | 'operation';

interface EventType {
  /** For users: what happened, and when it is told. */
  readonly summary: string;
  readonly on: EventOn;
  /** What one must be permitted on that, to be told. */
  readonly permission: Permission;
  readonly data: z.ZodObject;
}

const project = { project_id: z.string().nullable().describe('Whose it was then; null: the operator’s') };
const person = z.object({ id: z.string(), name: z.string() });
const ofMachine = { ...project, machine: z.object({ id: z.uuid(), name: z.string() }) };
const ofController = { ...project, controller: z.object({ id: z.uuid() }) };
const grant = z.object({
  id: z.uuid(),
  kind: grantKind,
  machine_id: z.uuid().nullable(),
  tags: z.array(z.string()),
  permissions: z.array(z.string()),
  grantee: z.object({ kind: granteeKind, id: z.string() }),
  granted_by: person,
  from: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
  reason: z.string(),
});
const ofGrant = { on: 'grant', permission: 'oob:grant:get', data: z.object({ ...project, grant }) } as const;

/** Every kind of event, in one table: what is written by the triggers of the database, read, filtered, sent and documented. */
export const eventTypes = {
  'igor.power.changed': {
    summary: 'A machine was seen in another power state than before, whoever changed it',
    on: 'machine',
    permission: 'oob:power:get',
    data: z.object({
      ...ofMachine,
      before: powerState,
      state: powerState,
      observed_at: z.iso.datetime().nullable(),
    }),
  },
  'igor.health.changed': {
    summary: 'Igor fares otherwise with the controller that carries a machine’s power, or with one that carries none',
    on: 'machine',
    permission: 'oob:machine:get',
    data: z.object({
      ...project,
      machine: ofMachine.machine.optional(),
      controller: ofController.controller.optional(),
      before: z.enum(controllerHealths),
      health: z.enum(controllerHealths),
    }),
  },
  'igor.event-log.added': {
    summary: 'A machine’s event log has a new entry',
    on: 'machine',
    permission: 'oob:event-log-entry:list',
    data: z.object({ ...ofMachine, log: z.enum(logNames), entry: logEntry }),
  },
  'igor.event-log.skipped': {
    summary: 'So many entries came to a machine’s event log that only the newest are told, or older ones are gone',
    on: 'machine',
    permission: 'oob:event-log-entry:list',
    data: z.object({
      ...ofMachine,
      log: z.enum(logNames),
      skipped: z.int().nullable().describe('How many are not told; null: unknown'),
    }),
  },
  'igor.grant.created': { summary: 'Somebody was granted or lent something', ...ofGrant },
  'igor.grant.requested': {
    summary: 'Somebody asks for a break-glass grant, which waits for a second person',
    ...ofGrant,
  },
  'igor.grant.approved': { summary: 'A break-glass grant was approved, and is in force', ...ofGrant },
  'igor.grant.changed': { summary: 'What a grant allows was changed, or until when, or at which hours', ...ofGrant },
  'igor.grant.revoked': { summary: 'A grant was revoked', ...ofGrant },
  'igor.grant.ended': { summary: 'A grant is over by its own terms, or lapsed without an approval', ...ofGrant },
  'igor.operation.changed': {
    summary: 'An operation on a set of machines was queued, began, or ended one way or another',
    on: 'operation',
    permission: 'oob:operation:get',
    data: z.object({
      ...project,
      operation: z.object({
        id: z.uuid(),
        kind: z.string(),
        state: z.string(),
        targets: z.string().describe('Their names, folded into ranges'),
        total: z.int(),
        counts: z.object({
          queued: z.int(),
          running: z.int(),
          succeeded: z.int(),
          failed: z.int(),
          cancelled: z.int(),
          unknown: z.int(),
        }),
        user: person,
      }),
    }),
  },
  'igor.session.evicted': {
    summary: 'Somebody ended a login at a controller',
    on: 'controller',
    permission: 'oob:session:list',
    data: z.object({ ...ofController, session: z.string().nullable(), by: person }),
  },
} as const satisfies Record<`igor.${string}.${string}`, EventType>;
export type EventTypeName = keyof typeof eventTypes;
export const eventTypeNames = Object.keys(eventTypes) as readonly EventTypeName[]; // the keys of the table above

/** What is told of the telling itself, beside what happened. */
const told = {
  'igor.events.lost': {
    summary: 'What came after the id that was to be resumed from is not kept any more; the stream goes on with what is',
    data: z.object({ after: z.string() }),
  },
  'igor.subscription.pinged': {
    summary: 'Somebody tries whether the receiver of a subscription hears',
    data: z.object({ project_id: z.string(), subscription_id: z.uuid(), by: person }),
  },
} as const;

const envelope = {
  specversion: z.literal('1.0'),
  id: z.string().describe('The same event has the same id wherever, and however often, it is told'),
  source: z.string().describe('Of this Igor: its public address'),
  subject: z.string().describe('What it happened to: machines/{id}, controllers/{id}, grants/{id}, operations/{id}'),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
};

const shapes = Object.entries({ ...eventTypes, ...told }).map(([type, { data, summary }]) =>
  z.object({ ...envelope, type: z.literal(type).describe(summary), data }),
);

/** An event on the wire: CloudEvents 1.0 in JSON. What it does not declare never leaves. */
export const cloudEvent = z.discriminatedUnion('type', shapes as [(typeof shapes)[0], ...typeof shapes]).meta({
  id: 'CloudEvent',
}); // one a type, and there are some
export type CloudEvent = z.output<typeof cloudEvent>;

/** An event as it is kept. */
export interface Happened {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly at: Date;
  readonly data: unknown;
}

/** Null: of a type, or of a shape, that this release does not know. */
export const toCloudEvent = ({ id, type, subject, at, data }: Happened, source: string): CloudEvent | null => {
  const event = { specversion: '1.0', id, source, type, subject, time: at.toISOString() };
  return cloudEvent.safeParse({ ...event, datacontenttype: 'application/json', data }).data ?? null;
};

/** `igor.power.changed`, or all of a thing: `igor.grant.*`. */
export const typePattern = z
  .string()
  .max(64)
  .refine((text) => typesLike(text).length > 0, `must be one of ${eventTypeNames.join(', ')}, or such as igor.grant.*`);

const typesLike = (pattern: string): readonly EventTypeName[] =>
  pattern.endsWith('.*')
    ? eventTypeNames.filter((type) => type.startsWith(pattern.slice(0, -1)))
    : eventTypeNames.filter((type) => type === pattern);

/** Whether a type is among those that were asked for; without any, all are. */
export const isAmong = (type: string, patterns: readonly string[]): boolean =>
  patterns.length === 0 || patterns.some((pattern) => typesLike(pattern).some((like) => like === type));
