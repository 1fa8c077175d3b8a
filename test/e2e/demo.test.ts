import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { isFree } from '../../deploy/demo/ports.ts';
import { scratch } from '../support/parts.ts';

const run = promisify(execFile);
const prepare = fileURLToPath(new URL('../../deploy/demo/prepare.mjs', import.meta.url));
/** Below the ports that other parts of the same run are given at random. */
const base = 19_000;

interface Demo {
  readonly igor: { readonly url: string };
  readonly keystone: { readonly url: string };
  readonly personas: Readonly<Record<string, { readonly openrc: string; readonly project: string }>>;
  readonly bmcs: readonly {
    name: string;
    address: string;
    port: number;
    username: string;
    password: string;
    cipher: number;
  }[];
  readonly ssh: { readonly address: string; readonly port: number; readonly user: string };
}

describe('npm run demo', function () {
  this.timeout(120_000);
  let dir: string;
  let child: ChildProcess;
  let demo: Demo;

  const start = async (): Promise<number> => {
    const env = { ...process.env, IGOR_DEMO_DIR: dir, IGOR_DEMO_PORT_BASE: String(base) };
    const began = Date.now();
    child = spawn(process.execPath, [prepare, 'demo'], { env, stdio: 'ignore' });
    // Killed outright, the one before may have left its mark for a moment.
    const isReady = (): boolean => (statSync(join(dir, 'ready'), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= began;
    while (!isReady()) {
      if (child.exitCode !== null) expect.fail(`the demo ended with ${child.exitCode}`);
      await sleep(50);
    }
    demo = JSON.parse(readFileSync(join(dir, 'demo.json'), 'utf8')) as Demo;
    return Date.now() - began;
  };

  /** As somebody who follows the README types it. */
  const shell = async (persona: string, line: string): Promise<{ code: number; stdout: string; stderr: string }> => {
    const words = ['-c', `. ${demo.personas[persona]?.openrc ?? ''} && ${line}`];
    try {
      return { code: 0, ...(await run('/bin/sh', words, { env: { PATH: '/usr/bin:/bin', HOME: dir } })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  };

  before(async () => {
    dir = join(await scratch('demo'), 'state');
    await start();
  });
  after(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  it('writes down where everything is', () => {
    expect(demo.igor.url).to.equal(`http://127.0.0.1:${base}`);
    expect(Object.keys(demo.personas)).to.have.members(['admin', 'alice', 'bob', 'carol', 'erin', 'mallory']);
    expect(demo.personas['mallory']?.project).to.equal('beta');
    expect(demo.bmcs.map(({ name }) => name)).to.deep.equal(['osl01', 'osl02', 'osl03', 'osl04', 'osl05', 'osl06']);
    expect(demo.ssh.port).to.be.a('number');
  });

  it('lets bob power a machine on, as its BMC confirms to ipmitool', async () => {
    const token = (await shell('bob', 'openstack token issue -f value -c id')).stdout.trim();
    const machines = (await (
      await fetch(`${demo.igor.url}/v1/machines`, { headers: { 'X-Auth-Token': token } })
    ).json()) as { machines: { name: string }[] };
    expect(machines.machines.map(({ name }) => name)).to.deep.equal(['osl01', 'osl02', 'osl03', 'osl04']);
    const put = await fetch(`${demo.igor.url}/v1/machines/osl01/power`, {
      method: 'PUT',
      headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
      body: '{"target":"on"}',
    });
    expect(put.status).to.equal(200);
    const [bmc] = demo.bmcs;
    const words = [
      '-I',
      'lanplus',
      '-C',
      String(bmc?.cipher),
      '-H',
      bmc?.address ?? '',
      '-p',
      String(bmc?.port),
      '-U',
      bmc?.username ?? '',
      '-E',
      'power',
      'status',
    ];
    const { stdout } = await run('/usr/bin/ipmitool', words, { env: { IPMITOOL_PASSWORD: bmc?.password ?? '' } });
    expect(stdout).to.equal('Chassis Power is on\n');
  });

  it('shows four lines for four machines, and runs a command on one', async () => {
    expect((await shell('bob', `igor power -h 'osl0[1-4]' status`)).stdout).to.match(
      /^osl01: on\nosl02: \w+\nosl03: \w+\nosl04: \w+\n$/,
    );
    const uname = (await run('/usr/bin/uname', ['-a'])).stdout;
    expect((await shell('bob', 'igor exec -h osl01 -- uname -a')).stdout).to.equal(uname);
  });

  it('has a failed target exit with a code and a line', async () => {
    const carol = await shell('carol', `igor power -h 'osl0[1-2]' off`);
    expect(carol.code).to.equal(1);
    expect(carol.stderr.trim().split('\n')).to.have.length(1); // of a set, nothing is begun
    expect(carol.stderr).to.contain('oob:power:set');
    const mallory = await shell('mallory', 'igor power -h osl01 off');
    expect(mallory.code).to.equal(1);
    expect(mallory.stderr).to.contain('not-found');
    expect((await shell('mallory', 'igor power -h osl05 status')).stdout).to.equal('osl05: off\n');
    expect((await shell('bob', `igor power -h 'osl[00001-99999]' status`)).code).to.equal(2);
  });

  it('leaves nothing that blocks the next start when it is killed, and keeps its state', async () => {
    const demoPid = Number(
      readFileSync(`/proc/${child.pid ?? 0}/task/${child.pid ?? 0}/children`, 'utf8')
        .trim()
        .split(' ')[0],
    );
    child.kill('SIGKILL');
    process.kill(demoPid, 'SIGKILL');
    const took = await start();
    expect(took).to.be.lessThan(30_000);
    expect((await shell('bob', 'igor power -h osl01 status')).stdout).to.equal('osl01: on\n');
  });

  it('stops everything it started when asked to', async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(existsSync(join(dir, 'ready'))).to.be.false;
    for (const [protocol, port] of [
      ['tcp', base],
      ['tcp', base + 1],
      ['tcp', base + 2],
      ['tcp', base + 3],
      ['udp', base + 11],
    ] as const) {
      expect(await isFree(protocol, '127.0.0.1', port), `${protocol} ${port}`).to.be.true;
    }
  });
});
