import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { fail, failureCases, failureFixture } from '../support/bmc/failures.ts';
import { ipmitool, type Ipmitool, type Options, type Said } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

const fixtures = new URL('../fixtures/ipmitool/failures/', import.meta.url);
const status = ['chassis', 'power', 'status'];
const powerOn = ['chassis', 'power', 'on'];

describe('the failures of ipmitool on record', () => {
  const observed = new Map<string, string>();

  before(async () => {
    await using tool = await ipmitool();
    const runs: Promise<void>[] = [];
    for (const [name, failure] of Object.entries(failureCases())) {
      for (const isVerbose of [false, true]) {
        const observe = async (): Promise<void> => {
          const said = await fail(tool, failure, isVerbose);
          observed.set(isVerbose ? `${name}.v` : name, failureFixture(failure, isVerbose, said));
        };
        runs.push(observe());
        // Most of them only wait, so they wait together; two at once would already compete for a processor.
        await sleep(20);
      }
    }
    await Promise.all(runs);
    if (process.env['RECORD_FIXTURES'] !== 'failures') return;
    await mkdir(fixtures, { recursive: true });
    for (const [name, text] of observed) await writeFile(new URL(`${name}.txt`, fixtures), text);
  });

  for (const name of Object.keys(failureCases())) {
    it(`are brought about again: ${name}`, async () => {
      for (const file of [name, `${name}.v`]) {
        expect(observed.get(file)).to.equal(await readFile(new URL(`${file}.txt`, fixtures), 'utf8'));
      }
    });
  }
});

describe('the faults of the BMC simulator', () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  const start = async (options: Partial<BmcOptions> = {}): Promise<void> => {
    bmc = await startBmcSimulator(options);
  };
  const run = async (words: readonly string[], options: Options = {}): Promise<Said> =>
    tool.run(bmc, words, { retries: 1, ...options });

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  afterEach(async () => bmc.stop());

  it('black-hole hears nothing until healed', async () => {
    await start();
    bmc.inject({ kind: 'black-hole' });
    expect(await run(status)).to.include({ rc: 1 });
    expect(bmc.packets).to.deep.equal({ received: 2, sent: 0 });
    bmc.heal();
    expect(await run(status)).to.include({ rc: 0 });
  });

  it('is taken away by what inject returned, and others stay', async () => {
    await start();
    const takeAway = bmc.inject({ kind: 'completion-code', to: 'chassis-control', code: 0xc0 });
    bmc.inject({ kind: 'completion-code', to: 'get-chassis-status', code: 0xc0 });
    takeAway();
    expect(await run(powerOn)).to.include({ rc: 0 });
    expect(await run(status)).to.include({ rc: 1 });
  });

  it('drop-packets passes over as many as it says', async () => {
    await start();
    bmc.inject({ kind: 'drop-packets', times: 1 });
    expect(await run(status, { retries: 2 })).to.include({ rc: 0, stdout: 'Chassis Power is off\n' });
    expect(bmc.packets.received - bmc.packets.sent).to.equal(1);
  });

  it('drop-replies carries the command out and does not answer', async () => {
    await start();
    bmc.inject({ kind: 'drop-replies', to: 'chassis-control' });
    expect(await run(powerOn, { retries: 2 })).to.include({ rc: 1, stdout: '' });
    expect(bmc.count('chassis-control')).to.equal(1);
    expect(bmc.chassis.power).to.equal('on');
    expect(bmc.sessions()).to.have.length(0);
  });

  it('delay holds an answer back', async () => {
    await start();
    bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 300 });
    const began = performance.now();
    expect(await run(status)).to.include({ rc: 0, stdout: 'Chassis Power is off\n' });
    expect(performance.now() - began).to.be.greaterThan(299);
  });

  it('delay beyond the repetition still carries the command out once', async () => {
    await start();
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 1300 });
    expect(await run(powerOn, { retries: 3 })).to.include({ rc: 0 });
    expect(bmc.count('chassis-control')).to.equal(1);
  });

  it('duplicate answers twice, which ipmitool bears', async () => {
    await start();
    bmc.inject({ kind: 'duplicate', to: 'get-chassis-status' });
    expect(await run(status)).to.include({ rc: 0, stdout: 'Chassis Power is off\n' });
    expect(bmc.packets.sent - bmc.packets.received).to.equal(1);
  });

  it('garbage goes out in place of one answer, and the next is good again', async () => {
    await start();
    bmc.inject({ kind: 'garbage', to: 'get-chassis-status', times: 1 });
    expect(await run(status)).to.include({ rc: 1, stderr: 'Unable to get Chassis Power Status\n' });
    expect(await run(status)).to.include({ rc: 0 });
  });

  it('wrong-data is taken by ipmitool for the truth', async () => {
    await start();
    bmc.inject({ kind: 'wrong-data', to: 'get-chassis-status', data: Buffer.from([0x01, 0x00, 0x00]) });
    expect(await run(status)).to.include({ rc: 0, stdout: 'Chassis Power is on\n' });
    expect(bmc.chassis.power).to.equal('off');
  });

  it('completion-code refuses the command without carrying it out', async () => {
    await start();
    bmc.inject({ kind: 'completion-code', to: 'chassis-control', code: 0xc0 });
    expect((await run(powerOn)).stderr).to.equal('Set Chassis Power Control to Up/On failed: Node busy\n');
    expect(bmc.chassis.power).to.equal('off');
    expect(bmc.executed().map(({ command, completion }) => ({ command, completion }))).to.deep.include({
      command: 'chassis-control',
      completion: 0xc0,
    });
  });

  it('refuse-sessions looks like a full table', async () => {
    await start();
    bmc.inject({ kind: 'refuse-sessions', times: 1 });
    expect((await run(status)).stderr).to.contain('insufficient resources for session');
    expect(await run(status)).to.include({ rc: 0 });
  });

  it('die carries the command out, closes the port and loses the sessions, until restarted on the same port', async () => {
    await start();
    bmc.inject({ kind: 'die', after: 'chassis-control' });
    const { port } = bmc;
    expect(await run(powerOn)).to.include({ rc: 1, stdout: '' });
    expect(bmc.chassis.power).to.equal('on');
    bmc.heal();
    await bmc.restart();
    expect(bmc.port).to.equal(port);
    expect(bmc.sessions()).to.have.length(0);
    expect(await run(status)).to.include({ rc: 0, stdout: 'Chassis Power is on\n' });
  });

  it('leaves no timer and no socket behind when stopped in the middle of a delay', async () => {
    const held = (): readonly string[] =>
      process.getActiveResourcesInfo().filter((it) => /^(Timeout|UDPWRAP)$/.test(it));
    // By then mocha has set the timer of this test.
    await setImmediate();
    const before = held();
    await start();
    bmc.inject({ kind: 'delay', ms: 3_600_000 });
    await run(status);
    expect(held().length).to.be.greaterThan(before.length + 1);
    await bmc.stop();
    expect(held()).to.deep.equal(before);
  });
});
