import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { z } from 'zod';
import { startBmc } from '../../deploy/demo/ipmi-sim.ts';
import type { Bmc } from '../../deploy/demo/ipmi-sim.ts';
import { passwordToken, requestJson } from '../../deploy/demo/json-client.ts';
import { keystoneTemplate } from '../../deploy/demo/keystone-template.ts';
import { startKeystone } from '../../deploy/demo/keystone.ts';
import type { Keystone } from '../../deploy/demo/keystone.ts';
import { freePort, isFree } from '../../deploy/demo/ports.ts';
import { startChild, stopLeftover } from '../../deploy/demo/processes.ts';
import { bmc, keystone, scratch, sshd } from '../support/parts.ts';

const execute = promisify(execFile);
const soon = (): AbortSignal => AbortSignal.timeout(25_000);

describe('the real parts', () => {
  it("lets Igor's own user, who is only a service, validate bob's token at Keystone", async () => {
    const { url, igorPasswordFile, seed } = await keystone();
    const password = await readFile(igorPasswordFile, 'utf8');
    const [own, token] = await Promise.all([
      passwordToken({ url, user: 'igor', password, project: 'service', signal: soon() }),
      passwordToken({ url, user: 'bob', password: 'bobpw', project: 'alpha', signal: soon() }),
    ]);

    const answer = await fetch(`${url}/auth/tokens`, {
      headers: { 'x-auth-token': own, 'x-subject-token': token },
      signal: soon(),
    });

    expect(answer.status).to.equal(200);
    expect(await answer.json()).to.have.nested.property('token.project.id', seed.projects['alpha']);
  });

  it('shows through ipmitool a machine that is off until it is turned on', async () => {
    const part = await bmc('parts01');
    const { chassis } = part;

    expect(await ipmitool(part, 'power', 'status')).to.equal('Chassis Power is off\n');
    await ipmitool(part, 'power', 'on');
    await ipmitool(part, 'chassis', 'bootdev', 'pxe');

    expect(await ipmitool(part, 'power', 'status')).to.equal('Chassis Power is on\n');
    expect(await chassis.power()).to.equal('on');
    expect(await chassis.boot()).to.equal('pxe');
    expect(await chassis.changes()).to.deep.equal(['power 1', 'boot pxe']);
  });

  it('lets in over SSH who holds an authorized key, and nobody else', async () => {
    const host = await sshd();
    const dir = await scratch('ssh-keys');
    const [key, other, known] = [join(dir, 'key'), join(dir, 'other'), join(dir, 'known_hosts')];
    await Promise.all(
      [key, other].map(async (file) => execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])),
    );
    await host.authorize(await readFile(`${key}.pub`, 'utf8'));
    await writeFile(known, host.hostKeys.map((hostKey) => `[${host.address}]:${host.port} ${hostKey}\n`).join(''));
    const ssh = async (identity: string): Promise<string> => {
      const options = ['BatchMode=yes', 'IdentitiesOnly=yes', `UserKnownHostsFile=${known}`].flatMap((o) => ['-o', o]);
      const where = ['-p', String(host.port), '-l', host.user, host.address];
      return (
        await execute('ssh', ['-F', 'none', '-i', identity, ...options, ...where, 'uname', '-a'], { signal: soon() })
      ).stdout;
    };

    expect(await ssh(key)).to.equal((await execute('uname', ['-a'])).stdout);
    const refusal = await ssh(other).catch((error: unknown) => String(error));
    expect(refusal).to.contain('Permission denied (publickey)');
  });

  it('leaves nothing running when whoever started it is killed outright', async () => {
    await keystone();
    const holder = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('../support/holder.ts', import.meta.url))],
      {
        env: { PATH: process.env['PATH'], TMPDIR: await scratch('holder') },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      const lines: unknown[] = await once(createInterface({ input: holder.stdout }), 'line', { signal: soon() });
      const where = z.object({ keystone: z.int(), bmc: z.int(), sshd: z.int() });
      const ports = where.parse(JSON.parse(String(lines[0])));
      const free = async (): Promise<readonly boolean[]> =>
        Promise.all([
          isFree('tcp', '127.0.0.1', ports.keystone),
          isFree('udp', '127.0.0.1', ports.bmc),
          isFree('tcp', '127.0.0.1', ports.sshd),
        ]);
      expect(await free()).to.deep.equal([false, false, false]);

      holder.kill('SIGKILL');
      await sleep(1_000);

      expect(await free()).to.deep.equal([true, true, true]);
    } finally {
      holder.kill('SIGKILL');
    }
  });

  it('stops by its pid what an earlier start left behind, and spares another that has the pid now', async () => {
    const dir = await scratch('leftover');
    const child = await startChild({ name: 'sleep', command: '/usr/bin/sleep', args: ['60'], dir });
    const pidFile = join(dir, 'child.pid');
    const written = await readFile(pidFile, 'utf8');

    await writeFile(pidFile, JSON.stringify({ pid: child.pid, start: 'of another boot' }));
    await stopLeftover(dir);
    expect(await Promise.race([child.ended, sleep(100, 'still there')])).to.equal('still there');

    await writeFile(pidFile, written);
    await stopLeftover(dir);
    expect(await child.ended).to.equal('sleep ended (signal SIGTERM)');
  });

  it('takes Keystone up again on another port, with what it held and nothing of Igor in the catalogue', async () => {
    const { seed } = await keystone();
    const first = await keystoneAt(await scratch('moved'));
    await first.stop();
    const second = await keystoneAt(dirname(first.igorPasswordFile));
    try {
      const token = await passwordToken({
        url: second.url,
        user: 'bob',
        password: 'bobpw',
        project: 'alpha',
        signal: soon(),
      });
      const { catalog } = await requestJson('GET', `${second.url}/auth/catalog`, catalogBody, {
        token,
        signal: soon(),
      });
      const urls = catalog.flatMap(({ endpoints }) => endpoints.map(({ url }) => url));

      expect(second.url).not.to.equal(first.url);
      expect(second.seed).to.deep.equal(seed);
      expect(urls).to.deep.equal([second.url, second.url, second.url]);
    } finally {
      await second.stop();
    }
  });

  it("keeps a machine's power when its BMC starts again", async () => {
    const [dir, port] = [await scratch('kept'), await freePort('udp')];
    const start = async (): Promise<Bmc> =>
      startBmc({ dir, name: 'kept01', address: '127.0.0.1', port, password: 'kept', power: 'on', signal: soon() });
    const first = await start();
    await ipmitool(first, 'power', 'off');
    await first.stop();

    const second = await start();
    try {
      expect(await ipmitool(second, 'power', 'status')).to.equal('Chassis Power is off\n');
    } finally {
      await second.stop();
    }
  });
});

const catalogBody = z.object({ catalog: z.array(z.object({ endpoints: z.array(z.object({ url: z.string() })) })) });

const keystoneAt = async (dir: string): Promise<Keystone> => {
  const port = await freePort('tcp');
  return startKeystone({ dir, port, template: await keystoneTemplate(soon()), signal: soon() });
};

const ipmitool = async (
  { address, port, username, password, cipher }: Bmc,
  ...words: readonly string[]
): Promise<string> => {
  const where = ['-I', 'lanplus', '-H', address, '-p', String(port), '-U', username, '-E', '-C', String(cipher)];
  const env = { IPMITOOL_PASSWORD: password };
  return (await execute('/usr/bin/ipmitool', [...where, ...words], { env, signal: soon() })).stdout;
};
