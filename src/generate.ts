import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { settings } from './config.ts';
import { faults } from './domain/fault.ts';
import { openapi } from './http/openapi.ts';
import { operations } from './operations/index.ts';
import { policySample } from './policy-sample.ts';
import { version } from './version.ts';

/** What is derived from declarations and committed, so that a change of it is seen. `--check` only compares. */
const files: Readonly<Record<string, () => string>> = {
  'openstack/openapi.json': () => `${JSON.stringify(openapi(operations, version), null, 2)}\n`,
  'openstack/policy.yaml.sample': policySample,
  'deploy/igor.env.sample': () => environmentSample(),
  'docs/faults.md': () => faultsPage(),
};

const environmentSample = (): string => {
  const entries = Object.entries(settings.shape).map(([name, schema]) => {
    const { description = '', secret } = schema.meta() ?? {};
    const usual = z.safeParse(schema, undefined).data;
    const also = secret === true ? ` (or ${name}_FILE: a file that holds it)` : '';
    return `# ${description}${also}\n#${name}=${usual === undefined ? '' : String(usual)}\n`;
  });
  return `# Igor's settings. The service user's are the usual OS_* (or OS_CLOUD), secrets also as OS_PASSWORD_FILE.

#OS_AUTH_URL=https://keystone.example.com/v3
#OS_USERNAME=igor
#OS_PASSWORD_FILE=/etc/igor/os_password
#OS_PROJECT_NAME=service
#OS_USER_DOMAIN_ID=default
#OS_PROJECT_DOMAIN_ID=default
#OS_REGION_NAME=RegionOne

${entries.join('\n')}`;
};

const faultsPage = (): string => {
  const rows = Object.entries(faults).map(
    ([code, { status, title, repeat }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${status} | ${repeat ? 'yes' : 'no'} | ${title} |`,
  );
  return `# Faults\n\nEvery failure that Igor answers with. "Repeat" says whether the same request may be sent again as it is.\n
| code | status | repeat | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
};

const check = process.argv.includes('--check');
for (const [path, make] of Object.entries(files)) {
  const text = make();
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (check) {
    process.stderr.write(`${path} is stale: npm run generate\n`);
    process.exitCode = 1;
  } else writeFileSync(path, text);
}
