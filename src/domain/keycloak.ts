import type { Identity } from './caller.ts';
import type { Secret } from './secret.ts';

/** What Keystone's user name is in Keycloak, by the mapping of the identity provider. */
export const keycloakMatches = ['username', 'email', 'id'] as const;
export type KeycloakMatch = (typeof keycloakMatches)[number];

/** How Keycloak is asked, and about whom. */
export interface Keycloak {
  /** Without the realm. */
  readonly url: string;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly caFile: string | null;
  readonly match: KeycloakMatch;
  /** Keystone's id of the identity provider that Keycloak is; null: every one. */
  readonly identityProvider: string | null;
  /** A domain all of whose users are Keycloak's, whatever their token. */
  readonly domainId: string | null;
}

/** The settings of Keycloak, as they are given. */
export interface KeycloakSettings {
  readonly IGOR_KEYCLOAK_URL?: string | undefined;
  readonly IGOR_KEYCLOAK_REALM?: string | undefined;
  readonly IGOR_KEYCLOAK_CLIENT_ID?: string | undefined;
  readonly IGOR_KEYCLOAK_CLIENT_SECRET?: Secret | undefined;
  readonly IGOR_KEYCLOAK_CA_FILE?: string | undefined;
  readonly IGOR_KEYCLOAK_MATCH: KeycloakMatch;
  readonly IGOR_KEYCLOAK_IDP?: string | undefined;
  readonly IGOR_KEYCLOAK_DOMAIN?: string | undefined;
}

/** All of it or none, or a sentence for each thing that is wrong. */
export const keycloakOf = (given: KeycloakSettings): { readonly keycloak: Keycloak | null } | Problems => {
  const { IGOR_KEYCLOAK_URL: url, IGOR_KEYCLOAK_REALM: realm, IGOR_KEYCLOAK_CLIENT_ID: clientId } = given;
  const clientSecret = given.IGOR_KEYCLOAK_CLIENT_SECRET;
  if (url === undefined || realm === undefined || clientId === undefined || clientSecret === undefined) {
    const missing = needed.filter((name) => given[name] === undefined);
    const there = [...needed, ...further].filter((name) => given[name] !== undefined);
    if (there.length === 0) return { keycloak: null };
    return { problems: missing.map((name) => `${name}: missing, since ${there[0] ?? ''} is set`) };
  }
  if (!isConfidential(new URL(url)))
    return { problems: ['IGOR_KEYCLOAK_URL: must be https, or the client secret goes out in the clear'] };
  return {
    keycloak: {
      url: url.replace(/\/+$/, ''),
      realm,
      clientId,
      clientSecret,
      caFile: given.IGOR_KEYCLOAK_CA_FILE ?? null,
      match: given.IGOR_KEYCLOAK_MATCH,
      identityProvider: given.IGOR_KEYCLOAK_IDP ?? null,
      domainId: given.IGOR_KEYCLOAK_DOMAIN ?? null,
    },
  };
};

/**
 * Whether a user is Keycloak's. An application credential's token does not tell where its owner signed in, nor does a
 * trust's: by these, he is known by his domain alone.
 */
export const isOf =
  ({ identityProvider, domainId }: Pick<Keycloak, 'identityProvider' | 'domainId'>) =>
  ({ federation, userDomainId }: Identity): boolean =>
    (domainId !== null && userDomainId === domainId) ||
    (federation !== null && (identityProvider === null || federation.identityProvider === identityProvider));

interface Problems {
  readonly problems: readonly string[];
}

const needed = [
  'IGOR_KEYCLOAK_URL',
  'IGOR_KEYCLOAK_REALM',
  'IGOR_KEYCLOAK_CLIENT_ID',
  'IGOR_KEYCLOAK_CLIENT_SECRET',
] as const;
const further = ['IGOR_KEYCLOAK_CA_FILE', 'IGOR_KEYCLOAK_IDP', 'IGOR_KEYCLOAK_DOMAIN'] as const;

const isConfidential = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || ['localhost', '[::1]'].includes(hostname) || /^127(\.\d+){3}$/.test(hostname);
