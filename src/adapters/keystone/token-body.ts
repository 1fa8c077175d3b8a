import { z } from 'zod';
import type { Identity } from '../../domain/caller.ts';

const named = z.object({ id: z.string(), name: z.string() });

const endpoint = z.object({ interface: z.string(), region_id: z.string().nullish(), url: z.string() });
const catalogEntry = z.object({ type: z.string(), name: z.string().optional(), endpoints: z.array(endpoint) });
export type CatalogEntry = z.infer<typeof catalogEntry>;

/** What Keystone answers to a validation and to a login, as far as we read it. */
export const tokenBody = z.object({
  token: z.object({
    user: named.extend({ domain: named }),
    project: named.extend({ domain: named }).optional(),
    domain: named.optional(),
    system: z.object({ all: z.boolean() }).optional(),
    roles: z.array(z.object({ name: z.string() })).optional(),
    expires_at: z.string(),
    issued_at: z.string().optional(),
    catalog: z.array(catalogEntry).optional(),
  }),
});

/** Keystone writes the end of an application credential's token without a zone; it is UTC all the same. */
export const instantOf = (text: string): Date => new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);

export const identityOf = ({ token }: z.infer<typeof tokenBody>): Identity => ({
  userId: token.user.id,
  userName: token.user.name,
  userDomainId: token.user.domain.id,
  projectId: token.project?.id ?? null,
  projectName: token.project?.name ?? null,
  projectDomainId: token.project?.domain.id ?? null,
  domainId: token.domain?.id ?? null,
  systemScope: token.system?.all === true ? 'all' : null,
  roles: token.roles?.map(({ name }) => name) ?? [],
  expiresAt: instantOf(token.expires_at),
  accessRules: null,
  delegation: null,
  federation: null,
  person: null,
});
