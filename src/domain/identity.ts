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
  /** What an application credential is limited to of this service; null: it is not. */
  readonly accessRules: readonly AccessRule[] | null;
  /** Of a token that acts for somebody by an application credential or a trust. */
  readonly delegation: Delegation | null;
  /** Where a federated user signed in. */
  readonly federation: { readonly identityProvider: string; readonly protocol: string } | null;
  /** Who that is by the directory behind the identity provider; null where none is configured, or it is not asked. */
  readonly person: Person | null;
}

/** A human being, as a directory knows him. Free of control characters, and short enough to be kept. */
export interface Person {
  readonly name: string;
  /** With ASCII letters in lower case. */
  readonly email: string | null;
  /** Whether the directory has made sure that it is his; nothing may be decided by one that is not. */
  readonly emailVerified: boolean;
}

/** One of Keystone's access rules: a method, and a path with `*`, `{name}` and `**` in it. */
export interface AccessRule {
  readonly method: string;
  readonly path: string;
}

export interface Delegation {
  readonly kind: 'application-credential' | 'trust';
  readonly id: string;
  /** Who acts: a trust's trustee, also where the token shows the trustor; null for an application credential, its owner's. */
  readonly userId: string | null;
}

declare const scoped: unique symbol;

/** What a caller may see at all: branded, so that only `scopeOf` in the policy makes one. */
export type Scope = (
  | { readonly kind: 'all' }
  | { readonly kind: 'domain'; readonly domainId: string }
  | { readonly kind: 'project'; readonly projectId: string }
  | { readonly kind: 'none' }
) & {
  /** Ids of the grants in force that take machines into it. */
  readonly grants: readonly string[];
  readonly [scoped]: true;
};
