import { authBody, type Cloud } from '../../domain/cloud.ts';
import { Fault } from '../../domain/fault.ts';
import { Secret } from '../../domain/secret.ts';
import { garbled, unhelpful } from './failure.ts';
import { keystone, type Keystone } from './http.ts';
import { tokenBody, type CatalogEntry } from './token-body.ts';

/** A token of one's own, with the catalogue that came with it. */
export interface Login {
  readonly token: Secret;
  readonly userId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly projectId: string | null;
  readonly roles: readonly string[];
  readonly catalog: readonly CatalogEntry[];
}

/** Signs in. Faults: `unauthenticated` when Keystone does not take the credentials, and those of a Keystone in trouble. */
export const login = async (cloud: Cloud, signal: AbortSignal, ask: Keystone = keystone(cloud)): Promise<Login> => {
  const answer = await ask({ method: 'POST', path: '/auth/tokens', body: authBody(cloud.auth) }, signal);
  if (answer.status === 401) throw new Fault('unauthenticated', 'Keystone does not take these credentials');
  if (answer.status !== 201) throw unhelpful(answer, 'a login');
  const token = answer.headers['x-subject-token'];
  const body = tokenBody.safeParse(answer.body);
  if (typeof token !== 'string' || !body.success) throw garbled('an odd body to a login');
  const { user, expires_at, issued_at, catalog = [], project, roles = [] } = body.data.token;
  return {
    token: new Secret(token),
    userId: user.id,
    issuedAt: issued_at ?? new Date(),
    expiresAt: expires_at,
    projectId: project?.id ?? null,
    roles: roles.map(({ name }) => name),
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
