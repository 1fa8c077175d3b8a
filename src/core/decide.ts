import type { Caller } from '../domain/caller.ts';
import { covers, stateAt, type Grant } from '../domain/grant.ts';
import type { Machine } from '../domain/machine.ts';
import { onMachines, ownTarget, type Decision, type Permission, type Policy } from '../domain/policy.ts';
import { ofMachine, type Subject } from './subject.ts';

/** The rules first; then what is granted or lent, which opens what it names and nothing else. */
export const decide = (policy: Policy, caller: Caller, permission: Permission, subject: Subject): Decision => {
  const ruled = policy.decide(permission, caller.identity, subject.target);
  if (ruled.permitted || caller.grants.length === 0) return ruled;
  const now = new Date();
  const grant = caller.grants.find(
    (candidate) =>
      candidate.permissions.includes(permission === 'oob:operation:create' ? 'oob:machine:list' : permission) &&
      reaches(candidate, permission, subject) &&
      stateAt(candidate, now) === 'active' &&
      isAllowedThere(policy, candidate, permission, caller),
  );
  return grant === undefined ? ruled : { permitted: true, by: `${grant.kind} ${grant.id}` };
};

/** Asked of the service, and then again of each machine that it leads to: for a set, what is done to each. */
const ofMany: ReadonlySet<Permission> = new Set<Permission>([
  'oob:machine:list',
  'oob:execution:create',
  'oob:operation:create',
]);

const reaches = (grant: Grant, permission: Permission, { machine, kind }: Subject): boolean =>
  machine === null ? kind === 'service' && ofMany.has(permission) : covers(grant, machine);

/**
 * What a project is given, its people may do as far as their roles there go; and what a user is given, his application
 * credentials may as far as the roles that he gave them.
 */
const isAllowedThere = (policy: Policy, { grantee }: Grant, permission: Permission, { identity }: Caller): boolean =>
  (grantee.kind !== 'project' && identity.delegation?.kind !== 'application-credential') ||
  policy.permits(permission, identity, ownTarget(identity));

/**
 * What a caller may do to machines, one after the other: decided once for all that the same project owns and the same grants
 * cover.
 */
export const allowedActions = (rules: Policy, caller: Caller): ((machine: Machine) => readonly Permission[]) => {
  const known = new Map<string, readonly Permission[]>();
  return (machine) => {
    const covering = caller.grants.filter((grant) => covers(grant, machine)).map(({ id }) => id);
    const key = [machine.projectDomainId, machine.projectId, ...covering].join(' ');
    const allowed =
      known.get(key) ??
      onMachines.filter((permission) => decide(rules, caller, permission, ofMachine(machine)).permitted);
    known.set(key, allowed);
    return allowed;
  };
};
