import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { registerLocked, registerWith } from '../catalogue.ts';
import { readCloud } from '../config.ts';
import { environment } from '../environment.ts';
import { Secret } from '../domain/secret.ts';
import { complain, configured, orComplain, say } from './say.ts';

const usage = `usage: igor register [--user NAME --password-file FILE]

Puts this service into Keystone's catalogue, with an admin's OS_* or clouds.yaml (or the cloud that IGOR_REGISTER_CLOUD
names): the service, and its public, internal and admin endpoint at IGOR_PUBLIC_URL. With --user also the project
"service", the user in it with the password in FILE (made, if there is no such file), and his role "service".`;

/** Idempotent; says what it changed. */
export const registerWord = async (args: readonly string[]): Promise<number> => {
  const options = { user: { type: 'string' }, 'password-file': { type: 'string' }, help: { type: 'boolean' } } as const;
  let values: { user?: string; 'password-file'?: string; help?: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 2;
  }
  const { user, 'password-file': file, help } = values;
  if (help === true) {
    say(usage);
    return 0;
  }
  if ((user === undefined) !== (file === undefined)) {
    complain('--user and --password-file go together');
    return 2;
  }
  const given = environment();
  const config = configured({ cloud: false });
  if (config === null) return 2;
  const problems: string[] = [];
  const admin = config.registerCloud ?? readCloud(given, given['OS_CLOUD'], problems);
  const url = config.settings.IGOR_PUBLIC_URL;
  if (url === undefined) problems.push('IGOR_PUBLIC_URL: missing; it is what is registered');
  if (admin === null || url === undefined) {
    problems.forEach(complain);
    return 2;
  }
  return orComplain(async () => {
    const wanted = {
      url: url.replace(/\/+$/, ''),
      type: config.settings.IGOR_SERVICE_TYPE,
      rewrite: true,
      user: user === undefined || file === undefined ? null : { name: user, password: passwordIn(file) },
    };
    const done = await registerLocked(config.settings.DATABASE_URL, async () => registerWith(admin, wanted));
    say(done.length === 0 ? 'nothing to change' : done.join('\n'));
  });
};

const passwordIn = (file: string): Secret => {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  return new Secret(readFileSync(file, 'utf8').trim());
};
