import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ipmitool, type Ipmitool, type Options, type Said } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

describe('the sessions of the BMC simulator, judged by ipmitool', () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  const start = async (options: Partial<BmcOptions> = {}): Promise<void> => {
    bmc = await startBmcSimulator(options);
  };
  const run = async (words: string, options: Options = {}): Promise<Said> => tool.run(bmc, words.split(' '), options);
  /** Leaves a session behind, as a process does that is killed. */
  const leak = async (options: Options = {}): Promise<void> => {
    const killer = new AbortController();
    const heal = bmc.inject({ kind: 'drop-replies', to: 'get-chassis-status' });
    const count = bmc.count('get-chassis-status');
    const killed = run('chassis power status', { ...options, signal: killer.signal });
    while (bmc.count('get-chassis-status') === count) await sleep(2);
    killer.abort();
    expect((await killed).rc).to.equal(null);
    heal();
  };
  const id = (session: { readonly id: number } | undefined): string => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(session?.id ?? 0);
    return [...bytes].map((byte) => `0x${byte.toString(16)}`).join(' ');
  };
  const operator = { user: 'operator', password: '0per-Secret', privilege: 'OPERATOR' } as const;

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  afterEach(async () => bmc.stop());

  it('are closed by ipmitool on its way out, also after an error', async () => {
    await start();
    await run('chassis power status');
    await run('chassis power cycle');
    await run('raw 0x30 0x01');
    expect(bmc.sessions()).to.deep.equal([]);
    expect(bmc.count('close-session')).to.equal(3);
  });

  it('stay open when ipmitool is killed, and end after their idle time', async () => {
    await start({ sessionTimeoutMs: 400 });
    await leak();
    expect(bmc.sessions()).to.have.length(1);
    expect(bmc.sessions()[0]).to.include({ user: 'admin', privilege: 'administrator' });
    await sleep(450);
    expect(bmc.sessions()).to.have.length(0);
  });

  it('are refused when the table is full, and admitted again when one has ended', async () => {
    await start({ maxSessions: 2 });
    await leak();
    await leak();
    const refused = await run('chassis power status');
    expect(refused.stderr).to.contain('Error in open session response message : insufficient resources for session');
    expect(bmc.logins('admin').attempts).to.equal(2);
    await bmc.restart();
    expect(await run('chassis power status')).to.include({ rc: 0 });
  });

  it('count a login that was given up, until its time is over', async () => {
    await start({ maxSessions: 1, loginTimeoutMs: 300 });
    await run('chassis power status', { password: 'x' });
    expect((await run('chassis power status')).stderr).to.contain('insufficient resources for session');
    await sleep(350);
    expect(await run('chassis power status')).to.include({ rc: 0 });
  });

  it('are told by Get Session Info: the own, by number, by handle, by id, and the free slots', async () => {
    await start();
    await leak(operator);
    const [left] = bmc.sessions();
    const own = await run('session info active');
    expect(own.stdout).to.match(
      /^slot count +: 4\nactive sessions +: 2\nuser id +: 2\nprivilege level +: ADMINISTRATOR$/m,
    );
    expect(own.stdout).to.match(
      /^session type +: IPMIv2\/RMCP\+\nchannel number +: 0x01\nconsole ip +: 127\.0\.0\.1$/m,
    );
    const all = await run('session info all');
    expect(all.stdout).to.match(new RegExp(`^session handle +: ${left?.handle}\n`));
    expect(all.stdout).to.match(new RegExp(`^user id +: 3\nprivilege level +: OPERATOR$`, 'm'));
    expect(all.stdout).to.match(new RegExp(`^console port +: ${left?.peer.port}$`, 'm'));
    expect((await run(`session info handle 0x${left?.handle.toString(16)}`)).stdout).to.match(/^user id +: 3$/m);
    expect((await run(`session info id 0x${left?.id.toString(16)}`)).stdout).to.match(/^user id +: 3$/m);
    expect((await run('session info handle 0xfe')).stdout).to.match(
      /^session handle +: 0\nslot count +: 4\nactive sessions +: 2$/m,
    );
  });

  it('are closed by another administrator, by id or handle, and not by an operator', async () => {
    await start();
    await leak();
    await leak();
    const [first, second] = bmc.sessions();
    expect((await run(`raw 0x06 0x3c ${id(first)}`, operator)).stderr).to.contain('rsp=0xd4');
    expect(bmc.sessions()).to.have.length(2);
    expect(await run(`raw 0x06 0x3c ${id(first)}`)).to.include({ rc: 0 });
    expect(await run(`raw 0x06 0x3c 0 0 0 0 ${second?.handle}`)).to.include({ rc: 0 });
    expect(bmc.sessions()).to.have.length(0);
    expect((await run(`raw 0x06 0x3c ${id(first)}`)).stderr).to.contain('rsp=0x87');
    expect((await run(`raw 0x06 0x3c 0 0 0 0 ${second?.handle}`)).stderr).to.contain('rsp=0x88');
  });

  it('serve several ipmitools at once', async () => {
    await start();
    const all = await Promise.all([1, 2, 3, 4].map(async () => run('chassis power status')));
    expect(all.map(({ rc }) => rc)).to.deep.equal([0, 0, 0, 0]);
    expect(bmc.sessions()).to.have.length(0);
  });
});
