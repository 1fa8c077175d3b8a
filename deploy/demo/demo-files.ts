import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bmc } from './ipmi-sim.ts';
import { passwordOf, personas, region } from './personas.ts';
import type { Persona } from './personas.ts';
import type { Sshd } from './sshd.ts';

export interface DemoFilesOptions {
  readonly dir: string;
  /** `dist/main.js` */
  readonly main: string;
  readonly igorUrl: string;
  readonly keystoneUrl: string;
  readonly bmcs: readonly Bmc[];
  readonly sshd: Pick<Sshd, 'address' | 'port' | 'user'>;
}

/** Writes what clients of the demo read: `openrc-<persona>`, `bin/igor` and `demo.json`. */
export const writeDemoFiles = async (options: DemoFilesOptions): Promise<void> => {
  const { dir, main, igorUrl, keystoneUrl, bmcs, sshd } = options;
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true, mode: 0o700 });
  const openrcOf = ({ name }: Persona): string => join(dir, `openrc-${name}`);
  const summary = {
    igor: { url: igorUrl },
    keystone: { url: keystoneUrl },
    personas: Object.fromEntries(personas.map((one) => [one.name, { openrc: openrcOf(one), project: one.project }])),
    bmcs: bmcs.map(({ name, address, port, username, password, cipher }) => ({
      ...{ name, address, port, username, password, cipher },
    })),
    ssh: { address: sshd.address, port: sshd.port, user: sshd.user },
  };
  await Promise.all([
    ...personas.map(async (one) => write(openrcOf(one), openrc(one, keystoneUrl, bin))),
    write(join(bin, 'igor'), `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(main)} "$@"\n`, 0o700),
    write(join(dir, 'demo.json'), `${JSON.stringify(summary, null, 2)}\n`),
  ]);
};

/** Anew, so that the mode holds for a file that was there. */
const write = async (file: string, content: string, mode = 0o600): Promise<void> => {
  await rm(file, { force: true });
  await writeFile(file, content, { mode });
};

/** Whatever else could decide whom and where a client signs in as. */
const conflicting = [
  ...[
    'CLOUD',
    'CLIENT_CONFIG_FILE',
    'AUTH_TYPE',
    'TOKEN',
    'URL',
    'ENDPOINT',
    'ENDPOINT_OVERRIDE',
    'PASSCODE',
    'CACERT',
  ],
  ...['USER_ID', 'USER_DOMAIN_NAME', 'PROJECT_ID', 'PROJECT_DOMAIN_NAME', 'TENANT_ID', 'TENANT_NAME', 'DEFAULT_DOMAIN'],
  ...['DOMAIN_ID', 'DOMAIN_NAME', 'DEFAULT_DOMAIN_ID', 'DEFAULT_DOMAIN_NAME', 'SYSTEM_SCOPE', 'TRUST_ID', 'INTERFACE'],
  ...['ENDPOINT_TYPE', 'APPLICATION_CREDENTIAL_ID', 'APPLICATION_CREDENTIAL_NAME', 'APPLICATION_CREDENTIAL_SECRET'],
].map((name) => `OS_${name}`);

const openrc = ({ name, role, project }: Persona, keystoneUrl: string, bin: string): string => {
  const exports = {
    OS_AUTH_URL: keystoneUrl,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: name,
    OS_PASSWORD: passwordOf(name),
    OS_PROJECT_NAME: project,
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    OS_REGION_NAME: region,
  };
  return `# ${name}, ${role} of the project ${project}
unset ${conflicting.join(' ')}
${Object.entries(exports)
  .map(([key, value]) => `export ${key}=${quote(value)}\n`)
  .join('')}case $PATH in
${quote(bin)}:*) ;;
*) export PATH=${quote(bin)}:"$PATH" ;;
esac
`;
};

/** One word of a shell, byte for byte. */
export const quote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
