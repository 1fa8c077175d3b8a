import type { Identity, Scope } from './identity.ts';
import { evaluate, parseRule, type Check } from './policy-language.ts';

const admin = 'role:admin';
const manager = `${admin} or (role:manager and project_id:%(project_id)s)` as const;
const member = `${manager} or (role:member and project_id:%(project_id)s)` as const;
const systemReader = '(role:reader and system_scope:all)';
const reader = `${member} or (role:reader and project_id:%(project_id)s) or ${systemReader}` as const;

/**
 * One line a permission, in oslo.policy's language, and the source of the `Permission` type. Each level is written
 * out, for the tokens do not imply one another: in Keystone 22 `manager` implies nothing, and an application
 * credential may carry `member` without `reader`.
 */
export const rules = {
  'oob:scope:all': `${admin} or ${systemReader}`,
  'oob:whoami:get': '@',
  'oob:machine:list': reader,
  'oob:machine:get': reader,
  'oob:machine:enrol': admin,
  'oob:machine:update': manager,
  'oob:machine:aim': admin,
  'oob:machine:lend': manager,
  'oob:machine:delete': admin,
  'oob:controller:list': `${manager} or ${systemReader}`,
  'oob:controller:get': `${manager} or ${systemReader}`,
  'oob:controller:create': admin,
  'oob:controller:update': admin,
  'oob:controller:delete': admin,
  'oob:credential:set': admin,
  'oob:power:get': reader,
  'oob:power:set': member,
  'oob:boot:get': reader,
  'oob:boot:set': member,
  'oob:health:get': reader,
  'oob:operation:get': `${reader} or user_id:%(user_id)s`,
  'oob:execution:create': member,
  'oob:execution:get': `${member} or user_id:%(user_id)s`,
  'oob:grant:list': reader,
  'oob:grant:get': `${manager} or ${systemReader} or True:%(is_grantee)s`,
  'oob:grant:create': manager,
  'oob:grant:update': manager,
  'oob:grant:delete': `${manager} or True:%(is_grantee)s`,
  'oob:grant:request': reader,
  'oob:grant:approve': manager,
  'oob:audit:list': `${manager} or ${systemReader}`,
} as const satisfies Record<`oob:${string}:${string}`, string>;

export type Permission = keyof typeof rules;
export const permissions = Object.keys(rules) as readonly Permission[]; // the keys of the line above

/** What a grant or a loan may hold: what is done to one machine, and leads neither elsewhere nor to more rights. */
export const grantable = [
  'oob:machine:list',
  'oob:machine:get',
  'oob:power:get',
  'oob:power:set',
  'oob:boot:get',
  'oob:boot:set',
  'oob:health:get',
  'oob:execution:create',
] as const satisfies readonly Permission[];

/** What is done to a machine: what `allowed_actions` tells of. */
export const onMachines = [
  ...grantable,
  'oob:machine:update',
  'oob:machine:aim',
  'oob:machine:lend',
  'oob:machine:delete',
  'oob:grant:create',
  'oob:grant:request',
] as const satisfies readonly Permission[];

/** Every grant holds these: who may do something to a machine may see it. */
export const alwaysGranted = ['oob:machine:list', 'oob:machine:get'] as const satisfies readonly Permission[];

/** What a rule looks at, beside the caller. What belongs to no project has no `project_id`, and so fits no project's rule. */
export interface PolicyTarget {
  readonly project_id?: string;
  readonly project_domain_id?: string;
  readonly user_id?: string;
  /** Of a grant: whether it is the caller's. */
  readonly is_grantee?: boolean;
}

/** The target that belongs to a project, or to the operator (null). */
export const ownedBy = (projectId: string | null): PolicyTarget =>
  projectId === null ? {} : { project_id: projectId };

/** Whether something is permitted, and by what: a rule and its clause, a grant or a loan; or that none did. */
export interface Decision {
  readonly permitted: boolean;
  /** For the log, the journal and whoever asks why. */
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
}

export const policy = (): Policy => {
  const checks = new Map<string, Check>(Object.entries(rules).map(([name, text]) => [name, parsed(name, text)]));
  const permits: Policy['permits'] = (permission, identity, target) => {
    const check = checks.get(permission);
    return (
      check !== undefined &&
      evaluate(check, checks, credentialsOf(identity), target as unknown as Record<string, unknown>)
    ); // plain data
  };

  return {
    permits,
    decide: (permission, identity, target) => ({
      permitted: permits(permission, identity, target),
      by: `rule ${permission}`,
    }),
    scopeOf(identity, grants) {
      const wall = permits('oob:scope:all', identity, ownedBy(identity.projectId))
        ? { kind: 'all' }
        : identity.projectId === null
          ? { kind: 'none' }
          : { kind: 'project', projectId: identity.projectId };
      return { ...wall, grants } as Scope; // the one place that brands
    },
  };
};

const parsed = (name: string, text: string): Check => {
  const result = parseRule(text);
  if (!result.ok) throw new Error(`rule ${name}: ${result.problem}`);
  return result.check;
};

/**
 * In oslo.policy's names. Igor knows project and system scope: the roles of a token with domain scope, or with none,
 * open nothing (oslo.policy's `enforce_scope`), else a domain's admin would see the whole fleet.
 */
const credentialsOf = (identity: Identity): Record<string, unknown> => ({
  user_id: identity.userId,
  user_domain_id: identity.userDomainId,
  project_id: identity.projectId,
  project_domain_id: identity.projectDomainId,
  domain_id: identity.domainId,
  system_scope: identity.systemScope,
  roles: identity.projectId === null && identity.systemScope === null ? [] : identity.roles,
});
