import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { differences } from './api-differences.ts';

/** Tells how the committed document differs from the main branch's: what breaks clients, and what does not. It only reports. */
const path = 'openstack/openapi.json';

/** What the main branch has, as it was fetched last; null where there is none, as in a copy without history. */
const onMain = (): { readonly branch: string; readonly text: string } | null => {
  for (const branch of ['origin/main', 'main']) {
    const { status, stdout } = spawnSync('git', ['show', `${branch}:${path}`], {
      encoding: 'utf8',
      maxBuffer: 100_000_000,
    });
    if (status === 0) return { branch, text: stdout };
  }
  return null;
};

const document = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text) as Record<string, unknown>;

const main = onMain();
if (main === null) console.log('api-changes: there is no main branch to compare with');
else {
  const found = differences(document(main.text), document(readFileSync(path, 'utf8')));
  const breaking = found.filter(({ breaks }) => breaks);
  for (const { breaks, text } of found) console.log(`${breaks ? 'breaking  ' : 'compatible'}  ${text}`);
  const counts = `${breaking.length} breaking and ${found.length - breaking.length} compatible changes`;
  console.log(found.length === 0 ? `the interface is as on ${main.branch}` : `${counts} since ${main.branch}`);
}
