import { z } from 'zod';
import type { AccessRule, Delegation, Identity } from '../../domain/caller.ts';

const named = z.object({ id: z.string(), name: z.string() });
const one = z.object({ id: z.string() });

const endpoint = z.object({ interface: z.string(), region_id: z.string().nullish(), url: z.string() });
const catalogEntry = z.object({ type: z.string(), name: z.string().optional(), endpoints: z.array(endpoint) });
export type CatalogEntry = z.infer<typeof catalogEntry>;

const federation = z.object({ identity_provider: one, protocol: one });
const accessRule = z.object({ service: z.string(), method: z.string(), path: z.string() });

/** Keystone writes the end of an application credential's token without a zone; it is UTC all the same. */
const instant = z
  .string()
  .transform((text) => new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`))
  .refine((date) => !Number.isNaN(date.getTime()));

/** What Keystone answers to a validation and to a login, as far as we read it. */
export const tokenBody = z.object({
  token: z.object({
    user: named.extend({ domain: named, 'OS-FEDERATION': federation.optional() }),
    project: named.extend({ domain: named }).optional(),
    domain: named.optional(),
    system: z.object({ all: z.boolean() }).optional(),
    roles: z.array(z.object({ name: z.string() })).optional(),
    application_credential: one.extend({ access_rules: z.array(accessRule).nullish() }).optional(),
    'OS-TRUST:trust': one.extend({ trustee_user: one }).optional(),
    expires_at: instant,
    issued_at: instant.optional(),
    catalog: z.array(catalogEntry).optional(),
  }),
});

type Token = z.infer<typeof tokenBody>['token'];

/** What the token means to the service of that type. */
export const identityOf = ({ token }: z.infer<typeof tokenBody>, serviceType: string): Identity => ({
  userId: token.user.id,
  userName: token.user.name,
  userDomainId: token.user.domain.id,
  projectId: token.project?.id ?? null,
  projectName: token.project?.name ?? null,
  projectDomainId: token.project?.domain.id ?? null,
  domainId: token.domain?.id ?? null,
  systemScope: token.system?.all === true ? 'all' : null,
  roles: token.roles?.map(({ name }) => name) ?? [],
  expiresAt: token.expires_at,
  accessRules: accessRulesOf(token, serviceType),
  delegation: delegationOf(token),
  federation: federationOf(token),
  person: null,
});

/** Those about this service; none, if the token's catalogue does not know it. No rules at all are no limit. */
const accessRulesOf = ({ application_credential, catalog = [] }: Token, type: string): readonly AccessRule[] | null => {
  const rules = application_credential?.access_rules ?? null;
  if (rules === null) return null;
  if (!catalog.some((entry) => entry.type === type)) return [];
  return rules.filter(({ service }) => service === type).map(({ method, path }) => ({ method, path }));
};

const delegationOf = (token: Token): Delegation | null => {
  const { application_credential: credential, 'OS-TRUST:trust': trust } = token;
  if (credential !== undefined) return { kind: 'application-credential', id: credential.id, userId: null };
  return trust === undefined ? null : { kind: 'trust', id: trust.id, userId: trust.trustee_user.id };
};

const federationOf = ({ user }: Token): Identity['federation'] => {
  const federated = user['OS-FEDERATION'];
  if (federated === undefined) return null;
  return { identityProvider: federated.identity_provider.id, protocol: federated.protocol.id };
};
