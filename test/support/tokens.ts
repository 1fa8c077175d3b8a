import { dirname } from 'node:path';
import { passwordToken, requestJson } from '../../deploy/demo/json-client.ts';
import { passwordOf } from '../../deploy/demo/personas.ts';
import { run } from '../../deploy/demo/processes.ts';
import { z } from 'zod';
import { freshName } from './igor.ts';
import { keystone } from './parts.ts';

const waitMs = 30_000;

/** A token of the real Keystone that nobody has seen yet. */
export const freshToken = async (user = 'bob', project = 'alpha'): Promise<string> => {
  const { url } = await keystone();
  return passwordToken({ url, user, password: passwordOf(user), project, signal: AbortSignal.timeout(waitMs) });
};

/** With a user's password, and a scope as Keystone's API has it. */
export const scopedToken = async (user: string, scope: unknown): Promise<string> => {
  const password = { user: { name: user, domain: { id: 'default' }, password: passwordOf(user) } };
  return login({ identity: { methods: ['password'], password }, scope });
};

export const unscopedToken = async (user: string): Promise<string> => scopedToken(user, 'unscoped');
export const domainToken = async (user: string): Promise<string> => scopedToken(user, { domain: { id: 'default' } });
export const systemToken = async (user: string): Promise<string> => scopedToken(user, { system: { all: true } });

export interface CredentialOptions {
  readonly roles?: readonly string[];
  readonly accessRules?: readonly { readonly service: string; readonly method: string; readonly path: string }[];
  readonly expiresAt?: Date;
}

/** An application credential of a user on a project. */
export const applicationCredential = async (
  user = 'bob',
  project = 'alpha',
  { roles = ['member'], accessRules, expiresAt }: CredentialOptions = {},
): Promise<{ readonly id: string; readonly secret: string }> => {
  const { seed } = await keystone();
  const wanted = {
    name: freshName('made'),
    roles: roles.map((name) => ({ name })),
    ...(accessRules && { access_rules: accessRules }),
    ...(expiresAt && { expires_at: expiresAt.toISOString().replace('Z', '') }),
  };
  const made = await asUser(user, project, 'POST', `/users/${seed.users[user] ?? ''}/application_credentials`, {
    application_credential: wanted,
  });
  return z.object({ application_credential: z.object({ id: z.string(), secret: z.string() }) }).parse(made)
    .application_credential;
};

export const credentialToken = async ({ id, secret }: { readonly id: string; readonly secret: string }) =>
  login({ identity: { methods: ['application_credential'], application_credential: { id, secret } } });

/** Mallory's, with bob's rights on alpha. */
export const trustToken = async (trust: string): Promise<string> => {
  const token = { id: await unscopedToken('mallory') };
  return login({ identity: { methods: ['token'], token }, scope: { 'OS-TRUST:trust': { id: trust } } });
};

/** From bob to mallory, on alpha. */
export const makeTrust = async (impersonation: boolean): Promise<string> => {
  const { seed } = await keystone();
  const { users, projects } = seed;
  const wanted = {
    trustor_user_id: users['bob'],
    trustee_user_id: users['mallory'],
    project_id: projects['alpha'],
    impersonation,
    roles: [{ name: 'member' }],
  };
  const made = await asUser('bob', 'alpha', 'POST', '/OS-TRUST/trusts', { trust: wanted });
  return z.object({ trust: z.object({ id: z.string() }) }).parse(made).trust.id;
};

/** A question to the real Keystone by a user; what it answers. */
export const asUser = async (
  user: string,
  project: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
): Promise<unknown> => {
  const { url } = await keystone();
  const token = await freshToken(user, project);
  return requestJson(method, url + path, z.unknown(), {
    token,
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(waitMs),
  });
};

/** A project-scoped token that ends so many seconds from now, or ended as long ago: made with Keystone's own keys. */
export const mintedToken = async (user: string, project: string, seconds: number): Promise<string> => {
  const { igorPasswordFile, seed } = await keystone();
  const ids = [seed.users[user] ?? '', seed.projects[project] ?? ''];
  const args = ['-W', 'ignore', '-c', mint, dirname(igorPasswordFile), ...ids, String(seconds)];
  const said = await run('/usr/bin/python3', args, { signal: AbortSignal.timeout(waitMs) });
  return said.trim().split('\n').at(-1) ?? '';
};

const mint = `
import base64, sys, uuid
from datetime import datetime, timedelta
import keystone.conf, keystone.server
directory, user, project, seconds = sys.argv[1:5]
keystone.conf.configure()
keystone.conf.CONF(['--config-file', directory + '/keystone.conf'], project='keystone', default_config_files=[])
from keystone.token import token_formatters
ends = (datetime.utcnow() + timedelta(seconds=float(seconds))).strftime('%Y-%m-%dT%H:%M:%S.000000Z')
audit = [base64.urlsafe_b64encode(uuid.uuid4().bytes)[:-2].decode()]
print(token_formatters.TokenFormatter().create_token(user_id=user, expires_at=ends, audit_ids=audit,
    payload_class=token_formatters.ProjectScopedPayload, methods=['password'], project_id=project))
`;

const login = async (auth: object): Promise<string> => {
  const { url } = await keystone();
  const answer = await fetch(`${url}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
    signal: AbortSignal.timeout(waitMs),
  });
  const token = answer.headers.get('x-subject-token');
  if (token === null) throw new Error(`Keystone answered ${answer.status} to a login`);
  return token;
};
