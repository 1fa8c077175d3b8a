import type { Identity, Scope } from './identity.ts';
import { clausesOf, holding, type Clause, type Ruleset } from './policy-clauses.ts';
import { parseRule, type Attributes, type Check } from './policy-language.ts';
import { written } from './policy-text.ts';

/**
 * The levels, which the rules below refer to: who overrides one, overrides it for all of them. Each is written out, for the
 * tokens do not imply one another: in Keystone 22 `manager` implies nothing, and an application credential may carry
 * `member` without `reader`.
 */
export const aliases = {
  admin: 'role:admin',
  manager: 'rule:admin or (role:manager and project_id:%(project_id)s)',
  member: 'rule:manager or (role:member and project_id:%(project_id)s)',
  reader: 'rule:member or (role:reader and project_id:%(project_id)s) or rule:system_reader',
  system_reader: 'role:reader and system_scope:all',
} as const;

/** One line a permission, in oslo.policy's language, and the source of the `Permission` type. */
export const rules = {
  'oob:scope:all': 'rule:admin or rule:system_reader',
  'oob:scope:domain': '!',
  'oob:whoami:get': '@',
  'oob:machine:list': 'rule:reader',
  'oob:machine:get': 'rule:reader',
  'oob:machine:enrol': 'rule:admin',
  'oob:machine:update': 'rule:manager',
  'oob:machine:aim': 'rule:admin',
  'oob:machine:lend': 'rule:manager',
  'oob:machine:delete': 'rule:admin',
  'oob:controller:list': 'rule:manager or rule:system_reader',
  'oob:controller:get': 'rule:manager or rule:system_reader',
  'oob:controller:create': 'rule:admin',
  'oob:controller:update': 'rule:admin',
  'oob:controller:delete': 'rule:admin',
  'oob:credential:set': 'rule:admin',
  'oob:controller:check': 'rule:manager',
  'oob:capability:list': 'rule:manager or rule:system_reader',
  'oob:credential:rotate': 'rule:admin',
  'oob:session:list': 'rule:manager or rule:system_reader',
  'oob:session:delete': 'rule:manager',
  'oob:inventory:get': 'rule:reader',
  'oob:firmware:get': 'rule:manager or rule:system_reader',
  'oob:self-test:get': 'rule:manager or rule:system_reader',
  'oob:reset:create': 'rule:manager',
  'oob:raw-command:run': 'rule:admin',
  'oob:account:list': 'rule:manager or rule:system_reader',
  'oob:account:get': 'rule:manager or rule:system_reader',
  'oob:account:create': 'rule:admin',
  'oob:account:update': 'rule:admin',
  'oob:network:get': 'rule:manager or rule:system_reader',
  'oob:network:update': 'rule:admin',
  'oob:alert-destination:list': 'rule:manager or rule:system_reader',
  'oob:alert-destination:get': 'rule:manager or rule:system_reader',
  'oob:alert-destination:set': 'rule:manager',
  'oob:alert-destination:test': 'rule:manager',
  'oob:account:delete': 'rule:admin',
  'oob:password:set': 'rule:admin',
  'oob:power:get': 'rule:reader',
  'oob:power:set': 'rule:member',
  'oob:power:watch': 'rule:reader',
  'oob:power-policy:get': 'rule:reader',
  'oob:power-policy:set': 'rule:member',
  'oob:power-history:get': 'rule:reader',
  'oob:power-reading:get': 'rule:reader',
  'oob:power-limit:get': 'rule:reader',
  'oob:power-limit:set': 'rule:manager',
  'oob:power-limit:clear': 'rule:manager',
  'oob:boot:get': 'rule:reader',
  'oob:boot:set': 'rule:member',
  'oob:boot:clear': 'rule:member',
  'oob:boot-parameter:list': 'rule:reader',
  'oob:boot-parameter:get': 'rule:reader',
  'oob:boot-parameter:set': 'rule:member',
  'oob:health:get': 'rule:reader',
  'oob:indicator:get': 'rule:reader',
  'oob:indicator:set': 'rule:member',
  'oob:watchdog:get': 'rule:reader',
  'oob:watchdog:disable': 'rule:member',
  'oob:watchdog:reset': 'rule:member',
  'oob:sensor:list': 'rule:reader',
  'oob:sensor:get': 'rule:reader',
  'oob:sensor-sample:list': 'rule:reader',
  'oob:sensor-threshold:set': 'rule:manager',
  'oob:event-log:list': 'rule:reader',
  'oob:event-log:get': 'rule:reader',
  'oob:event-log-entry:list': 'rule:reader',
  'oob:event-log-entry:get': 'rule:reader',
  'oob:event-log-clock:get': 'rule:reader',
  'oob:event-log-archive:list': 'rule:reader',
  'oob:event-log-archive:get': 'rule:reader',
  'oob:event-log:clear': 'rule:manager',
  'oob:event-log-entry:delete': 'rule:manager',
  'oob:event-log-clock:set': 'rule:manager',
  // Each target asks beside this for the permission of what is done to it.
  'oob:operation:create': 'rule:reader',
  'oob:operation:list': 'rule:reader',
  'oob:operation:get': 'rule:reader or user_id:%(user_id)s',
  'oob:selector:list': 'rule:reader',
  'oob:selector:get': 'rule:reader',
  'oob:selector:create': 'rule:member',
  'oob:selector:update': 'rule:member',
  'oob:selector:delete': 'rule:member',
  'oob:operation:watch': 'rule:reader or user_id:%(user_id)s',
  'oob:operation-target:list': 'rule:reader or user_id:%(user_id)s',
  'oob:operation:update': 'rule:manager or user_id:%(user_id)s',
  'oob:operation:retry': 'rule:member or user_id:%(user_id)s',
  'oob:schedule:list': 'rule:reader',
  'oob:schedule:get': 'rule:reader or user_id:%(user_id)s',
  'oob:schedule:create': 'rule:member',
  'oob:schedule:update': 'rule:manager or (rule:member and user_id:%(user_id)s)',
  'oob:schedule:delete': 'rule:manager or (rule:member and user_id:%(user_id)s)',
  'oob:schedule-run:list': 'rule:reader or user_id:%(user_id)s',
  'oob:schedule-run:create': 'rule:admin or (rule:member and user_id:%(user_id)s)',
  'oob:execution:create': 'rule:member',
  'oob:execution:get': 'rule:member or user_id:%(user_id)s',
  'oob:event:watch': 'rule:reader',
  'oob:subscription:list': 'rule:manager or rule:system_reader',
  'oob:subscription:get': 'rule:manager or rule:system_reader',
  'oob:subscription:create': 'rule:manager',
  'oob:subscription:update': 'rule:manager',
  'oob:subscription:delete': 'rule:manager',
  'oob:subscription:ping': 'rule:manager',
  'oob:delivery:list': 'rule:manager or rule:system_reader',
  'oob:delivery:retry': 'rule:manager',
  'oob:grant:list': 'rule:reader',
  'oob:grant:get': 'rule:manager or rule:system_reader or True:%(is_grantee)s',
  'oob:grant:create': 'rule:manager',
  'oob:grant:update': 'rule:manager',
  'oob:grant:delete': 'rule:manager or True:%(is_own)s',
  'oob:grant:request': 'rule:reader',
  'oob:grant:approve': 'rule:manager',
  'oob:replica:list': 'rule:admin or rule:system_reader',
  'oob:audit:list': 'rule:manager or rule:system_reader',
  'oob:audit:export': 'rule:manager or rule:system_reader',
} as const satisfies Record<`oob:${string}:${string}`, string>;

export type Permission = keyof typeof rules;
export const permissions = Object.keys(rules) as readonly Permission[]; // the keys of the line above

/** What a grant or a loan may hold: what is done to one machine, and leads neither elsewhere nor to more rights. */
export const grantable = [
  'oob:machine:list',
  'oob:machine:get',
  'oob:power:get',
  'oob:power:set',
  'oob:power:watch',
  'oob:power-policy:get',
  'oob:power-policy:set',
  'oob:power-history:get',
  'oob:power-reading:get',
  'oob:power-limit:get',
  'oob:boot:get',
  'oob:boot:set',
  'oob:boot:clear',
  'oob:boot-parameter:list',
  'oob:boot-parameter:get',
  'oob:boot-parameter:set',
  'oob:health:get',
  'oob:inventory:get',
  'oob:indicator:get',
  'oob:indicator:set',
  'oob:watchdog:get',
  'oob:watchdog:disable',
  'oob:watchdog:reset',
  'oob:sensor:list',
  'oob:sensor:get',
  'oob:event-log:list',
  'oob:event-log:get',
  'oob:event-log-entry:list',
  'oob:event-log-entry:get',
  'oob:event-log-clock:get',
  'oob:event-log-archive:list',
  'oob:event-log-archive:get',
  'oob:sensor-sample:list',
  'oob:execution:create',
] as const satisfies readonly Permission[];

/** What is done to a machine: what `allowed_actions` tells of. */
export const onMachines = [
  ...grantable,
  'oob:power-limit:set',
  'oob:power-limit:clear',
  'oob:sensor-threshold:set',
  'oob:machine:update',
  'oob:machine:aim',
  'oob:machine:lend',
  'oob:machine:delete',
  'oob:event-log:clear',
  'oob:event-log-entry:delete',
  'oob:event-log-clock:set',
  'oob:grant:create',
  'oob:grant:request',
] as const satisfies readonly Permission[];

/** Every grant holds these: who may do something to a machine may see it. */
export const alwaysGranted = ['oob:machine:list', 'oob:machine:get'] as const satisfies readonly Permission[];

/**
 * What the roles of a domain's token may open (the scope types of oslo.policy), once `oob:scope:domain` permits it, and that
 * on machines of its own domain alone. Neither a controller, which may be the operator's, nor what leads a machine to one,
 * to another project or to another owner's rights.
 */
export const forDomains: readonly Permission[] = [
  'oob:machine:list',
  'oob:machine:get',
  'oob:machine:update',
  'oob:power:get',
  'oob:power:set',
  'oob:power:watch',
  'oob:power-policy:get',
  'oob:power-policy:set',
  'oob:power-history:get',
  'oob:power-reading:get',
  'oob:power-limit:get',
  'oob:power-limit:set',
  'oob:power-limit:clear',
  'oob:boot:get',
  'oob:boot:set',
  'oob:boot:clear',
  'oob:boot-parameter:list',
  'oob:boot-parameter:get',
  'oob:boot-parameter:set',
  'oob:health:get',
  'oob:inventory:get',
  'oob:indicator:get',
  'oob:indicator:set',
  'oob:watchdog:get',
  'oob:watchdog:disable',
  'oob:watchdog:reset',
  'oob:sensor:list',
  'oob:sensor:get',
  'oob:event-log:list',
  'oob:event-log:get',
  'oob:event-log-entry:list',
  'oob:event-log-entry:get',
  'oob:event-log-clock:get',
  'oob:event-log-archive:list',
  'oob:event-log-archive:get',
  'oob:sensor-sample:list',
];

/** What a rule looks at, beside the caller. What belongs to no project has no `project_id`, and so fits no project's rule. */
export interface PolicyTarget {
  readonly project_id?: string;
  readonly project_domain_id?: string;
  readonly user_id?: string;
  /** Of a grant: whether it is the caller's. */
  readonly is_grantee?: boolean;
  /** Of a grant: whether it is the caller's alone, and so his to give up. */
  readonly is_own?: boolean;
}

/** The target that belongs to a project, or to the operator (null). */
export const ownedBy = (projectId: string | null): PolicyTarget =>
  projectId === null ? {} : { project_id: projectId };

/** The target of what is asked of the service as a whole: the project, or the domain, that the caller acts in. */
export const ownTarget = ({ projectId, domainId }: Pick<Identity, 'projectId' | 'domainId'>): PolicyTarget => {
  if (projectId === null && domainId !== null) return { project_domain_id: domainId };
  return ownedBy(projectId);
};

/** Whether something is permitted, and by what: a rule and its clause, a grant or a loan; or that none did. */
export interface Decision {
  readonly permitted: boolean;
  /** For the log, the journal and whoever asks why: `oob:power:set: member: role:member and project_id:%(project_id)s`. */
  readonly by: string;
}

/** The rules in force, parsed. */
export interface Policy {
  permits(permission: Permission, identity: Identity, target: PolicyTarget): boolean;
  /** The same, with what decided it. */
  decide(permission: Permission, identity: Identity, target: PolicyTarget): Decision;
  /**
   * The only maker of a Scope. What an identity may see at all: the outer wall; the rules are its doors. Grants in force
   * take single machines in.
   */
  scopeOf(identity: Identity, grants: readonly string[]): Scope;
  /** Of a scope, what grants take into it: for who was let in by a grant alone. */
  grantedIn(scope: Scope): Scope;
}

/** The rules as they are while nobody overrides one. */
export const defaultRules = (): Ruleset =>
  new Map(Object.entries({ ...aliases, ...rules }).map(([name, text]) => [name, parsed(name, text)]));

export const policy = (ruleset: Ruleset = defaultRules()): Policy => {
  const known = new Map<Permission, Known>(permissions.map((permission) => [permission, knownOf(permission, ruleset)]));
  const credentialsOf = credentials(ruleset);

  const decide: Policy['decide'] = (permission, identity, target) => {
    const { clauses, refusal } = known.get(permission) ?? nothing;
    const found = holding(clauses, ruleset, credentialsOf(permission, identity, target), attributesOf(target));
    return found === undefined ? refusal : found.decision;
  };
  const wallOf = (identity: Identity) => {
    const { projectId, domainId, systemScope } = identity;
    if (projectId === null && systemScope === null)
      return domainId !== null && decide('oob:scope:domain', identity, ownTarget(identity)).permitted
        ? { kind: 'domain', domainId }
        : { kind: 'none' };
    if (decide('oob:scope:all', identity, ownTarget(identity)).permitted) return { kind: 'all' };
    return projectId === null ? { kind: 'none' } : { kind: 'project', projectId };
  };

  return {
    permits: (permission, identity, target) => decide(permission, identity, target).permitted,
    decide,
    scopeOf: (identity, grants) => ({ ...wallOf(identity), grants }) as Scope, // with the next, the one place that brands
    grantedIn: ({ grants }) => ({ kind: 'none', grants }) as Scope,
  };
};

/**
 * What the rules see of an identity, in oslo.policy's names. The roles of a token with project or system scope count. Those
 * of one with domain scope, or with none, open nothing (oslo.policy's `enforce_scope`), else a domain's admin would see the
 * whole fleet. Where `oob:scope:domain` permits it, a domain's token counts for what `forDomains` lists, on what belongs to
 * its domain's projects, and nowhere else.
 */
export const credentials = (
  ruleset: Ruleset,
): ((permission: Permission, identity: Identity, target: PolicyTarget) => Attributes) => {
  // An identity is asked about many times, and is the same object for as long as its token is kept.
  const made = new WeakMap<Identity, { readonly whole: Attributes; readonly bare: Attributes }>();
  const domainClauses = clausesOf('oob:scope:domain', ruleset);

  const both = (identity: Identity) => {
    const found = made.get(identity);
    if (found !== undefined) return found;
    const whole = {
      user_id: identity.userId,
      user_domain_id: identity.userDomainId,
      project_id: identity.projectId,
      project_domain_id: identity.projectDomainId,
      domain_id: identity.domainId,
      system_scope: identity.systemScope,
      roles: identity.roles,
    };
    const pair = { whole, bare: { ...whole, domain_id: null, roles: [] } };
    made.set(identity, pair);
    return pair;
  };

  return (permission, identity, target) => {
    const { whole, bare } = both(identity);
    if (identity.projectId !== null || identity.systemScope !== null) return whole;
    if (identity.domainId === null || target.project_domain_id !== identity.domainId) return bare;
    if (permission === 'oob:scope:domain') return whole;
    if (!forDomains.includes(permission)) return bare;
    return holding(domainClauses, ruleset, whole, attributesOf(ownTarget(identity))) === undefined ? bare : whole;
  };
};

interface Known {
  readonly clauses: readonly Clause[];
  readonly refusal: Decision;
}

const knownOf = (permission: Permission, ruleset: Ruleset): Known => {
  const rule = ruleset.get(permission);
  const by = rule === undefined ? permission : `${permission}: ${written(rule)}`;
  return { clauses: clausesOf(permission, ruleset), refusal: { permitted: false, by } };
};

const nothing: Known = { clauses: [], refusal: { permitted: false, by: 'no such permission' } };

/** Plain data, which an interface does not say. */
export const attributesOf = (target: PolicyTarget): Attributes => target as unknown as Attributes;

const parsed = (name: string, text: string): Check => {
  const result = parseRule(text);
  if (!result.ok) throw new Error(`rule ${name}: ${result.problem}`);
  return result.check;
};
