import type { Secret } from './secret.ts';

/** What Keystone says of a token: who, as which project, with which roles, until when. */
export interface Identity {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly projectDomainId: string | null;
  readonly domainId: string | null;
  /** `all` for a system-scoped token. */
  readonly systemScope: 'all' | null;
  readonly roles: readonly string[];
  readonly expiresAt: Date;
}

declare const scoped: unique symbol;

/** What a caller may see at all: branded, so that only `scopeOf` in the policy makes one. */
export type Scope = (
  { readonly kind: 'all' } | { readonly kind: 'project'; readonly projectId: string } | { readonly kind: 'none' }
) & {
  readonly [scoped]: true;
};

/** An identity with its scope, and the ids that follow its request. */
export interface Caller {
  readonly identity: Identity;
  readonly scope: Scope;
  /** `req-<uuid>`, always Igor's own. */
  readonly requestId: string;
  /** The chain's id, when the request brought one. */
  readonly globalRequestId: string | null;
  /** Held for the time of a request, for questions to Keystone on the caller's behalf; absent in queued work. */
  readonly token: Secret | null;
}
