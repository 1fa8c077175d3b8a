import { authNames, type CloudSettings } from './cloud.ts';

/** An entry of clouds.yaml, its `auth` member among the others. */
export type CloudEntry = Readonly<Record<string, string>>;

/** Settings, or a sentence for each thing that is wrong with them. */
export type SettingsReading = { readonly settings: CloudSettings } | { readonly problems: readonly string[] };

/**
 * `OS_*` beside an entry of clouds.yaml, as openstackclient 6.0 combines them: who signs in and how he connects, the
 * environment decides; for project, domains and token the entry does, and the environment adds what it lacks. A domain
 * beside a project is that of both user and project, and a project outweighs `system_scope`.
 */
export const settingsFrom = (environment: CloudSettings, entry: CloudEntry | null): SettingsReading => {
  const given = fromEnvironment(environment);
  const outweighed = Object.entries(given).filter(
    ([name]) => entry?.[name] === undefined || !fromEntryFirst.test(name),
  );
  const settings = scoped({ ...entry, ...Object.fromEntries(outweighed) });
  return methodOnly({ ...settings, ...sided(settings['interface'] ?? entry?.['endpoint_type']) });
};

const fromEntryFirst = /^(token|((user_|project_)?domain|project)_(id|name))$/;

const fromEnvironment = (environment: CloudSettings): Readonly<Record<string, string>> => {
  const names = [...authNames, 'auth_type', 'region_name', 'interface', 'cacert', 'cert', 'key'];
  const found = names.map((name) => [name, environment[`OS_${name.toUpperCase()}`]] as const);
  const side = environment['OS_INTERFACE'] ?? environment['OS_ENDPOINT_TYPE'];
  return present([...found, ['interface', side]]);
};

/** An empty variable is as good as none. */
const present = (entries: readonly (readonly [string, string | undefined])[]): Record<string, string> =>
  Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])));

/** Old spellings end in URL: `publicURL`. */
const sided = (side: string | undefined): CloudSettings =>
  side === undefined ? {} : { interface: side.replace(/URL$/i, '') };

const scoped = (settings: CloudSettings): CloudSettings => {
  const { project_id: id, project_name: name, domain_id, domain_name, system_scope, ...rest } = settings;
  const both = present([
    ['domain_id', domain_id],
    ['domain_name', domain_name],
  ]);
  if (id === undefined && name === undefined)
    return { ...rest, ...both, ...(Object.keys(both).length === 0 && { system_scope }) };
  const spread = ['user_', 'project_']
    .filter((prefix) => rest[`${prefix}domain_id`] === undefined && rest[`${prefix}domain_name`] === undefined)
    .flatMap((prefix) => Object.entries(both).map(([key, value]) => [prefix + key, value] as const));
  return { ...rest, ...Object.fromEntries(spread), project_id: id, project_name: name };
};

interface Method {
  readonly needs: readonly string[];
  /** Other methods' settings, which would be taken for a wish to use those. */
  readonly ignores: readonly string[];
}
const credential = ['application_credential_id', 'application_credential_name', 'application_credential_secret'];
const password: Method = { needs: [], ignores: [...credential, 'token'] };
const token: Method = { needs: ['token'], ignores: [...credential, 'username', 'user_id', 'password'] };
const methods: ReadonlyMap<string, Method> = new Map([
  ['password', password],
  ['v3password', password],
  ['token', token],
  ['v3token', token],
  ['v3applicationcredential', { needs: ['application_credential_secret'], ignores: ['password', 'token'] }],
]);

/** Without a named method, the settings that are there tell. */
const methodOnly = ({ auth_type: type, ...settings }: CloudSettings): SettingsReading => {
  if (type === undefined) return { settings };
  const method = methods.get(type);
  if (method === undefined)
    return { problems: [`OS_AUTH_TYPE: ${JSON.stringify(type)} is none of ${[...methods.keys()].join(', ')}`] };
  const missing = method.needs.filter((name) => settings[name] === undefined);
  if (missing.length > 0) return { problems: missing.map((name) => `OS_${name.toUpperCase()}: missing`) };
  return { settings: Object.fromEntries(Object.entries(settings).filter(([name]) => !method.ignores.includes(name))) };
};
