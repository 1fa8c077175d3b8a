import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloudOf, type Cloud, type CloudSettings } from '../domain/cloud.ts';
import { settingsFrom, type SettingsReading } from '../domain/cloud-settings.ts';
import { Fault } from '../domain/fault.ts';
import { Secret } from '../domain/secret.ts';
import type { World } from './world.ts';

export interface Credentials {
  readonly cloud: Cloud;
  /** The user whose password is told nowhere, and has to be asked for; else null. */
  readonly lacksPasswordOf: string | null;
}

/** From `OS_*`, and clouds.yaml where a cloud is named. Faults: `unauthenticated`, with what to do. */
export const readCredentials = async (
  { env, home }: Pick<World, 'env' | 'home'>,
  name: string | undefined = env['OS_CLOUD'],
): Promise<Credentials> => {
  const reading = name === undefined || name === '' ? settingsFrom(env, null) : await fromFiles(env, home, name);
  if ('problems' in reading) throw refused(reading.problems);
  const { settings } = reading;
  if (settings['auth_url'] === undefined) throw refused([]);
  const read = cloudOf(settings);
  if ('cloud' in read) return { cloud: atHome(read.cloud, home), lacksPasswordOf: null };
  const asked = settings['password'] === undefined ? cloudOf({ ...settings, password: '' }) : read;
  if (!('cloud' in asked)) throw refused(read.problems);
  return { cloud: atHome(asked.cloud, home), lacksPasswordOf: settings['username'] ?? settings['user_id'] ?? '' };
};

/** With the password that was asked for. */
export const withPassword = (cloud: Cloud, password: string): Cloud =>
  cloud.auth.method === 'password' ? { ...cloud, auth: { ...cloud.auth, password: new Secret(password) } } : cloud;

const refused = (problems: readonly string[]): Fault =>
  new Fault(
    'unauthenticated',
    problems.length > 0
      ? problems.join('; ')
      : 'no credentials: source an openrc file (OS_*), or name an entry of clouds.yaml with --os-cloud or OS_CLOUD',
  );

/** Where openstackclient looks. The YAML parser is loaded for those who have such files. */
const fromFiles = async (env: CloudSettings, home: string, cloud: string): Promise<SettingsReading> => {
  const { cloudSettings } = await import('../domain/clouds-file.ts');
  const cloudsYaml = textOf('clouds', 'OS_CLIENT_CONFIG_FILE', env, home);
  const secureYaml = textOf('secure', 'OS_CLIENT_SECURE_FILE', env, home);
  return cloudSettings({
    env,
    cloud,
    ...(cloudsYaml !== null && { cloudsYaml }),
    ...(secureYaml !== null && { secureYaml }),
  });
};

const textOf = (stem: string, variable: string, env: CloudSettings, home: string): string | null => {
  const directories = ['.', join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'openstack'), '/etc/openstack'];
  const usual = directories.flatMap((directory) => [join(directory, `${stem}.yaml`), join(directory, `${stem}.yml`)]);
  for (const path of [env[variable], ...usual]) {
    if (path === undefined || path === '') continue;
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // Absent, or another user's: the next one.
    }
  }
  return null;
};

const atHome = (cloud: Cloud, home: string): Cloud => {
  const expanded = (path: string | null): string | null => path && path.replace(/^~(?=\/)/, () => home);
  const { caFile, certFile, keyFile } = cloud;
  return { ...cloud, caFile: expanded(caFile), certFile: expanded(certFile), keyFile: expanded(keyFile) };
};
