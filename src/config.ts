import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { cloudOf, type Cloud } from './domain/cloud.ts';
import { cloudSettings } from './domain/clouds-file.ts';
import { keycloakMatches, keycloakOf, type Keycloak } from './domain/keycloak.ts';
import { Secret } from './domain/secret.ts';
import { rawAllowance } from './domain/raw-command.ts';
import { defaultNetworks } from './domain/target-networks.ts';
import { webhookNetworkList } from './domain/webhook-networks.ts';
import { networkList, originList, publicUrl } from './domain/web-address.ts';

const seconds = z.coerce.number().int().min(0);
/** `.meta` comes last: a wrapper put round it afterwards hides the mark. */
const secret = (description: string) =>
  z
    .string()
    .min(1)
    .transform((value) => new Secret(value))
    .optional()
    .meta({ secret: true, description });
const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'must be address:port, an IPv6 address in brackets');

/** Igor's own settings, by the names they have in the environment and in the YAML file. */
export const settings = z.strictObject({
  DATABASE_URL: secret('PostgreSQL 15 or later; without it an embedded one is started'),
  IGOR_LISTEN: listen.default('127.0.0.1:8080').describe('Address and port to serve on'),
  IGOR_METRICS_LISTEN: listen.default('127.0.0.1:9180').describe('Address and port of /metrics and /ready'),
  IGOR_PUBLIC_URL: publicUrl.optional().describe('Where clients reach it: registered, and used in links'),
  IGOR_TLS_CERT_FILE: z.string().optional().describe('Certificate with its chain, to serve TLS; read again on change'),
  IGOR_TLS_KEY_FILE: z.string().optional().describe('Its private key'),
  IGOR_TRUSTED_PROXIES: networkList
    .optional()
    .describe('Networks of the proxies that are believed, with commas between'),
  IGOR_PROXY_HEADERS: z
    .enum(['x-forwarded', 'forwarded'])
    .default('x-forwarded')
    .describe('What they set: X-Forwarded-*, or Forwarded (RFC 7239); the other is not looked at'),
  IGOR_CORS_ORIGINS: originList.optional().describe('Origins whose pages may ask, with commas between'),
  IGOR_POLICY_FILE: z
    .string()
    .optional()
    .describe('Rules that differ from the usual ones, in YAML; read again when it changes'),
  IGOR_RATE_LIMIT: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(6000)
    .describe('Requests that a user may make on a project in a minute, to this replica; 0: any number'),
  IGOR_MAX_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Connections that are served at a time; further ones are closed'),
  IGOR_DATA_DIR: z
    .string()
    .default('/var/lib/igor')
    .describe('What Igor keeps beside its database, and the embedded one'),
  IGOR_KEYRING_FILE: z.string().optional().describe('Keys that open stored credentials; made by `igor key new`'),
  IGOR_SERVICE_TYPE: z
    .string()
    .regex(/^[a-z][a-z-]*[a-z]$/, 'must be lower-case letters and hyphens')
    .default('out-of-band')
    .describe('Service type in the catalogue'),
  IGOR_TARGET_NETWORKS: z
    .string()
    .default(defaultNetworks.join(','))
    .describe('Networks in which controllers and hosts may be, with commas between'),
  IGOR_RAW_ALLOW: rawAllowance.describe('Commands that raw-command.run sends though they are dangerous: netfn:command'),
  IGOR_WWW_AUTHENTICATE_URI: z.url().optional().describe('Where a 401 sends clients; OS_AUTH_URL, if absent'),
  IGOR_TOKEN_CACHE_SECONDS: seconds
    .max(3600)
    .default(60)
    .describe('How long a validated token is trusted; 0: not at all'),
  IGOR_TOKEN_CACHE_ENTRIES: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Validated tokens kept'),
  IGOR_TOKEN_CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(65_536)
    .max(1_073_741_824)
    .default(33_554_432)
    .describe('Memory that they may take, about'),
  IGOR_REFUSED_TOKEN_LIMIT: z.coerce
    .number()
    .int()
    .min(0)
    .default(600)
    .describe('Tokens of one address that Keystone may refuse before it is asked about no more of them; 0: any number'),
  IGOR_KEYSTONE_SECONDS: seconds.min(1).max(60).default(10).describe('Within so many Keystone has to answer'),
  IGOR_APPROVAL_MINUTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(120)
    .default(10)
    .describe('Minutes within which a second person must approve a break-glass request'),
  IGOR_KEYCLOAK_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Keycloak behind the identity provider, without the realm; without it federated users are as Keystone says',
    ),
  IGOR_KEYCLOAK_REALM: z.string().min(1).optional().describe('Its realm'),
  IGOR_KEYCLOAK_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe('Client of that realm whose service account may view-users'),
  IGOR_KEYCLOAK_CLIENT_SECRET: secret("That client's secret"),
  IGOR_KEYCLOAK_CA_FILE: z
    .string()
    .optional()
    .describe("Certificates that Keycloak is known by; the system's, if absent"),
  IGOR_KEYCLOAK_MATCH: z
    .enum(keycloakMatches)
    .default('username')
    .describe("What Keystone's user name is in Keycloak, by the mapping: username, email or id"),
  IGOR_KEYCLOAK_IDP: z
    .string()
    .optional()
    .describe("Keystone's id of the identity provider whose users are Keycloak's; every one, if absent"),
  IGOR_KEYCLOAK_DOMAIN: z
    .string()
    .optional()
    .describe("Id of a domain whose users are all Keycloak's, with application credentials and trusts too"),
  IGOR_OBSERVE_SECONDS: seconds
    .max(86_400)
    .default(60)
    .describe('Interval at which each controller is observed; 0: never'),
  IGOR_CONTROLLER_SESSIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(8)
    .default(2)
    .describe('Sessions on one controller at a time, unless it has max_sessions: one for reads, one for changes'),
  IGOR_SESSION_IDLE_SECONDS: seconds
    .max(3600)
    .default(90)
    .describe('How long a session stays open after its last use; 0: it is closed at once'),
  IGOR_WARM_SESSIONS: z.coerce
    .number()
    .int()
    .min(8)
    .max(100_000)
    .default(1500)
    .describe('Sessions of this replica on all controllers together; those unused for longest give way'),
  IGOR_NETWORK_SECONDS: seconds
    .min(1)
    .max(30)
    .default(20)
    .describe('How long a controller may take to be heard again after a change of its network'),
  IGOR_NETWORK_HOURS: seconds
    .min(1)
    .max(8_760)
    .default(72)
    .describe('How long Igor goes on looking for a controller that was lost by a change of its network'),
  IGOR_DRAIN_SECONDS: seconds
    .max(600)
    .default(0)
    .describe('How long a stop goes on serving while it is not ready, for a load balancer to look elsewhere'),
  IGOR_STOP_SECONDS: seconds.min(1).max(600).default(30).describe('How long a stop waits for what runs'),
  IGOR_REGISTER_CLOUD: z.string().optional().describe('Entry of clouds.yaml with admin credentials, for registration'),
  IGOR_AUDIT_READS: z.stringbool().default(false).describe('Whether plain reads have a row in the journal too'),
  IGOR_AUDIT_CHAIN_SECONDS: seconds
    .max(3600)
    .default(10)
    .describe('Interval at which the journal is chained under a key of the keyring; 0: never'),
  IGOR_AUDIT_RETENTION_DAYS: seconds
    .max(36_500)
    .default(0)
    .describe('Days after which rows of the journal are removed; 0: never'),
  IGOR_EXECUTION_RETENTION_DAYS: seconds
    .max(36_500)
    .default(90)
    .describe('Days after which executions are removed with their output; 0: never'),
  IGOR_OPERATION_RETENTION_DAYS: seconds
    .max(36_500)
    .default(90)
    .describe('Days after which operations on sets are removed with what became of their targets; 0: never'),
  IGOR_BLAST_RADIUS: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(10)
    .describe('More machines than so many are changed at once only with the hash of a plan; 0: any number is'),
  IGOR_POWER_ON_STAGGER_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(100)
    .describe('Milliseconds between two machines of a set that are powered on, unless the caller says'),
  IGOR_ARCHIVE_RETENTION_DAYS: seconds
    .max(36_500)
    .default(365)
    .describe('Days after which archives of cleared event logs are removed; 0: never'),
  IGOR_EVENT_RETENTION_DAYS: seconds
    .min(1)
    .max(3650)
    .default(7)
    .describe('Days after which events are removed; a stream can be resumed for so long'),
  IGOR_EVENT_LOG_SECONDS: seconds
    .max(86_400)
    .refine((interval) => interval === 0 || interval >= 10, 'must be 0, or at least 10')
    .default(300)
    .describe("Interval at which each machine's event log is looked at for new entries, to tell of them; 0: never"),
  IGOR_WEBHOOK_NETWORKS: webhookNetworkList
    .default('public')
    .describe('Networks to which events may be sent, with commas between; public: all that anybody can reach'),
  IGOR_WEBHOOK_HTTP: z.stringbool().default(false).describe('Whether events may be sent over http://, in the clear'),
  IGOR_WEBHOOK_CA_FILE: z
    .string()
    .optional()
    .describe("Certificates that receivers of events are known by, beside the usual authorities'"),
  IGOR_DELIVERY_RETENTION_DAYS: seconds
    .min(1)
    .max(3650)
    .default(14)
    .describe('Days after which ended deliveries of events are removed'),
  IGOR_SAMPLE_SECONDS: seconds
    .max(86_400)
    .refine((interval) => interval === 0 || interval >= 10, 'must be 0, or at least 10')
    .default(0)
    .describe("Interval at which each machine's sensors are read and kept; 0: what somebody reads is kept"),
  IGOR_SAMPLE_RETENTION_HOURS: seconds
    .min(1)
    .max(8784)
    .default(24)
    .describe('Hours after which kept readings of sensors are removed; of a machine, 2000 are kept at most'),
  IGOR_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least that is logged'),
});
export type Settings = z.output<typeof settings>;

export interface Config {
  readonly settings: Settings;
  /** The service user's; null for a word that does not speak as it. */
  readonly cloud: Cloud | null;
  /** The admin's, for registration, if configured. */
  readonly registerCloud: Cloud | null;
  /** Whose users are looked up, if configured. */
  readonly keycloak: Keycloak | null;
}

/** The configuration, or every fault in it, each naming its setting. */
export type Reading = { readonly config: Config } | { readonly problems: readonly string[] };

type Environment = Record<string, string | undefined>;

/** Keystone's secrets, which have no place in a process's environment once they are read. */
const cloudSecrets = ['OS_PASSWORD', 'OS_TOKEN', 'OS_APPLICATION_CREDENTIAL_SECRET'] as const;
/** Read elsewhere in this project, by programs that pass their environment on. */
const foreign = /^IGOR_(CONFIG_FILE|(DEMO|TEST|BENCH)_.*)$/;

/**
 * Reads the environment over the YAML file, once, and removes from the environment what is secret. A word that does not
 * speak as the service user needs no `cloud`.
 */
export const readConfig = (options: { readonly cloud: boolean }, environment: Environment = process.env): Reading => {
  const problems: string[] = [];
  const source: Environment = { ...yamlFile(environment['IGOR_CONFIG_FILE'], problems), ...present(environment) };
  for (const name of secretNames) readSecretFile(name, source, problems);
  const secrets = [...secretNames, ...cloudSecrets];
  for (const name of secrets) Reflect.deleteProperty(environment, name);

  const own = Object.entries(source).filter(([name]) => name in settings.shape || isOurs(name));
  const parsed = settings.safeParse(Object.fromEntries(own));
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap(sentences));

  if ((source['IGOR_TLS_CERT_FILE'] === undefined) !== (source['IGOR_TLS_KEY_FILE'] === undefined))
    problems.push('IGOR_TLS_CERT_FILE, IGOR_TLS_KEY_FILE: one is of no use without the other');

  const registerName = source['IGOR_REGISTER_CLOUD'];
  const registerCloud =
    registerName === undefined
      ? null
      : readCloud({ OS_CLIENT_CONFIG_FILE: source['OS_CLIENT_CONFIG_FILE'] }, registerName, problems);
  const cloud = options.cloud ? readCloud(source, source['OS_CLOUD'], problems) : null;
  if (parsed.success && parsed.data.IGOR_AUDIT_RETENTION_DAYS > 0 && parsed.data.IGOR_AUDIT_CHAIN_SECONDS === 0)
    problems.push('IGOR_AUDIT_RETENTION_DAYS: only what is chained is removed; set IGOR_AUDIT_CHAIN_SECONDS too');
  const caFile = parsed.success ? parsed.data.IGOR_WEBHOOK_CA_FILE : undefined;
  if (caFile !== undefined && !existsSync(caFile)) problems.push(`IGOR_WEBHOOK_CA_FILE: there is no ${caFile}`);
  const keycloak = parsed.success ? readKeycloak(parsed.data, problems) : null;
  if (problems.length > 0 || !parsed.success) return { problems };
  return { config: Object.freeze({ settings: Object.freeze(parsed.data), cloud, registerCloud, keycloak }) };
};

/** A cloud by `OS_*`, or by its name in clouds.yaml. */
export const readCloud = (given: Environment, name: string | undefined, problems: string[]): Cloud | null => {
  const env = { ...given };
  for (const secret of cloudSecrets) readSecretFile(secret, env, problems);
  const directories = ['.', join(homedir(), '.config/openstack'), '/etc/openstack'];
  const text = (file: string): string | undefined =>
    directories
      .map((directory) => join(directory, file))
      .filter(existsSync)
      .map((path) => readFileSync(path, 'utf8'))[0];
  const named = env['OS_CLIENT_CONFIG_FILE'];
  const cloudsYaml = named === undefined ? text('clouds.yaml') : readFileSync(named, 'utf8');
  const secureYaml = text('secure.yaml');
  const read = cloudSettings({
    env,
    ...(cloudsYaml !== undefined && { cloudsYaml }),
    ...(secureYaml !== undefined && { secureYaml }),
    ...(name !== undefined && { cloud: name }),
  });
  const cloud = 'problems' in read ? read : cloudOf(read.settings);
  if ('cloud' in cloud) return cloud.cloud;
  problems.push(...cloud.problems);
  return null;
};

const readKeycloak = (given: Settings, problems: string[]): Keycloak | null => {
  const read = keycloakOf(given);
  if ('problems' in read) problems.push(...read.problems);
  const { IGOR_KEYCLOAK_CA_FILE: caFile } = given;
  if (caFile !== undefined && !existsSync(caFile)) problems.push(`IGOR_KEYCLOAK_CA_FILE: there is no ${caFile}`);
  return 'problems' in read ? null : read.keycloak;
};

const secretNames = Object.entries(settings.shape)
  .filter(([, schema]) => schema.meta()?.['secret'] === true)
  .map(([name]) => name);

const isOurs = (name: string): boolean => name.startsWith('IGOR_') && !foreign.test(name) && !secretFile(name);

const secretFile = (name: string): boolean => secretNames.some((secretName) => name === `${secretName}_FILE`);

/** An empty variable is as good as none. */
const present = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));

const yamlFile = (path: string | undefined, problems: string[]): Environment => {
  if (path === undefined || path === '') return {};
  try {
    const entries = z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .parse(parse(readFileSync(path, 'utf8')) ?? {});
    return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    problems.push(
      `IGOR_CONFIG_FILE: ${path} is not a YAML map of settings (${error instanceof Error ? error.message.split('\n')[0] : ''})`,
    );
    return {};
  }
};

/** A secret may be given as the name of a file that holds it. */
const readSecretFile = (name: string, source: Environment, problems: string[]): void => {
  const path = source[`${name}_FILE`];
  if (path === undefined || source[name] !== undefined) return;
  try {
    source[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch {
    problems.push(`${name}_FILE: ${path} cannot be read`);
  }
};

const sentences = (issue: z.core.$ZodIssue): readonly string[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => `${key}: there is no such setting`)
    : [`${issue.path.join('.')}: ${issue.message}`];
