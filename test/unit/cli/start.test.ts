import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Packages of the service, and those that only some commands want; axios itself is no CommonJS, what it needs is. */
const heavy = ['express', 'typeorm', 'pg', 'ssh2', 'pino', 'prom-client', 'axios', 'follow-redirects', 'yaml'];

describe('the start of the command line', () => {
  it('loads nothing of the service, and neither axios nor yaml before they are wanted', async () => {
    const program = `
      await import('./src/cli/index.ts');
      await import('./src/operations/index.ts');
      const { Module } = await import('node:module');
      const names = Object.keys(Module._cache).map((path) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(path)?.[1]);
      console.log(JSON.stringify([...new Set(names)]));`;
    const { stdout } = await run(process.execPath, ['--import=tsx', '--input-type=module', '-e', program], {
      cwd: root,
    });
    const loaded = JSON.parse(stdout) as string[];

    expect(loaded).to.include('commander');
    expect(loaded.filter((name) => heavy.includes(name))).to.deep.equal([]);
  });
});
