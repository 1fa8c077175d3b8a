import { z } from 'zod';
import { passwordToken, requestJson } from './json-client.ts';
import { passwordOf, personas } from './personas.ts';

const ids = z.record(z.string(), z.string());

/** The ids of what was seeded, by name. */
export const seed = z.object({
  projects: ids,
  users: ids,
  roles: ids,
  /** Bob's `bob-rules`: member of alpha, by access rules only. */
  applicationCredential: z.object({ id: z.string(), secret: z.string() }),
  /** From bob to mallory, member of alpha, without impersonation. */
  trust: z.string(),
});
export type Seed = z.infer<typeof seed>;

export interface SeedOptions {
  /** Identity endpoint, with `/v3`. */
  readonly url: string;
  /** Of Igor's own user, who holds the role `service` on the project `service` and no other. */
  readonly igorPassword: string;
  readonly signal: AbortSignal;
}

/**
 * Puts projects, roles, users, an application credential and a trust into a bootstrapped Keystone. What is there stays.
 * Igor's service and its endpoints are left to `igor register`.
 */
export const seedKeystone = async ({ url, igorPassword, signal }: SeedOptions): Promise<Seed> => {
  const login = async (user: string, project: string): Promise<Ask> =>
    asker(url, await passwordToken({ url, user, password: passwordOf(user), project, signal }), signal);
  const admin = await login('admin', 'admin');
  const { users: earlier } = await admin.get('/users?name=igor', z.object({ users: z.array(named) }));

  const [roles, projects, users] = await Promise.all([
    ensureAll(admin, 'roles', ['reader', 'member', 'manager', 'admin', 'service'], () => ({})),
    ensureAll(admin, 'projects', ['admin', 'service', 'alpha', 'beta'], () => ({ domain_id: 'default' })),
    ensureAll(admin, 'users', [...userNames], (name) => ({
      domain_id: 'default',
      password: name === 'igor' ? igorPassword : passwordOf(name),
    })),
  ]);
  const id = { role: pick(roles), project: pick(projects), user: pick(users) };

  await Promise.all([
    // Not for the user made just now: a change of password also revokes the tokens of the second that follows.
    ...earlier.map(async (igor) => admin.patch(`/users/${igor.id}`, { user: { password: igorPassword } })),
    ...assignments.map(async ([user, role, where]) => {
      const place = where === 'system' || where === 'domains/default' ? where : `projects/${id.project(where)}`;
      await admin.put(`/${place}/users/${id.user(user)}/roles/${id.role(role)}`);
    }),
  ]);

  const bob = await login('bob', 'alpha');
  const [applicationCredential, trust] = await Promise.all([
    ensureApplicationCredential(bob, id.user('bob')),
    ensureTrust(bob, { trustor: id.user('bob'), trustee: id.user('mallory'), project: id.project('alpha') }),
  ]);
  return { projects, users, roles, applicationCredential, trust };
};

/** What belongs to no persona: three ways to set up a service user, and Igor's own. */
const serviceUsers = ['svc', 'svcadmin', 'svcreader', 'igor'] as const;
const userNames = new Set([...personas.map(({ name }) => name), ...serviceUsers]);

const assignments: readonly (readonly [user: string, role: string, where: string])[] = [
  ...personas.map(({ name, role, project }) => [name, role, project] as const),
  ['alice', 'admin', 'system'],
  ['alice', 'admin', 'domains/default'],
  ['svc', 'service', 'service'],
  ['svcadmin', 'admin', 'service'],
  ['svcreader', 'reader', 'system'],
  ['igor', 'service', 'service'],
];

/** Keystone as one user sees it. */
interface Ask {
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
  put(path: string): Promise<unknown>;
  patch(path: string, body: unknown): Promise<unknown>;
}

const asker = (url: string, token: string, signal: AbortSignal): Ask => ({
  get: async (path, schema) => requestJson('GET', url + path, schema, { token, signal }),
  post: async (path, body, schema) => requestJson('POST', url + path, schema, { token, body, signal }),
  put: async (path) => requestJson('PUT', url + path, z.unknown(), { token, signal }),
  patch: async (path, body) => requestJson('PATCH', url + path, z.unknown(), { token, body, signal }),
});

const named = z.object({ id: z.string(), name: z.string() });

/** The ids of all `names`, made where they are missing. */
const ensureAll = async (
  admin: Ask,
  collection: 'roles' | 'projects' | 'users',
  names: readonly string[],
  members: (name: string) => object,
): Promise<Record<string, string>> => {
  const single = collection.slice(0, -1);
  const listed = await admin.get(`/${collection}`, z.record(z.string(), z.unknown()));
  const found = new Map(
    z
      .array(named)
      .parse(listed[collection])
      .map(({ id, name }) => [name, id]),
  );
  const entries = names.map(async (name): Promise<readonly [string, string]> => {
    const existing = found.get(name);
    if (existing !== undefined) return [name, existing];
    const made = await admin.post(
      `/${collection}`,
      { [single]: { name, ...members(name) } },
      z.record(z.string(), named),
    );
    return [name, pickFrom(made, single).id];
  });
  return Object.fromEntries(await Promise.all(entries));
};

const ensureApplicationCredential = async (bob: Ask, bobId: string): Promise<Seed['applicationCredential']> => {
  const [name, secret, path] = ['bob-rules', 'bobsecret', `/users/${bobId}/application_credentials`];
  const { application_credentials: found } = await bob.get(
    `${path}?name=${name}`,
    z.object({ application_credentials: z.array(named) }),
  );
  if (found[0] !== undefined) return { id: found[0].id, secret };
  const access_rules = [
    { service: 'out-of-band', method: 'GET', path: '/v1/machines/**' },
    { service: 'out-of-band', method: 'POST', path: '/v1/machines/*/consoles' },
  ];
  const wanted = { name, secret, roles: [{ name: 'member' }], access_rules };
  const made = await bob.post(path, { application_credential: wanted }, z.object({ application_credential: named }));
  return { id: made.application_credential.id, secret };
};

const ensureTrust = async (
  bob: Ask,
  { trustor, trustee, project }: { readonly trustor: string; readonly trustee: string; readonly project: string },
): Promise<string> => {
  const one = z.object({ id: z.string() });
  const { trusts } = await bob.get(`/OS-TRUST/trusts?trustor_user_id=${trustor}`, z.object({ trusts: z.array(one) }));
  if (trusts[0] !== undefined) return trusts[0].id;
  const wanted = {
    trustor_user_id: trustor,
    trustee_user_id: trustee,
    project_id: project,
    impersonation: false,
    roles: [{ name: 'member' }],
  };
  return (await bob.post('/OS-TRUST/trusts', { trust: wanted }, z.object({ trust: one }))).trust.id;
};

const pickFrom = <T>(record: Readonly<Record<string, T>>, name: string): T => {
  const found = record[name];
  if (found === undefined) throw new Error(`Keystone did not tell of ${name}`);
  return found;
};

const pick =
  (record: Readonly<Record<string, string>>) =>
  (name: string): string =>
    pickFrom(record, name);
