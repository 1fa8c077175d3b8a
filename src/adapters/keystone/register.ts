import { z } from 'zod';
import type { Secret } from '../../domain/secret.ts';
import { Fault } from '../../domain/fault.ts';
import { unhelpful } from './failure.ts';
import type { Keystone, KeystoneRequest } from './http.ts';

export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Unversioned. */
  readonly url: string;
  readonly region: string;
  /** Whether an endpoint that is there with another URL is rewritten. */
  readonly rewrite: boolean;
  /** Also the project `service`, this user in it and his role `service`. */
  readonly user: { readonly name: string; readonly password: Secret } | null;
}

const interfaces = ['public', 'internal', 'admin'] as const;
const thing = z.object({ id: z.string(), name: z.string().optional() });
const endpoint = z.object({ id: z.string(), interface: z.string(), region_id: z.string().nullish(), url: z.string() });

/** Puts the service into the catalogue, idempotently, with an admin's token; a sentence for each thing that it changed. */
export const register = async (
  ask: Keystone,
  token: Secret,
  wanted: Registration,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const done: string[] = [];
  const call = asking(ask, token, signal);
  const ensure = async (
    collection: string,
    query: string,
    singular: string,
    body: object,
    what: string,
  ): Promise<string> => {
    const [there] = await call.list(collection, query);
    if (there !== undefined) return there.id;
    done.push(`created ${what}`);
    return call.create(collection, singular, body);
  };

  const { type, name, url, region, rewrite, user } = wanted;
  if (!(await call.list('regions', '')).some(({ id }) => id === region)) {
    await call.create('regions', 'region', { id: region });
    done.push(`created region ${region}`);
  }
  const service = await ensure(
    'services',
    `?type=${encodeURIComponent(type)}`,
    'service',
    { type, name, description: 'Out-of-band gateway' },
    `service ${name} of type ${type}`,
  );
  const there = z
    .array(endpoint)
    .parse(await call.list('endpoints', `?service_id=${service}&region_id=${encodeURIComponent(region)}`));
  for (const side of interfaces) {
    const found = there.find((candidate) => candidate.interface === side);
    const body = { interface: side, region_id: region, url, service_id: service };
    if (found === undefined) {
      await call.create('endpoints', 'endpoint', body);
      done.push(`created the ${side} endpoint ${url}`);
    } else if (found.url !== url && rewrite) {
      await call.send({ method: 'PATCH', path: `/endpoints/${found.id}`, body: { endpoint: { url } } }, [200]);
      done.push(`changed the ${side} endpoint from ${found.url} to ${url}`);
    }
  }
  if (user !== null) await ensureUser(call, ensure, user, done);
  return done;
};

type Ensure = (collection: string, query: string, singular: string, body: object, what: string) => Promise<string>;
type Asking = ReturnType<typeof asking>;

const ensureUser = async (
  call: Asking,
  ensure: Ensure,
  { name, password }: NonNullable<Registration['user']>,
  done: string[],
): Promise<void> => {
  const domain_id = 'default';
  const project = await ensure(
    'projects',
    '?name=service&domain_id=default',
    'project',
    { name: 'service', domain_id },
    'project service',
  );
  const role = await ensure('roles', '?name=service', 'role', { name: 'service' }, 'role service');
  const query = `?name=${encodeURIComponent(name)}&domain_id=default`;
  const body = { name, domain_id, password: password.reveal(), default_project_id: project };
  const user = await ensure('users', query, 'user', body, `user ${name}`);
  const grant = `/projects/${project}/users/${user}/roles/${role}`;
  if ((await call.send({ method: 'HEAD', path: grant }, [200, 204, 404])).status !== 404) return;
  await call.send({ method: 'PUT', path: grant }, [204]);
  done.push(`gave ${name} the role service on project service`);
};

const asking = (ask: Keystone, token: Secret, signal: AbortSignal) => {
  const send = async (request: KeystoneRequest, expected: readonly number[]) => {
    const answer = await ask({ ...request, token }, signal);
    if (answer.status === 401) throw new Fault('unauthenticated', 'Keystone does not take this token');
    if (answer.status === 403)
      throw new Fault('forbidden', `Keystone does not let this user ${request.method} ${request.path}; an admin may`);
    if (!expected.includes(answer.status)) throw unhelpful(answer, `${request.method} ${request.path}`);
    return answer;
  };
  return {
    send,
    async list(collection: string, query: string): Promise<readonly z.infer<typeof thing>[]> {
      const answer = await send({ method: 'GET', path: `/${collection}${query}` }, [200]);
      const body = z.record(z.string(), z.unknown()).parse(answer.body);
      return z.array(z.looseObject(thing.shape)).parse(body[collection]);
    },
    async create(collection: string, singular: string, body: object): Promise<string> {
      const answer = await send({ method: 'POST', path: `/${collection}`, body: { [singular]: body } }, [201]);
      return thing.parse(z.record(z.string(), z.unknown()).parse(answer.body)[singular]).id;
    },
  };
};
