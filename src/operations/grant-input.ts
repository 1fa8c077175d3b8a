import { z } from 'zod';
import type { Caller } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import { instantIn, isTimeZone, weekday, type Grantee } from '../domain/grant.ts';
import { projectId } from '../domain/host-name.ts';
import { alwaysGranted, grantable, ownedBy, type Permission, type Policy } from '../domain/policy.ts';
import type { Groups } from '../ports/services.ts';

/** Longer than that nobody remembers why. */
const mostDays = 366;
const msOfDay = 86_400_000;

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day as HH:MM');

export const grantedPermissions = z
  .array(z.enum(grantable))
  .min(1)
  .max(grantable.length)
  .describe('What may be done; seeing the machine always comes with it');

export const reason = z.string().trim().min(3).max(1000).describe('Why, for who reads the journal');

export const grantFields = {
  permissions: grantedPermissions,
  grantee: z
    .strictObject({
      user_id: z.string().min(1).max(64).optional(),
      group_id: z.string().min(1).max(64).optional(),
      project_id: projectId.optional(),
      email: z.email().max(254).optional().describe('As the user directory has verified it'),
    })
    .refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, {
      message: 'must name one of user_id, group_id, project_id, email',
    }),
  from: z.string().max(40).describe('ISO 8601, on the clock of time_zone unless it has an offset; now, if absent'),
  until: z.string().max(40).describe(`Likewise; at most ${mostDays} days later`),
  time_zone: z.string().max(64).refine(isTimeZone, 'must be an IANA time zone').describe('Such as Europe/Oslo'),
  hours: z
    .array(
      z
        .strictObject({ days: z.array(weekday).min(1).max(7), from: clock, until: clock })
        .refine(({ from, until }) => from !== until, 'must not begin when it ends'),
    )
    .max(21)
    .describe('Hours of every week to which it is limited; one that ends before it begins passes midnight'),
  reason,
};

/** Faults: `invalid-input`, naming the field. */
export const instant = (text: string, timeZone: string, field: string): Date => {
  const read = instantIn(text, timeZone);
  if (read === null) throw new Fault('invalid-input', `grant.${field}: is no instant in ${timeZone}`);
  return read;
};

/** Faults: `invalid-input` for a span that is over, is none, or is too long. */
export const mustBeSpan = (from: Date, until: Date): void => {
  if (until <= from || until <= new Date())
    throw new Fault('invalid-input', 'grant.until: must come after from and now');
  if (until.getTime() - from.getTime() > mostDays * msOfDay)
    throw new Fault('invalid-input', `grant.until: must be within ${mostDays} days of from`);
};

export const granteeOf = (given: z.output<(typeof grantFields)['grantee']>): Grantee => {
  if (given.user_id !== undefined) return { kind: 'user', id: given.user_id };
  if (given.group_id !== undefined) return { kind: 'group', id: given.group_id };
  if (given.project_id !== undefined) return { kind: 'project', id: given.project_id };
  return { kind: 'email', id: (given.email ?? '').toLowerCase() };
};

export const withAlways = (permissions: readonly Permission[]): readonly Permission[] => [
  ...new Set<Permission>([...alwaysGranted, ...permissions]),
];

/** Nobody gives what he does not hold by a rule; what is granted to him is not his to give. Faults: `forbidden`. */
export const mustHold = (
  rules: Pick<Policy, 'permits'>,
  { identity }: Caller,
  permissions: readonly Permission[],
  ownerId: string,
): void => {
  // Who acts for another by a trust would give that one's rights to himself.
  if (identity.delegation?.kind === 'trust')
    throw new Fault('forbidden', 'a token of a trust gives no permissions to others');
  const lacking = permissions.filter((permission) => !rules.permits(permission, identity, ownedBy(ownerId)));
  if (lacking.length > 0)
    throw new Fault(
      'forbidden',
      `${identity.userName} does not hold ${lacking.join(', ')} there, and so cannot give it`,
    );
};

/** Nobody widens himself, directly or by a group, nor keeps by a grant what he may lose as a role. */
export const mustBeAnother = async (
  { kind, id }: Grantee,
  ownerId: string,
  caller: Caller,
  groups: Groups,
  signal: AbortSignal,
): Promise<void> => {
  const { identity } = caller;
  const refuse = (why: string): never => {
    throw new Fault('forbidden', why);
  };
  if (kind === 'user' && id === identity.userId) refuse('nobody grants to himself');
  if (kind === 'email' && identity.person?.email === id) refuse('nobody grants to himself');
  if (kind === 'project' && id === ownerId) refuse('the project that owns a machine has its permissions by roles');
  if (kind !== 'group') return;
  const own = await groups.of(caller, signal);
  if (own === null) refuse('your groups cannot be known with this token, so you cannot grant to a group');
  if (own?.includes(id) === true) refuse('nobody grants to a group of his own');
};
