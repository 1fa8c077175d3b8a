import { createReadStream } from 'node:fs';
import { homedir } from 'node:os';
import { keystone } from '../adapters/keystone/http.ts';
import { login } from '../adapters/keystone/login.ts';
import { ownToken } from '../adapters/keystone/own-token.ts';
import { readCredentials } from '../cli/credentials.ts';
import type { Identity } from '../domain/caller.ts';
import { cloudOf, type Cloud, type CloudSettings } from '../domain/cloud.ts';
import { settingsFrom } from '../domain/cloud-settings.ts';
import { Fault } from '../domain/fault.ts';
import { personas, withRoles, type Place } from '../domain/policy-personas.ts';
import { Secret } from '../domain/secret.ts';

interface Told {
  readonly persona?: string | undefined;
  readonly as?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly 'token-stdin'?: boolean | undefined;
}

/** Who is asked about. Faults: `invalid-input`, and those of a login. */
export const whoIs = async (told: Told, env: CloudSettings): Promise<Identity> => {
  const ways = [told.persona, told.as, told['token-file'], told['token-stdin']].filter((way) => way !== undefined);
  if (ways.length > 1) throw new Fault('invalid-input', '--persona, --as, --token-file, --token-stdin: one of them');
  if (told.persona !== undefined) return personaOf(told.persona);
  if (told.as !== undefined) return identityAs(told.as);
  const signal = AbortSignal.timeout(30_000);
  const { cloud, token } = await tokenOf(told, env, signal);
  // What is limited by access rules is of no matter to the policy.
  return ownToken(keystone(cloud), token, '', signal);
};

const personaOf = (name: string): Identity => {
  const found = Object.hasOwn(personas, name) ? personas[name] : undefined;
  if (found === undefined)
    throw new Fault('invalid-input', `--persona: there is no ${name}; there are ${Object.keys(personas).join(', ')}`);
  return found;
};

/** `member,reader@alpha`; without a place in some project. */
const identityAs = (given: string): Identity => {
  const at = given.indexOf('@');
  const roles = (at === -1 ? given : given.slice(0, at)).split(',').filter((role) => role !== '');
  return withRoles(roles, placeOf(at === -1 ? 'a-project' : given.slice(at + 1)));
};

const placeOf = (place: string): Place => {
  if (place === 'system') return { kind: 'system' };
  if (place === '') return { kind: 'nothing' };
  return place.startsWith('domain:')
    ? { kind: 'domain', id: place.slice('domain:'.length) }
    : { kind: 'project', id: place };
};

const tokenOf = async (
  told: Told,
  env: CloudSettings,
  signal: AbortSignal,
): Promise<{ readonly cloud: Cloud; readonly token: Secret }> => {
  const given = await givenToken(told);
  if (given === null) {
    const { cloud, lacksPasswordOf } = await readCredentials({ env, home: homedir() });
    if (lacksPasswordOf !== null)
      throw new Fault('unauthenticated', 'OS_PASSWORD: missing; or say who by --persona, --as or --token-file');
    return { cloud, token: (await login(cloud, signal)).token };
  }
  const { OS_AUTH_URL, OS_CACERT, OS_CERT, OS_KEY } = env;
  const reading = settingsFrom({ OS_AUTH_URL, OS_CACERT, OS_CERT, OS_KEY, OS_TOKEN: given.reveal() }, null);
  const read = 'problems' in reading ? reading : cloudOf(reading.settings);
  if ('cloud' in read) return { cloud: read.cloud, token: given };
  // Not told by the environment: by an entry of clouds.yaml, then.
  return { cloud: (await readCredentials({ env, home: homedir() })).cloud, token: given };
};

const givenToken = async ({ 'token-file': file, 'token-stdin': isPiped }: Told): Promise<Secret | null> => {
  if (file === undefined && isPiped !== true) return null;
  const token = (await textUpTo(mostCharacters, file === undefined ? process.stdin : createReadStream(file))).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Fault('invalid-input', 'what was read is no token');
  return new Secret(token);
};

/** Longer than any token, and with room for a line's end. */
const mostCharacters = 16_384;

const textUpTo = async (most: number, stream: AsyncIterable<unknown>): Promise<string> => {
  let read = '';
  for await (const chunk of stream) {
    read += String(chunk);
    if (read.length > most) throw new Fault('invalid-input', 'what was read is too long for a token');
  }
  return read;
};
