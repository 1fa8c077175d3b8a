import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { saveTemplate } from './keystone-files.ts';
import { seedVersion, startKeystone } from './keystone.ts';
import { freePort } from './ports.ts';
import { run } from './processes.ts';

/**
 * A seeded Keystone to begin from, kept from run to run: starting from it takes a second or two, making it some eight.
 * It fits the code that seeds and the Keystone that is installed.
 */
export const keystoneTemplate = async (signal: AbortSignal): Promise<string> => {
  const installed = await run('/usr/bin/dpkg-query', ['-W', '-f', '${Version}', 'python3-keystone'], { signal });
  const name = `${await seedVersion()}-${installed.replaceAll(/[^\w.+-]/g, '_')}`;
  const template = fileURLToPath(new URL(`../../node_modules/.cache/igor-keystone/${name}`, import.meta.url));
  if (await stat(template).then(Boolean, () => false)) return template;
  const dir = await mkdtemp(join(tmpdir(), 'igor-keystone-'));
  try {
    const keystone = await startKeystone({ dir, port: await freePort('tcp'), signal });
    await saveTemplate(dir, template, signal).finally(async () => keystone.stop());
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return template;
};
