import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import supertest from 'supertest';
import { passwordToken } from '../../deploy/demo/json-client.ts';
import { passwordOf, personas } from '../../deploy/demo/personas.ts';
import { makeKeyring } from '../../src/adapters/keyring.ts';
import { registerWith } from '../../src/catalogue.ts';
import { readConfig } from '../../src/config.ts';
import { cloudOf, type Cloud } from '../../src/domain/cloud.ts';
import { serve, type Service } from '../../src/serve.ts';
import { watchAnswers } from './answers.ts';
import { database } from './database.ts';
import { keystone, scratch } from './parts.ts';

/** Igor in this process, on real parts, with a database of its own. */
export interface TestIgor {
  readonly url: string;
  readonly metricsUrl: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** What it logged, a parsed line each. */
  readonly logged: readonly Record<string, unknown>[];
  /** The log as it was written. */
  logText(): string;
  as(persona: string): Promise<Client>;
  stop(): Promise<void>;
}

/** Asks as a persona; `null` asks without a token. */
export interface Client {
  readonly token: string;
  get(path: string): supertest.Test;
  post(path: string, body?: object): supertest.Test;
  put(path: string, body?: object): supertest.Test;
  patch(path: string, body?: object): supertest.Test;
  delete(path: string): supertest.Test;
}

/** Of the run: tokens are dear, and every file asks as the same personas. */
const tokens = new Map<string, Promise<string>>();

/** A project-scoped token of a persona, one for the whole run. */
export const tokenOf = async (persona: string): Promise<string> => {
  const project = personas.find(({ name }) => name === persona)?.project ?? 'alpha';
  const { url } = await keystone();
  const login = { url, user: persona, password: passwordOf(persona), project, signal: AbortSignal.timeout(30_000) };
  const token = tokens.get(persona) ?? passwordToken(login);
  tokens.set(persona, token);
  return token;
};

export const clientOf = (url: string, token: string | null): Client => {
  const agent = supertest(url);
  const signed = (test: supertest.Test): supertest.Test => (token === null ? test : test.set('X-Auth-Token', token));
  return {
    token: token ?? '',
    get: (path) => signed(agent.get(path)),
    post: (path, body = {}) => signed(agent.post(path)).send(body),
    put: (path, body = {}) => signed(agent.put(path)).send(body),
    patch: (path, body = {}) => signed(agent.patch(path)).send(body),
    delete: (path) => signed(agent.delete(path)),
  };
};

/** The environment of a service on real parts. */
export const testEnvironment = async (
  changes: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> => {
  const { url, igorPasswordFile } = await keystone();
  const dataDir = changes['IGOR_DATA_DIR'] ?? (await scratch('igor'));
  const environment = {
    OS_AUTH_URL: url,
    OS_USERNAME: 'igor',
    OS_PASSWORD_FILE: igorPasswordFile,
    OS_PROJECT_NAME: 'service',
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    OS_REGION_NAME: 'RegionOne',
    DATABASE_URL: changes['DATABASE_URL'] ?? (await database()),
    IGOR_LISTEN: '127.0.0.1:0',
    IGOR_METRICS_LISTEN: '127.0.0.1:0',
    IGOR_PUBLIC_URL: 'http://igor.test:8080',
    IGOR_DATA_DIR: dataDir,
    IGOR_KEYRING_FILE: `${dataDir}/keyring.json`,
    IGOR_TARGET_NETWORKS: '127.0.0.0/8,::1/128',
    IGOR_OBSERVE_SECONDS: '0',
    IGOR_EVENT_LOG_SECONDS: '0',
    IGOR_STOP_SECONDS: '5',
    ...changes,
  };
  if (!existsSync(environment.IGOR_KEYRING_FILE)) await makeKeyring(environment.IGOR_KEYRING_FILE);
  return environment;
};

export const startIgor = async (changes: Readonly<Record<string, string>> = {}): Promise<TestIgor> => {
  const environment = await testEnvironment(changes);
  const { DATABASE_URL: databaseUrl = '', IGOR_DATA_DIR: dataDir = '' } = environment;
  const reading = readConfig({ cloud: true }, environment);
  if ('problems' in reading) throw new Error(reading.problems.join('\n'));
  const lines: string[] = [];
  const log: Logger = pino({ level: 'debug', base: null }, { write: (line: string) => void lines.push(line) });
  const service: Service = await serve(reading.config, log);
  const url = `http${environment['IGOR_TLS_CERT_FILE'] === undefined ? '' : 's'}://${service.address}`;
  const unwatch = await watch(url, environment['IGOR_PUBLIC_URL'] ?? '');
  return {
    url,
    metricsUrl: `http://${service.metricsAddress}`,
    databaseUrl,
    dataDir,
    get logged() {
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    logText: () => lines.join(''),
    as: async (persona) => clientOf(url, await tokenOf(persona)),
    async stop() {
      await service.stop();
      unwatch();
    },
  };
};

/** Holds every answer to the document that this Igor serves. */
const watch = async (url: string, publicUrl: string): Promise<() => void> => {
  const { text } = await supertest(url).get('/openapi.json').disableTLSCerts().expect(200);
  const prefix = URL.canParse(publicUrl) ? new URL(publicUrl).pathname.replace(/\/$/, '') : '';
  return watchAnswers(Number(new URL(url).port), text, prefix);
};

/** Keystone's first admin, who may register. */
const adminCloud = async (): Promise<Cloud> => {
  const { url } = await keystone();
  const read = cloudOf({
    auth_url: url,
    username: 'admin',
    password: passwordOf('admin'),
    project_name: 'admin',
    user_domain_id: 'default',
    project_domain_id: 'default',
    region_name: 'RegionOne',
  });
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read.cloud;
};

export const registerTest = async (url: string, rewrite = true): Promise<readonly string[]> =>
  registerWith(await adminCloud(), { url, type: 'out-of-band', rewrite, user: null });

/** A name that no other test has. */
export const freshName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`;
