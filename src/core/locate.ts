import { isFor, type Caller } from '../domain/caller.ts';
import { bindingRoles, type Binding } from '../domain/controller.ts';
import { Fault } from '../domain/fault.ts';
import { hostPort } from '../domain/host-port.ts';
import { ownedBy, ownTarget, type PolicyTarget } from '../domain/policy.ts';
import type { Controllers } from '../ports/services.ts';
import type { Found, Kind, Services } from './operation.ts';
import { about, ofMachine, type Subject } from './subject.ts';

/** What an act is on: within the scope, what the rules look at, and what there is to lease. */
export interface Located {
  readonly kind: Kind;
  readonly found: Partial<Found<Kind>>;
  readonly id: string | null;
  readonly name: string | null;
  readonly projectId: string | null;
  readonly bindings: readonly Binding[];
  /** What decides who may do it. */
  readonly subject: Subject;
  /** The same after a wait: it may have changed hands. Faults: `not-found` when it is gone. */
  now(): Promise<Subject>;
}

export type Locators = {
  readonly [K in Kind]: (name: string, caller: Caller) => Promise<Located & { found: Found<K> }>;
};

/** A locator a kind. A new kind is a line in `Kinds` and a function here, and does not compile without. */
export const locators = ({
  machines,
  controllers,
  executions,
  grants,
  journal,
  sets,
  selectors,
  schedules,
  subscriptions,
}: Services): Locators => ({
  async machine(name, caller) {
    const machine = await machines.get(name, caller);
    const { id, projectId, bindings } = machine;
    const now = async (): Promise<Subject> => ofMachine(await machines.get(id, caller));
    const subject = ofMachine(machine);
    return { kind: 'machine', found: { machine }, id, name: machine.name, projectId, bindings, subject, now };
  },
  async controller(id, caller) {
    const controller = await controllers.get(id, caller.scope);
    const { port, revision } = controller;
    const address = hostPort(controller.address, port);
    const projectId = ownerOf(controller);
    const bindings = [{ controllerId: id, address, revision, roles: bindingRoles, selector: null }];
    const now = async (): Promise<Subject> =>
      about('controller', ownedBy(ownerOf(await controllers.get(id, caller.scope))));
    const subject = about('controller', ownedBy(projectId));
    return { kind: 'controller', found: { controller }, id, name: address, projectId, bindings, subject, now };
  },
  async execution(id, caller) {
    const execution = await executions.get(id, caller);
    return { ...plain('execution', id, execution.projectId, { user_id: execution.userId }), found: { execution } };
  },
  async operation(id, caller) {
    const set = await sets.get(id, caller);
    if (set !== null)
      return {
        ...plain('operation', id, set.projectId, { user_id: set.userId }),
        found: { operation: { act: null, set } },
      };
    const act = await journal.act(id, caller);
    if (act === null) throw new Fault('not-found', 'there is no such operation');
    return { ...plain('operation', id, act.projectId, { user_id: act.userId }), found: { operation: { act, set } } };
  },
  async schedule(name, caller) {
    const schedule = await schedules.get(name, caller);
    const { id, projectId, userId } = schedule;
    return { ...plain('schedule', id, projectId, { user_id: userId }), name: schedule.name, found: { schedule } };
  },
  async grant(id, caller) {
    const grant = await grants.get(id, caller);
    const is_grantee = isFor(grant, caller.identity, caller.groups);
    const is_own = is_grantee && (grant.grantee.kind === 'user' || grant.grantee.kind === 'email');
    return { ...plain('grant', id, grant.projectId, { is_grantee, is_own }), found: { grant } };
  },
  async selector(name, caller) {
    const selector = await selectors.get(name, caller);
    const { id, projectId } = selector;
    return { ...plain('selector', id, projectId), name: selector.name, found: { selector } };
  },
  async subscription(id, caller) {
    const subscription = await subscriptions.get(id, caller.scope);
    return { ...plain('subscription', id, subscription.projectId), found: { subscription } };
  },
  async service(_name, caller) {
    const more = ownTarget(caller.identity);
    return { ...plain('service', null, caller.identity.projectId, more), found: { service: null } };
  },
});

/** Who acts on a controller acts on every machine behind it: one that projects share is the operator's. */
const ownerOf = ({ projectId, machineProjects }: Awaited<ReturnType<Controllers['get']>>): string | null =>
  machineProjects.every((project) => project === projectId) ? projectId : null;

/** What belongs to the project that made it, for good, and leads to no controller. */
const plain = (
  kind: Kind,
  id: string | null,
  projectId: string | null,
  more: PolicyTarget = {},
): Omit<Located, 'found'> => {
  const subject = about(kind, { ...ownedBy(projectId), ...more });
  return { kind, id, name: null, projectId, bindings: [], subject, now: async () => subject };
};
