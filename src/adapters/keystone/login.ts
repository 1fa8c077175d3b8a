import { authBody, type Cloud } from '../../domain/cloud.ts';
import { Fault } from '../../domain/fault.ts';
import { Secret } from '../../domain/secret.ts';
import { keystone, unavailable, type Keystone } from './http.ts';
import { tokenBody, type CatalogEntry } from './token-body.ts';

/** A token of one's own, with the catalogue that came with it. */
export interface Login {
  readonly token: Secret;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly projectId: string | null;
  readonly catalog: readonly CatalogEntry[];
}

/** Signs in. Faults: `unauthenticated` when Keystone does not take the credentials, `identity-unavailable`. */
export const login = async (cloud: Cloud, signal: AbortSignal, ask: Keystone = keystone(cloud)): Promise<Login> => {
  const answer = await ask({ method: 'POST', path: '/auth/tokens', body: authBody(cloud.auth) }, signal);
  if (answer.status === 401) throw new Fault('unauthenticated', 'Keystone does not take these credentials');
  const token = answer.headers['x-subject-token'];
  const body = tokenBody.safeParse(answer.body);
  if (answer.status !== 201 || typeof token !== 'string' || !body.success)
    throw unavailable(`status ${answer.status} to a login`);
  const { expires_at, issued_at, catalog = [], project } = body.data.token;
  return {
    token: new Secret(token),
    issuedAt: issued_at ?? new Date(),
    expiresAt: expires_at,
    projectId: project?.id ?? null,
    catalog,
  };
};

/** The URL of a service in a catalogue, if it is there. */
export const endpointIn = (
  catalog: readonly CatalogEntry[],
  type: string,
  { interface: wanted, region }: Pick<Cloud, 'interface' | 'region'>,
): string | null => {
  const endpoints = catalog.filter((entry) => entry.type === type).flatMap((entry) => entry.endpoints);
  const fits = endpoints.find((e) => e.interface === wanted && (region === null || e.region_id === region));
  return fits?.url ?? null;
};
