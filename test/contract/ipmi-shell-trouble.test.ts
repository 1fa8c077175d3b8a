import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once as eventOnce } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Secret } from '../../src/domain/secret.ts';
import type { CallOptions } from '../../src/ports/controller.ts';
import { homeFor } from '../../src/drivers/ipmi/home.ts';
import type { Ipmi, IpmiEndpoint } from '../../src/drivers/ipmi/link.ts';
import { paces } from '../../src/drivers/ipmi/pace.ts';
import { shells } from '../../src/drivers/ipmi/shells.ts';
import { suiteMemory } from '../../src/drivers/ipmi/suites.ts';
import { transport } from '../../src/drivers/ipmi/transport.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';
import { faultOf } from '../support/fault-of.ts';
import { scratch } from '../support/parts.ts';
import { silentPort } from './held.ts';
import { call } from './peer.ts';

const status = { netfn: 0x00, command: 0x01 } as const;
const deviceId = { netfn: 0x06, command: 0x01 } as const;
const on = { netfn: 0x00, command: 0x02, data: [0x01] } as const;
const unknown = { netfn: 0x30, command: 0x01 } as const;

/** Of one caller each, as in life. */
const ownCall = (): CallOptions => ({ signal: new AbortController().signal });

interface Bench extends AsyncDisposable {
  readonly bmc: BmcSimulator;
  readonly homeDir: string;
  link(change?: Partial<IpmiEndpoint>): Ipmi;
  /** Everything of this bench's that runs: the warden first. */
  warden(): Promise<number>;
}

interface Given {
  readonly bmc?: Partial<BmcOptions>;
  readonly most?: number;
  readonly warden?: string;
  readonly ipmitool?: string;
  readonly minInterval?: number;
}

const wardenFile = fileURLToPath(new URL(`../../src/drivers/ipmi/warden${extname(import.meta.url)}`, import.meta.url));

/** A BMC of ours, and shells with a warden of their own, which may be killed. */
const bench = async ({ bmc: options, most = 2000, warden = wardenFile, ...given }: Given = {}): Promise<Bench> => {
  const bmc = await startBmcSimulator({ maxSessions: 300, ...options });
  const homeDir = await scratch('shell-home');
  const pool = shells({ most, warden });
  const now = (): number => performance.now();
  const { ipmitool = '/usr/bin/ipmitool', minInterval = 0 } = given;
  const setup = { ipmitool, home: homeFor(homeDir), shells: pool, paceOf: paces(now), suitesOf: suiteMemory(), now };
  const links: Ipmi[] = [];
  return {
    bmc,
    homeDir,
    link(change = {}) {
      const link = transport(
        {
          address: bmc.address,
          port: bmc.port,
          credential: { username: 'admin', password: new Secret('adm1n-Secret') },
          options: { cipher_suites: [17], privilege: 'administrator', min_interval_ms: minInterval },
          shelf: null,
          ...change,
        },
        setup,
      );
      links.push(link);
      return link;
    },
    async warden() {
      const mark = await links[0]?.login(call);
      const stat = await readFile(`/proc/${mark?.pid}/stat`, 'latin1');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(links.map(async (link) => link[Symbol.asyncDispose]()));
      await pool[Symbol.asyncDispose]();
      await bmc.stop();
    },
  };
};

const isThere = async (pid: number): Promise<boolean> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
};
const pidOf = async (link: Ipmi): Promise<number> => {
  const mark = await link.login(call);
  if (typeof mark?.pid !== 'number') throw new Error('there is no shell');
  return mark.pid;
};
const until = async (holds: () => boolean | Promise<boolean>, ms: number): Promise<void> => {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms`);
    await sleep(10);
  }
};
const controls = (bmc: BmcSimulator): number => bmc.count('chassis-control');

describe('a shell of ipmitool', () => {
  it('is one session and one process, which login names', async () => {
    await using it = await bench();
    const link = it.link();
    const mark = await link.login(call);
    expect(it.bmc.sessions().map(({ handle }) => handle)).to.deep.equal([mark?.handle]);
    expect(await readFile(`/proc/${mark?.pid}/cmdline`, 'latin1')).to.match(/^\/usr\/bin\/ipmitool\0/);
    await link.ask(status, call);
    expect(await link.login(call)).to.deep.equal(mark);
    await link[Symbol.asyncDispose]();
    expect([it.bmc.sessions().length, await isThere(mark?.pid ?? 0)]).to.deep.equal([0, false]);
  });

  it('takes two packets for a command, a hundred at once as well', async () => {
    await using it = await bench();
    const link = it.link();
    await link.login(call);
    const before = it.bmc.packets.received;
    const ids = await Promise.all(Array.from({ length: 100 }, async () => link.ask(deviceId, call)));
    expect(new Set(ids.map(({ data }) => data.toString('hex'))).size).to.equal(1);
    expect(it.bmc.packets.received - before).to.be.within(100, 104);
  });

  it('is kept alive by a question, and by none before it has logged in', async () => {
    await using it = await bench();
    const link = it.link();
    await link.keepAlive(call);
    expect(it.bmc.packets.received).to.equal(0);
    await link.login(call);
    const before = it.bmc.count('get-device-id');
    await link.keepAlive(call);
    expect(it.bmc.count('get-device-id')).to.equal(before + 1);
  });

  for (const [has, order] of [
    [3, [17, 3]],
    [17, [3, 17]],
  ] as const) {
    it(`finds suite ${has} in the order ${order.join(', ')}, and offers a refused password under no second`, async () => {
      await using it = await bench({ bmc: { suites: [has] } });
      const options = { cipher_suites: order, privilege: 'administrator', min_interval_ms: 0 } as const;
      expect((await it.link({ options }).ask(status, call)).completion).to.equal(0);
      // Remembered for the next session: none is offered in vain.
      const before = it.bmc.count('get-channel-authentication-capabilities');
      await it.link({ options }).ask(status, call);
      expect(it.bmc.count('get-channel-authentication-capabilities') - before).to.equal(1);
      const credential = { username: 'operator', password: new Secret('not-it') };
      const wrong = it.link({ options: { ...options, privilege: 'operator' }, credential });
      expect((await faultOf(wrong.ask(status, call))).code).to.equal('controller-login-refused');
      expect(it.bmc.logins('operator').attempts).to.equal(1);
    });
  }

  it('says which suites were refused, when none is left', async () => {
    await using it = await bench({ bmc: { suites: [3] } });
    const fault = await faultOf(it.link().ask(status, call));
    expect(fault).to.include({ code: 'controller-suite-refused', detail: 'refused were the cipher suites 17' });
  });

  it('carries sixty bytes of data; more goes by a process, and a secret by none', async () => {
    await using it = await bench();
    const link = it.link({ purpose: 'changes' });
    const data = (length: number): number[] => Array.from({ length }, (_, index) => index);
    for (const length of [60, 61, 200]) {
      const before = it.bmc.packets.received;
      expect((await link.ask({ ...unknown, data: data(length) }, call)).completion).to.equal(0xc1);
      expect(it.bmc.executed().findLast(({ command }) => command === 'unknown-command')?.data.length).to.equal(length);
      if (length > 60) expect(it.bmc.packets.received - before).to.be.greaterThan(5);
    }
    expect((await link.tell({ ...unknown, data: data(60), isSecret: true }, call)).completion).to.equal(0xc1);
    const tooLong = faultOf(link.tell({ ...unknown, data: data(61), isSecret: true }, call));
    expect((await tooLong).code).to.equal('internal');
  });

  it('for reads carries no change, which has a session of its own and is sent once', async () => {
    await using it = await bench();
    const link = it.link({ purpose: 'reads' });
    await link.login(call);
    it.bmc.inject({ kind: 'drop-replies', to: 'chassis-control' });
    const packets = it.bmc.packets.received;
    expect((await faultOf(link.tell(on, call))).code).to.equal('outcome-unknown');
    expect([controls(it.bmc), it.bmc.packets.received - packets]).to.deep.equal([1, 11]);
    expect(link.isSound).to.equal(true);
    expect((await faultOf(link.tell({ ...on, isSecret: true }, call))).code).to.equal('internal');
  });

  it('for changes has one wait for the answer to a single read, whatever else was asked before it', async () => {
    await using it = await bench();
    const link = it.link({ purpose: 'changes' });
    await link.login(call);
    it.bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 100 });
    const reads = Array.from({ length: 10 }, async () => link.ask(status, ownCall()));
    await link.tell(on, call);
    expect(it.bmc.count('get-chassis-status')).to.equal(1);
    await Promise.all(reads);
    expect([controls(it.bmc), it.bmc.count('get-chassis-status')]).to.deep.equal([1, 10]);
  });

  it('keeps its distance between commands to one BMC, whichever connection and transport they take', async () => {
    await using it = await bench({ minInterval: 150 });
    const [first, second] = [it.link({ purpose: 'changes' }), it.link()];
    await Promise.all([first.login(call), second.login(call)]);
    const began = it.bmc.executed().length;
    await Promise.all([first.ask(status, call), second.ask(status, call), first.tell(on, call), second.tell(on, call)]);
    const times = it.bmc
      .executed()
      .slice(began)
      .filter(({ command }) => command === 'get-chassis-status' || command === 'chassis-control')
      .map(({ at }) => at.getTime());
    expect(times).to.have.length(4);
    // They are put 150 ms apart, and come when this machine has time for them.
    for (const [index, time] of times.entries()) if (index > 0) expect(time - (times[index - 1] ?? 0)).to.be.gte(75);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).to.be.gte(400);
  });
});

describe('a shell of ipmitool, in trouble', () => {
  it('whose BMC begins anew fails a read, is used no more, and is followed by another', async () => {
    await using it = await bench();
    const link = it.link();
    await link.ask(status, call);
    await it.bmc.restart();
    expect((await faultOf(link.ask(status, call))).code).to.equal('controller-unreachable');
    expect(link.isSound).to.equal(false);
    expect((await it.link().ask(status, call)).completion).to.equal(0);
  });

  it('whose BMC begins anew leaves a change open that was sent into it, and sends it once', async () => {
    await using it = await bench();
    const link = it.link({ purpose: 'changes' });
    await link.ask(status, call);
    await it.bmc.restart();
    const packets = it.bmc.packets.received;
    expect((await faultOf(link.tell(on, call))).code).to.equal('outcome-unknown');
    expect([controls(it.bmc), it.bmc.packets.received - packets]).to.deep.equal([0, 1]);
    expect(link.isSound).to.equal(false);
  });

  it('that was idle until its session ended sends no change, and says so; login finds out as well', async () => {
    await using it = await bench({ bmc: { sessionTimeoutMs: 2000 } });
    const [told, used] = [it.link({ purpose: 'changes' }), it.link()];
    const marks = [await told.login(call), await used.login(call)];
    expect(marks.map((mark) => mark?.handle)).to.deep.equal([1, 2]);
    await sleep(5200);
    const faults = await Promise.all([faultOf(told.tell(on, call)), faultOf(used.login(call))]);
    expect(faults.map(({ code }) => code)).to.deep.equal(['controller-unreachable', 'controller-unreachable']);
    expect([controls(it.bmc), told.isSound, used.isSound]).to.deep.equal([0, false, false]);
  });

  it('takes no late answer for that of the next question', async () => {
    await using it = await bench();
    const link = it.link();
    await link.login(call);
    it.bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 1300, times: 1 });
    it.bmc.inject({ kind: 'duplicate', to: 'get-chassis-status' });
    const [first, second, third] = await Promise.all(
      [status, deviceId, status].map(async (message) => link.ask(message, call).catch((fault: unknown) => fault)),
    );
    const right = { completion: 0, data: Buffer.from([0, 0, 0x40]) };
    for (const answer of [first, third]) if (!(answer instanceof Error)) expect(answer).to.deep.equal(right);
    if (!(second instanceof Error)) expect(second).to.have.property('data').with.length(15);
  });

  it('sleeps when nobody speaks to it, without waking up, and answers who does', async () => {
    await using it = await bench();
    const link = it.link({ purpose: 'changes' });
    const pid = await pidOf(link);
    const statusOf = async (): Promise<string> => readFile(`/proc/${pid}/status`, 'latin1');
    const isAsleep = async (): Promise<boolean> => /^State:\tT/m.test(await statusOf());
    const switches = async (): Promise<string | undefined> =>
      /^voluntary_ctxt_switches:.*$/m.exec(await statusOf())?.[0];
    await until(isAsleep, 4000);
    const before = await switches();
    await sleep(1500);
    expect(await switches()).to.equal(before);
    expect((await link.ask(status, call)).completion).to.equal(0);
    expect(await isAsleep()).to.equal(false);
    await until(isAsleep, 4000);
    await link.tell(on, call);
    expect(controls(it.bmc)).to.equal(1);
    await until(isAsleep, 4000);
    await link[Symbol.asyncDispose]();
    expect([it.bmc.sessions().length, await isThere(pid)]).to.deep.equal([0, false]);
  });

  it('that is stopped is waited for no longer than it may take, and killed', async () => {
    await using it = await bench();
    const link = it.link();
    const pid = await pidOf(link);
    process.kill(pid, 'SIGSTOP');
    const began = performance.now();
    expect((await faultOf(link.ask(status, call))).code).to.equal('controller-unreachable');
    await link[Symbol.asyncDispose]();
    expect(performance.now() - began).to.be.within(7000, 11_000);
    expect(await isThere(pid)).to.equal(false);
  });

  it('that is killed leaves a change open, and fails a read', async () => {
    await using it = await bench();
    for (const [purpose, code] of [
      ['changes', 'outcome-unknown'],
      ['reads', 'controller-unreachable'],
    ] as const) {
      const link = it.link({ purpose });
      const pid = await pidOf(link);
      const heal = it.bmc.inject({ kind: 'drop-replies' });
      const asked = faultOf(purpose === 'changes' ? link.tell(on, call) : link.ask(status, call));
      await sleep(100);
      process.kill(pid, 'SIGKILL');
      expect((await asked).code).to.equal(code);
      expect(link.isSound).to.equal(false);
      heal();
    }
    expect(controls(it.bmc)).to.equal(1);
  });

  it('is not waited for long when it is closed while it logs in to a BMC that is not there', async () => {
    await using it = await bench();
    await using silence = await silentPort();
    const link = it.link({ port: silence.port, purpose: 'changes' });
    const asked = faultOf(link.ask(status, call));
    await sleep(300);
    const began = performance.now();
    await link[Symbol.asyncDispose]();
    expect(performance.now() - began).to.be.lessThan(8000);
    expect((await asked).code).to.equal('controller-unreachable');
  });

  for (const [what, script, code] of [
    ['prints without end', 'exec yes', 'controller-garbled'],
    ['complains without end', `while :; do echo ${'x'.repeat(200)} >&2; done`, 'controller-garbled'],
    ['begins with something else', 'echo Hello; printf "ipmitool> "; exec sleep 60', 'controller-garbled'],
    ['ends without a word', 'exit 3', 'controller-garbled'],
    ['echoes nothing', 'printf "ipmitool> "; read -r x; printf "ipmitool> "; exec sleep 60', 'controller-garbled'],
  ] as const) {
    it(`that ${what} is ended, and taken for ${code}`, async () => {
      const ipmitool = join(await scratch('odd-ipmitool'), 'ipmitool');
      await writeFile(ipmitool, `#!/bin/sh\n${script}\n`);
      await chmod(ipmitool, 0o700);
      await using it = await bench({ ipmitool });
      expect((await faultOf(it.link().ask(status, call))).code).to.equal(code);
    });
  }

  it('that cannot be started is a fault of our own', async () => {
    await using it = await bench({ ipmitool: '/nonexistent/ipmitool' });
    expect((await faultOf(it.link().ask(status, call))).code).to.equal('internal');
  });
});

describe('the warden of the shells', () => {
  it('holds two hundred at once, and ends them all', async () => {
    await using it = await bench();
    const links = Array.from({ length: 200 }, () => it.link());
    const answers = await Promise.all(links.map(async (link) => link.ask(status, ownCall())));
    expect(answers.filter(({ completion }) => completion === 0)).to.have.length(200);
    expect(it.bmc.sessions()).to.have.length(200);
    await Promise.all(links.map(async (link) => link[Symbol.asyncDispose]()));
    expect(it.bmc.sessions()).to.have.length(0);
  });

  it('holds no descriptor for a shell that has ended, and ends with the last use', async () => {
    await using it = await bench();
    const held = it.link();
    const warden = await it.warden();
    const descriptors = async (): Promise<number> => (await readdir(`/proc/${warden}/fd`)).length;
    const before = await descriptors();
    for (let round = 0; round < 3; round++) {
      const links = Array.from({ length: 10 }, () => it.link());
      await Promise.all(links.map(async (link) => link.ask(status, call)));
      expect(await descriptors()).to.be.greaterThan(before);
      await Promise.all(links.map(async (link) => link[Symbol.asyncDispose]()));
    }
    expect(await descriptors()).to.equal(before);
    await held[Symbol.asyncDispose]();
    await it[Symbol.asyncDispose]();
    expect(await isThere(warden)).to.equal(false);
  });

  it('does not end by the signals that a whole service is sent, and so neither do the shells', async () => {
    await using it = await bench();
    const link = it.link();
    await link.login(call);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(await it.warden(), signal);
    await sleep(100);
    expect((await link.ask(status, call)).completion).to.equal(0);
  });

  it('when killed takes no shell into the unknown: they are ended, a change is open, and another warden follows', async () => {
    await using it = await bench();
    const [reads, changes] = [it.link(), it.link({ purpose: 'changes' })];
    const pids = [await pidOf(reads), await pidOf(changes)];
    const warden = await it.warden();
    const heal = it.bmc.inject({ kind: 'drop-replies' });
    const ended = [faultOf(reads.ask(status, call)), faultOf(changes.tell(on, call))];
    await sleep(100);
    process.kill(warden, 'SIGKILL');
    expect((await Promise.all(ended)).map(({ code }) => code)).to.deep.equal([
      'controller-unreachable',
      'outcome-unknown',
    ]);
    await until(async () => !(await isThere(pids[0] ?? 0)) && !(await isThere(pids[1] ?? 0)), 2000);
    expect([reads.isSound, changes.isSound, controls(it.bmc)]).to.deep.equal([false, false, 1]);
    heal();
    expect((await it.link().ask(status, call)).completion).to.equal(0);
  });

  for (const [what, idleMs] of [
    ['', 0],
    [', those that sleep too,', 3000],
  ] as const)
    it(`closes every session${what} within two seconds when Igor is killed`, async () => {
      await using it = await bench();
      const holder = fileURLToPath(new URL('../support/shell-holder.ts', import.meta.url));
      const args = ['--import', 'tsx', holder, it.homeDir, String(it.bmc.port), '20'];
      const igor = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [said] = (await eventOnce(igor.stdout, 'data')) as [Buffer];
      const pids = JSON.parse(said.toString()) as number[];
      expect(it.bmc.sessions()).to.have.length(20);
      await sleep(idleMs);
      igor.kill('SIGKILL');
      await until(() => it.bmc.sessions().length === 0, 2000);
      await until(async () => (await Promise.all(pids.map(isThere))).every((there) => !there), 2000);
    });

  it('is done without when it cannot be started, or holds as many shells as it may', async () => {
    await using none = await bench({ warden: '/nonexistent/warden.js' });
    const alone = none.link();
    expect(await alone.login(call)).to.equal(null);
    expect((await alone.ask(status, call)).completion).to.equal(0);
    expect((await alone.tell(on, call)).completion).to.equal(0);
    await using few = await bench({ most: 1 });
    const [first, second] = [few.link(), few.link()];
    expect(await first.login(call)).not.to.equal(null);
    expect(await second.login(call)).to.equal(null);
    expect((await second.ask(status, call)).completion).to.equal(0);
    expect(few.bmc.sessions()).to.have.length(1);
  });

  it('shows no secret in arguments, environments, or files, not even while one is sent', async () => {
    await using it = await bench();
    const link = it.link({ purpose: 'changes' });
    const warden = await it.warden();
    const pid = await pidOf(link);
    const data = [...Buffer.from('n3w-Secret')];
    expect((await link.tell({ ...unknown, data, isSecret: true }, call)).completion).to.equal(0xc1);
    for (const id of [warden, pid]) {
      for (const file of ['cmdline', 'environ']) {
        const text = await readFile(`/proc/${id}/${file}`, 'latin1');
        expect(text).not.to.match(/adm1n-Secret|n3w-Secret|0x6e 0x33/);
      }
    }
    // Where its standard error goes: what is sent is announced there, and its bytes are not.
    const complaints = await readFile(`/proc/${pid}/fd/2`, 'latin1');
    expect(complaints).to.include('cmd=0x1 data_len=10)');
    expect(complaints).not.to.match(/RAW REQUEST|6e 33/);
    await link[Symbol.asyncDispose]();
    const files = await readdir(it.homeDir, { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile()).map(({ name }) => name)).to.deep.equal(['enterprise-numbers.txt']);
  });

  it('takes with the shell less than a millisecond of CPU for a read', async () => {
    await using it = await bench();
    const link = it.link();
    const pids = [await pidOf(link), await it.warden()];
    const spent = async (): Promise<number> => {
      const stats = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/stat`, 'latin1')));
      const ticks = stats.flatMap((stat) =>
        stat
          .slice(stat.lastIndexOf(')') + 2)
          .split(' ')
          .slice(11, 13),
      );
      return ticks.reduce((sum, each) => sum + Number(each) * 10, 0);
    };
    const before = await spent();
    for (let n = 0; n < 1000; n++) await link.ask(status, call);
    expect((await spent()) - before).to.be.lessThan(1000);
  });
});
