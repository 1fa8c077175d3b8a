import type { Identity, Scope } from './identity.ts';
import { permissions, type Permission, type Policy, type PolicyTarget } from './policy.ts';

/** Somebody with a project of his own, for questions about rules. */
const somebody: Identity = {
  userId: 'a-user',
  userName: 'somebody',
  userDomainId: 'a-domain',
  projectId: 'a-project',
  projectName: 'a-project',
  projectDomainId: 'a-domain',
  domainId: null,
  systemScope: null,
  roles: [],
  expiresAt: new Date(8_640_000_000_000_000), // the last instant that there is
  accessRules: null,
  delegation: null,
  federation: null,
  person: null,
};
const noProject = { projectId: null, projectName: null, projectDomainId: null } as const;

/** Where a token counts. */
export type Place =
  | { readonly kind: 'project'; readonly id: string }
  | { readonly kind: 'domain'; readonly id: string }
  | { readonly kind: 'system' | 'nothing' };

/** Somebody with these roles there. */
export const withRoles = (roles: readonly string[], place: Place): Identity => {
  switch (place.kind) {
    case 'project':
      return { ...somebody, projectId: place.id, projectName: place.id, roles };
    case 'domain':
      return { ...somebody, ...noProject, domainId: place.id, roles };
    case 'system':
      return { ...somebody, ...noProject, systemScope: 'all', roles };
    case 'nothing':
      return { ...somebody, ...noProject, roles };
  }
};

const project: Place = { kind: 'project', id: 'a-project' };
const domain: Place = { kind: 'domain', id: 'a-domain' };

/** With the roles that Keystone's default assignments put on such a token. */
export const personas: Readonly<Record<string, Identity>> = {
  unscoped: withRoles([], { kind: 'nothing' }),
  service: withRoles(['service'], project),
  reader: withRoles(['reader'], project),
  member: withRoles(['member', 'reader'], project),
  manager: withRoles(['manager', 'member', 'reader'], project),
  admin: withRoles(['admin', 'manager', 'member', 'reader'], project),
  'domain-reader': withRoles(['reader'], domain),
  'domain-manager': withRoles(['manager', 'member', 'reader'], domain),
  'domain-admin': withRoles(['admin', 'manager', 'member', 'reader'], domain),
  'system-reader': withRoles(['reader'], { kind: 'system' }),
  'system-admin': withRoles(['admin', 'manager', 'member', 'reader'], { kind: 'system' }),
};

/** Whether what belongs there lies within a scope: what grants take in beside is not looked at. */
export const isSeen = (scope: Scope, target: PolicyTarget): boolean => {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'domain':
      return target.project_domain_id === scope.domainId;
    case 'project':
      return target.project_id === scope.projectId;
    case 'none':
      return false;
  }
};

/** What a persona may do to things, and could not before; or the other way round. */
export interface Change {
  readonly persona: string;
  readonly things: string;
  readonly gains: readonly Permission[];
  readonly loses: readonly Permission[];
}

const things: Readonly<Record<string, PolicyTarget>> = {
  'of the own project or domain': { project_id: 'a-project', project_domain_id: 'a-domain' },
  'of another project of the domain': { project_id: 'another', project_domain_id: 'a-domain' },
  'of another domain': { project_id: 'another', project_domain_id: 'another' },
  'of the operator': {},
};

/** In what two policies differ, as the personas would notice. */
export const changesBetween = (before: Policy, after: Policy): readonly Change[] =>
  Object.entries(personas).flatMap(([persona, identity]) =>
    Object.entries(things).flatMap(([name, target]) => {
      const may = (rules: Policy, permission: Permission): boolean =>
        isSeen(rules.scopeOf(identity, []), target) &&
        // It is of no matter to other tokens.
        (permission !== 'oob:scope:domain' || identity.domainId !== null) &&
        rules.permits(permission, identity, target);
      const gains = permissions.filter((one) => may(after, one) && !may(before, one));
      const loses = permissions.filter((one) => may(before, one) && !may(after, one));
      return gains.length + loses.length === 0 ? [] : [{ persona, things: name, gains, loses }];
    }),
  );
