import { Secret } from './secret.ts';

type Interface = 'public' | 'internal' | 'admin';

/** How to sign in to a cloud, as `OS_*` or an entry of clouds.yaml tell it. */
export interface Cloud {
  /** Ends in /v3. */
  readonly authUrl: string;
  readonly auth: CloudAuth;
  readonly region: string | null;
  readonly interface: Interface;
  /** On which side a service asks Keystone: inside, unless told otherwise. */
  readonly identityInterface: Interface;
  /** File of the authorities that Keystone's certificate is checked against. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

interface Domain {
  readonly id?: string;
  readonly name?: string;
}

export interface User extends Domain {
  readonly domain?: Domain;
}

export type Wanted =
  | { readonly project: { readonly id?: string; readonly name?: string; readonly domain?: Domain } }
  | { readonly domain: Domain }
  | { readonly system: { readonly all: true } }
  | { readonly 'OS-TRUST:trust': { readonly id: string } }
  | null;

export type CloudAuth =
  | { readonly method: 'password'; readonly user: User; readonly password: Secret; readonly scope: Wanted }
  | {
      readonly method: 'application_credential';
      readonly id: string | null;
      readonly name: string | null;
      readonly user: User | null;
      readonly secret: Secret;
    }
  | { readonly method: 'token'; readonly token: Secret; readonly scope: Wanted };

/** Settings by their clouds.yaml names, from whichever source. */
export type CloudSettings = Readonly<Record<string, string | undefined>>;

/** The `auth` member of clouds.yaml and `OS_*` without its prefix have these names in common. */
export const authNames = [
  'auth_url',
  'username',
  'user_id',
  'password',
  'token',
  'project_name',
  'project_id',
  'domain_name',
  'domain_id',
  'user_domain_name',
  'user_domain_id',
  'project_domain_name',
  'project_domain_id',
  'default_domain',
  'system_scope',
  'application_credential_id',
  'application_credential_name',
  'application_credential_secret',
] as const;

/** Reads settings; what is missing comes back as sentences. */
export const cloudOf = (
  settings: CloudSettings,
): { readonly cloud: Cloud } | { readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const authUrl = settings['auth_url'];
  if (authUrl === undefined) problems.push('OS_AUTH_URL: missing');
  else if (!/^https?:\/\//.test(authUrl)) problems.push('OS_AUTH_URL: must be an http or https URL');
  const auth = authOf(settings, problems);
  if (authUrl === undefined || auth === null || problems.length > 0) return { problems };
  const wanted = interfaceOf(settings['interface']);
  return {
    cloud: {
      authUrl: apiUrl(authUrl),
      auth,
      region: settings['region_name'] ?? null,
      interface: wanted ?? 'public',
      identityInterface: wanted ?? 'internal',
      caFile: settings['cacert'] ?? null,
      certFile: settings['cert'] ?? null,
      keyFile: settings['key'] ?? null,
    },
  };
};

/** Of Keystone's version 3, whatever version or none a URL names. */
export const apiUrl = (url: string): string => url.replace(/\/+$/, '').replace(/(\/v(3|2\.0))?$/, '/v3');

const interfaceOf = (text: string | undefined): Interface | null =>
  text === 'public' || text === 'internal' || text === 'admin' ? text : null;

const authOf = (settings: CloudSettings, problems: string[]): CloudAuth | null => {
  const secret = settings['application_credential_secret'];
  const appCred = settings['application_credential_id'] ?? settings['application_credential_name'];
  if (secret !== undefined && appCred !== undefined) {
    const user = userOf(settings);
    return {
      method: 'application_credential',
      id: settings['application_credential_id'] ?? null,
      name: settings['application_credential_name'] ?? null,
      user,
      secret: new Secret(secret),
    };
  }
  const user = userOf(settings);
  const { password, token } = settings;
  const scope = scopeOf(settings);
  if (token !== undefined && user === null) return { method: 'token', token: new Secret(token), scope };
  if (user === null) problems.push('OS_USERNAME or OS_USER_ID: missing');
  if (password === undefined) problems.push('OS_PASSWORD: missing');
  return user === null || password === undefined
    ? null
    : { method: 'password', user, password: new Secret(password), scope };
};

const userOf = (settings: CloudSettings): User | null => {
  const { user_id: id, username: name } = settings;
  if (id !== undefined) return { id };
  return name === undefined ? null : { name, domain: domainOf(settings, 'user_domain') };
};

const scopeOf = (settings: CloudSettings): Wanted => {
  const { project_id: id, project_name: name } = settings;
  if (id !== undefined) return { project: { id } };
  if (name !== undefined) return { project: { name, domain: domainOf(settings, 'project_domain') } };
  if (settings['domain_id'] !== undefined || settings['domain_name'] !== undefined)
    return { domain: domainOf(settings, 'domain') };
  return settings['system_scope'] === 'all' ? { system: { all: true } } : null;
};

const domainOf = (settings: CloudSettings, prefix: string): Domain => {
  const id = settings[`${prefix}_id`];
  const name = settings[`${prefix}_name`];
  if (id !== undefined) return { id };
  return name !== undefined ? { name } : { id: settings['default_domain'] ?? 'default' };
};

/** The body of POST /v3/auth/tokens. Holds the secret in the clear: for sending alone. */
export const authBody = (auth: CloudAuth): object => {
  switch (auth.method) {
    case 'password': {
      const user = { ...auth.user, password: auth.password.reveal() };
      return { auth: { identity: { methods: ['password'], password: { user } }, scope: auth.scope ?? 'unscoped' } };
    }
    case 'application_credential': {
      const { id, name, user } = auth;
      const named = id === null ? { name, user } : { id };
      const credential = { ...named, secret: auth.secret.reveal() };
      return { auth: { identity: { methods: ['application_credential'], application_credential: credential } } };
    }
    case 'token': {
      const token = { id: auth.token.reveal() };
      return { auth: { identity: { methods: ['token'], token }, ...(auth.scope && { scope: auth.scope }) } };
    }
  }
};
