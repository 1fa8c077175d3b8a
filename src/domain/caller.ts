import type { Grant } from './grant.ts';
import type { Identity, Scope } from './identity.ts';
import type { Secret } from './secret.ts';

export type { AccessRule, Delegation, Identity, Person, Scope } from './identity.ts';

/** The one project whose things lie within a scope, if it is one; what knows of no domain is not in a domain's. */
export const projectWithin = (scope: Scope): string | null => (scope.kind === 'project' ? scope.projectId : null);

/** Whether nothing that belongs to a project lies within the scope, but what is granted. */
export const seesNothing = (scope: Scope): boolean => scope.kind === 'none' || scope.kind === 'domain';

/** The user whose own doings a caller may look at: himself, unless his token opens nothing at all. */
export const ownWithin = ({ identity, scope }: Caller): string | null =>
  seesNothing(scope) && scope.grants.length === 0 ? null : identity.userId;

/**
 * Whether a grant is meant for this identity, in these groups. An address counts only where the directory has verified it; a
 * trust hands on roles, and not what its user is granted.
 */
export const isFor = ({ grantee }: Pick<Grant, 'grantee'>, identity: Identity, groups: readonly string[]): boolean => {
  if (identity.delegation?.kind === 'trust' && grantee.kind !== 'project') return false;
  switch (grantee.kind) {
    case 'user':
      return grantee.id === identity.userId;
    case 'group':
      return groups.includes(grantee.id);
    case 'project':
      return grantee.id === identity.projectId;
    case 'email':
      return identity.person?.emailVerified === true && identity.person.email === grantee.id;
  }
};

/** An identity with its scope, and the ids that follow its request. */
export interface Caller {
  readonly identity: Identity;
  readonly scope: Scope;
  /** Ids of his groups, as far as anything is granted to groups. */
  readonly groups: readonly string[];
  /** What is granted to him, in force or to be. */
  readonly grants: readonly Grant[];
  /** The service that passed the request on, by a valid `X-Service-Token` of its own. */
  readonly service: Identity | null;
  /** Where the request came from, as far as the trusted proxies tell; null in queued work. */
  readonly address: string | null;
  /** `req-<uuid>`, always Igor's own. */
  readonly requestId: string;
  /** The chain's id, when the request brought one. */
  readonly globalRequestId: string | null;
  /** Held for the time of a request, for questions to Keystone on the caller's behalf; absent in queued work. */
  readonly token: Secret | null;
}
