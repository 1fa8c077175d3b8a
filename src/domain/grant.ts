import { DateTime } from 'luxon';
import { z } from 'zod';
import { link } from './link.ts';
import type { Permission } from './policy.ts';

/**
 * `grant`: permissions that somebody is given for a time. `loan`: those that a lessee, a second project, has on one machine.
 * `break-glass`: those that somebody asks for himself, in force once a second person approves.
 */
export const grantKind = z.enum(['grant', 'loan', 'break-glass']);
export type GrantKind = z.infer<typeof grantKind>;

export const granteeKind = z.enum(['user', 'group', 'project', 'email']);

/** Who is granted something; an e-mail address is in lower case, and is the one that the user directory has verified. */
export interface Grantee {
  readonly kind: z.infer<typeof granteeKind>;
  readonly id: string;
}

export const weekday = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);

/** Hours of some days of every week, on the clock of the grant's time zone. One that ends before it begins passes midnight. */
export interface Hours {
  readonly days: readonly z.infer<typeof weekday>[];
  /** `HH:MM`. */
  readonly from: string;
  readonly until: string;
}

export interface Person {
  readonly id: string;
  readonly name: string;
}

/** Permissions on one machine, or on those of a project that carry each of some tags, other than by role. */
export interface Grant {
  readonly id: string;
  readonly kind: GrantKind;
  /** The project that owns what is granted; a machine that goes to another leaves its grants behind. */
  readonly projectId: string;
  readonly machineId: string | null;
  /** Each of them must be there; empty when one machine is meant. */
  readonly tags: readonly string[];
  readonly permissions: readonly Permission[];
  readonly grantee: Grantee;
  readonly from: Date;
  /** Null: until it is revoked. */
  readonly until: Date | null;
  /** IANA name. */
  readonly timeZone: string;
  /** Empty: at all hours. */
  readonly hours: readonly Hours[];
  readonly reason: string;
  readonly grantedBy: Person;
  /** Of a break-glass grant: by when it must be approved, and for how many minutes it then holds. */
  readonly approveBy: Date | null;
  readonly minutes: number | null;
  readonly approvedBy: Person | null;
  readonly revokedAt: Date | null;
  readonly revision: number;
  readonly createdAt: Date;
}

const grantState = z.enum(['requested', 'lapsed', 'pending', 'active', 'resting', 'ended', 'revoked']);
export type GrantState = z.infer<typeof grantState>;

/** What becomes of a grant at an instant; only an `active` one opens anything. */
export const stateAt = (grant: Grant, now: Date): GrantState => {
  if (grant.revokedAt !== null) return 'revoked';
  if (grant.kind === 'break-glass' && grant.approvedBy === null)
    return grant.approveBy !== null && grant.approveBy > now ? 'requested' : 'lapsed';
  if (grant.until !== null && grant.until <= now) return 'ended';
  if (grant.from > now) return 'pending';
  return grant.hours.length === 0 || isWithin(grant.hours, grant.timeZone, now) ? 'active' : 'resting';
};

/** Whether it is one of the hours, on the clock of the zone. */
export const isWithin = (hours: readonly Hours[], timeZone: string, now: Date): boolean => {
  const local = DateTime.fromJSDate(now, { zone: timeZone });
  const clock = local.toFormat('HH:mm');
  const today = weekday.options[local.weekday - 1];
  const yesterday = weekday.options[(local.weekday + 5) % 7];
  return hours.some(({ days, from, until }) => {
    const on = (day: typeof today): boolean => day !== undefined && days.includes(day);
    if (from < until) return on(today) && clock >= from && clock < until;
    return (on(today) && clock >= from) || (on(yesterday) && clock < until);
  });
};

/** An instant as somebody writes it: with an offset, or as the clock of the zone shows it. Null: it is neither, or never shown. */
export const instantIn = (text: string, timeZone: string): Date | null => {
  const read = DateTime.fromISO(text, { zone: timeZone });
  // A clock that is put forward never shows some times; read and written again, such a time has moved.
  const hasOffset = /(Z|[+-]\d\d:?\d\d)$/i.test(text);
  if (!read.isValid || (!hasOffset && !read.toISO().startsWith(text.slice(0, 16)))) return null;
  return read.toJSDate();
};

export const isTimeZone = (name: string): boolean => DateTime.local({ zone: name }).isValid;

/** Whether a machine is among those that a grant is about. */
export const covers = (
  grant: Pick<Grant, 'projectId' | 'machineId' | 'tags'>,
  machine: { readonly id: string; readonly projectId: string; readonly tags: readonly string[] },
): boolean =>
  grant.projectId === machine.projectId &&
  (grant.machineId === null ? grant.tags.every((tag) => machine.tags.includes(tag)) : grant.machineId === machine.id);

const person = z.object({ id: z.string(), name: z.string() });

/** A grant on the wire. */
export const grantBody = z
  .object({
    id: z.uuid(),
    kind: grantKind,
    state: grantState.describe('Only an active one opens anything; a resting one is outside its hours'),
    project_id: z.string().describe('The project that owns what is granted'),
    machine_id: z.uuid().nullable(),
    tags: z.array(z.string()).describe('Machines of the project that carry each of them, when no machine is named'),
    permissions: z.array(z.string()),
    grantee: z.object({ kind: granteeKind, id: z.string() }),
    from: z.iso.datetime(),
    until: z.iso.datetime().nullable(),
    time_zone: z.string(),
    hours: z.array(z.object({ days: z.array(weekday), from: z.string(), until: z.string() })),
    reason: z.string(),
    granted_by: person,
    approve_by: z.iso.datetime().nullable().describe('Of a break-glass grant: when it lapses unless it is approved'),
    approved_by: person.nullable(),
    revoked_at: z.iso.datetime().nullable(),
    revision: z.int(),
    created_at: z.iso.datetime(),
    links: z.array(link),
  })
  .meta({ id: 'Grant' });

export const grantToWire = (grant: Grant, now: Date, href: (path: string) => string): z.input<typeof grantBody> => ({
  id: grant.id,
  kind: grant.kind,
  state: stateAt(grant, now),
  project_id: grant.projectId,
  machine_id: grant.machineId,
  tags: [...grant.tags],
  permissions: [...grant.permissions],
  grantee: grant.grantee,
  from: grant.from.toISOString(),
  until: grant.until?.toISOString() ?? null,
  time_zone: grant.timeZone,
  hours: grant.hours.map(({ days, from, until }) => ({ days: [...days], from, until })),
  reason: grant.reason,
  granted_by: grant.grantedBy,
  approve_by: grant.approveBy?.toISOString() ?? null,
  approved_by: grant.approvedBy,
  revoked_at: grant.revokedAt?.toISOString() ?? null,
  revision: grant.revision,
  created_at: grant.createdAt.toISOString(),
  links: [{ rel: 'self', href: href(`/v1/grants/${grant.id}`) }],
});
