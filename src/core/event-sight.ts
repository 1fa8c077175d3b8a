import { isFor, type Caller } from '../domain/caller.ts';
import { eventTypes, type EventTypeName } from '../domain/event.ts';
import { covers, type Grant } from '../domain/grant.ts';
import { ownedBy, type Decision, type Permission } from '../domain/policy.ts';
import type { EventMachine, StoredEvent } from '../ports/events.ts';
import { about, ofMachine, type Subject } from './subject.ts';

type Decide = (caller: Caller, permission: Permission, subject: Subject) => Decision;

/**
 * Whether somebody may know of an event: who sees what it is about, and may read there what it tells, by the rules and grants
 * as they are now. What happened to a machine before it changed hands is for nobody but who sees the whole fleet.
 */
export const sight = (decide: Decide): ((caller: Caller, event: StoredEvent) => boolean) => {
  // Asked again for each event, and the same for all machines of a project that the same grants cover.
  const made = new WeakMap<Caller, Map<string, boolean>>();
  const permitted = (caller: Caller, permission: Permission, machine: EventMachine): boolean => {
    const known = made.get(caller) ?? new Map<string, boolean>();
    made.set(caller, known);
    const covering = caller.grants.filter((grant) => covers(grant, machine)).map(({ id }) => id);
    const key = [permission, machine.projectDomainId, machine.projectId, ...covering].join(' ');
    const answer = known.get(key) ?? decide(caller, permission, ofMachine(machine)).permitted;
    known.set(key, answer);
    return answer;
  };

  return (caller, event) => {
    const { on, permission } = eventTypes[event.type as EventTypeName]; // the feed passes over others
    const { scope } = caller;
    const isWithin = scope.kind === 'all' || (scope.kind === 'project' && scope.projectId === event.projectId);
    if (on === 'grant') {
      const is_grantee = isGrantee(event.data, caller);
      if (!isWithin && !is_grantee) return false;
      return decide(caller, permission, about('grant', { ...ownedBy(event.projectId), is_grantee })).permitted;
    }
    if (on === 'operation') {
      const { operation } = event.data as { operation: { user: { id: string } } }; // likewise
      const user_id = operation.user.id;
      if (!isWithin && user_id !== caller.identity.userId) return false;
      return decide(caller, permission, about('operation', { ...ownedBy(event.projectId), user_id })).permitted;
    }
    if (event.machineId === null) {
      const owner = event.controllerOwner;
      if (!(scope.kind === 'all' || (isWithin && owner === event.projectId))) return false;
      return decide(
        caller,
        on === 'controller' ? permission : 'oob:controller:get',
        about('controller', ownedBy(owner)),
      ).permitted;
    }
    // Of one that is gone, as it was: no grant leads there any more.
    const gone = { id: event.machineId, projectId: event.projectId ?? '', projectDomainId: '', tags: [] };
    const machine = event.machine ?? gone;
    if (scope.kind !== 'all' && machine.projectId !== event.projectId) return false;
    return sees(caller, machine) && permitted(caller, permission, machine);
  };
};

/** As the store's condition says it (adapters/postgres/visible.ts). */
const sees = ({ scope, grants }: Caller, machine: EventMachine): boolean =>
  scope.kind === 'all' ||
  (scope.kind === 'project' && scope.projectId === machine.projectId) ||
  (scope.kind === 'domain' && scope.domainId === machine.projectDomainId) ||
  grants.some((grant) => scope.grants.includes(grant.id) && covers(grant, machine));

const isGrantee = (data: unknown, { identity, groups }: Caller): boolean => {
  const { grant } = data as { grant: Pick<Grant, 'grantee'> }; // its type's schema has been held against it
  return isFor(grant, identity, groups);
};
