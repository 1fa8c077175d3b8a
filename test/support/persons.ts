import { z } from 'zod';
import { passwordToken, requestJson } from '../../deploy/demo/json-client.ts';
import { freshName, tokenOf } from './igor.ts';
import { keystone } from './parts.ts';

/** Somebody whom no other test knows, in a project of his own: he may be disabled, and lose his roles. */
export interface Somebody {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly projectName: string;
  /** A token that nobody has seen yet. */
  token(): Promise<string>;
  give(role: string): Promise<void>;
  take(role: string): Promise<void>;
  enable(is: boolean): Promise<void>;
  enableProject(is: boolean): Promise<void>;
  delete(): Promise<void>;
}

const one = z.object({ id: z.string() });
const roleList = z.object({ roles: z.array(z.object({ id: z.string(), name: z.string() })) });

export const somebody = async (role = 'member'): Promise<Somebody> => {
  const { url } = await keystone();
  const token = await tokenOf('admin');
  const admin = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object) =>
    requestJson(method, url + path, z.unknown(), {
      token,
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(30_000),
    });
  const [name, projectName] = [freshName('person'), freshName('project')];
  const password = `${name}pw`;
  const { user } = z.object({ user: one }).parse(await admin('POST', '/users', { user: { name, password } }));
  const { project } = z
    .object({ project: one })
    .parse(await admin('POST', '/projects', { project: { name: projectName, domain_id: 'default' } }));
  const { roles } = roleList.parse(await admin('GET', '/roles'));
  const assign = async (method: 'PUT' | 'DELETE', wanted: string): Promise<void> => {
    const id = roles.find((candidate) => candidate.name === wanted)?.id ?? '';
    await admin(method, `/projects/${project.id}/users/${user.id}/roles/${id}`);
  };
  await assign('PUT', role);
  return {
    id: user.id,
    name,
    projectId: project.id,
    projectName,
    token: async () =>
      passwordToken({ url, user: name, password, project: projectName, signal: AbortSignal.timeout(30_000) }),
    give: async (wanted) => assign('PUT', wanted),
    take: async (wanted) => assign('DELETE', wanted),
    enable: async (enabled) => {
      await admin('PATCH', `/users/${user.id}`, { user: { enabled } });
    },
    enableProject: async (enabled) => {
      await admin('PATCH', `/projects/${project.id}`, { project: { enabled } });
    },
    delete: async () => {
      await admin('DELETE', `/users/${user.id}`);
    },
  };
};
