import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { World } from '../../src/cli/world.ts';
import { startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';
import { keyboard, newUser, sink, terminal, type Result, type User } from '../unit/cli/world.ts';

describe('igor log', () => {
  let igor: TestIgor;
  let machine: Simulated;
  let erin: User;
  before(async () => {
    igor = await startIgor();
    erin = await newUser(igor.url);
    erin.now = Date.parse('2026-11-20T12:00:00Z');
    erin.next = { token: await tokenOf('erin'), lifeMs: 3_600_000, endpoint: igor.url };
  });
  after(async () => {
    await erin.leave();
    await igor.stop();
    await stopSimulated();
  });

  /** 2026-11-20T10:00:00Z. */
  const ten = 1_795_168_800;
  beforeEach(async () => {
    machine = await simulated(igor);
    const { log } = machine.bmc;
    log.setSeconds(ten + 7200);
    log.event([0x12, 0x83, 0x6f, 0xc5, 0x80, 0xff], 60);
    log.event([0x01, 0x03, 0x01, 0x59, 0x61, 0x5f], ten);
    log.event([0x0c, 0x04, 0x6f, 0x00, 0xff, 0x03], ten + 3600);
    log.event([0x08, 0x15, 0x6f, 0x01, 0xff, 0xff], ten + 7100);
  });

  const say = async (words: string, more: Partial<World> = {}): Promise<Result> =>
    erin.igor(['log', '-h', machine.name, ...words.split(' ').filter((word) => word !== '')], more);
  /** Without the name, which differs from run to run. */
  const lines = (text: string): readonly string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) =>
        line
          .replace(machine.name, 'osl01')
          .replace(/^NAME +/, 'NAME ')
          .trimEnd(),
      );

  it('shows what happened, the newest last, as whole sentences', async () => {
    const { out, code } = await say('');
    expect(code).to.equal(0);
    expect(lines(out)).to.deep.equal([
      'NAME TIME (UTC)           SEVERITY  SENSOR             WHAT',
      'osl01  start +60 s          info      system-event 0x83  the clock was set (the time here is the new one)',
      'osl01  2026-11-20 10:00:00  critical  CPU2 Temp          rose above its critical limit: 97 over 95 °C',
      'osl01  2026-11-20 11:00:00  warning   memory 0x04        a memory error was corrected (ECC)',
      'osl01  2026-11-20 11:58:20  critical  PSU2 Status        the power supply failed',
    ]);
  });

  for (const columns of [64, 80, 120, 200]) {
    it(`fits a terminal of ${columns} columns, and cuts no sentence off`, async () => {
      const stdout = terminal(columns);
      await say('--hints', { stdout, env: { ...erin.env, NO_COLOR: '1' } });
      const shown = stdout.text().trimEnd().split('\n');
      for (const line of shown) expect(line.length, line).to.be.at.most(columns);
      const words = shown
        .map((line) => line.trim())
        .join(' ')
        .replaceAll(/\s+/g, ' ');
      for (const word of ['97 over 95 °C', 'temperature goes on rising', 'replace the module'].join(' ').split(' '))
        expect(words).to.contain(word);
      expect(words).not.to.contain('…');
    });
  }

  it('paints what is bad, unless NO_COLOR says no', async () => {
    const stdout = terminal(120);
    await say('', { stdout });
    expect(stdout.text()).to.contain('\u001b[31mcritical\u001b[0m').and.to.contain('\u001b[33mwarning\u001b[0m');
    const plain = terminal(120);
    await say('', { stdout: plain, env: { ...erin.env, NO_COLOR: '1' } });
    expect(plain.text()).not.to.contain('\u001b');
  });

  it('is narrowed by time, severity, sensor and number, and tells that there is more', async () => {
    const count = async (words: string): Promise<number> => lines((await say(words)).out).length - 1;
    expect(await count('--since 90m')).to.equal(2);
    expect(await count('--since 2026-11-20T11:30')).to.equal(1);
    expect(await count('--until 2026-11-20T10:30')).to.equal(2);
    expect(await count('--severity warning,critical')).to.equal(3);
    expect(await count('--sensor 0x15')).to.equal(1);
    const some = await say('-n 1');
    expect(lines(some.out)).to.have.length(2);
    expect(some.err).to.contain('older ones are not shown (-n)');
    for (const words of ['--since yesterday', '-n 0', '-n 1001', '-n x', '--follow --interval 0'])
      expect((await say(words)).code, words).to.equal(2);
    expect((await say('--severity bad')).code).to.equal(1);
  });

  it('shows the bytes and numbers, or JSON', async () => {
    expect(lines((await say('--raw -n 1')).out).at(-1)).to.match(/^osl01 {2}0004 {2}04 00 02 ([0-9a-f]{2} ){12}ff$/);
    const { out } = await erin.igor(['--json', 'log', '-h', machine.name]);
    const { results } = JSON.parse(out) as { results: { result: { entries: { id: string }[] } }[] };
    expect(results[0]?.result.entries.map(({ id }) => id)).to.deep.equal(['0004', '0003', '0002', '0001']);
  });

  it('tells how full the log is and how its clock goes, sets it, and deletes one entry', async () => {
    expect(lines((await say('info')).out)[1]).to.match(
      /^osl01 {2}4 +8128 bytes +no +2026-11-20 12:00:0\d +\d+ s behind$/,
    );
    expect(lines((await say('clock 2026-11-20T12:00')).out)).to.deep.equal(['osl01: set to 2026-11-20T12:00:00.000Z']);
    await say('clock now');
    expect(lines((await say('clock')).out)[0]).to.match(/^osl01: 20\S+Z, right$/);
    machine.bmc.log.setSeconds(600);
    expect(lines((await say('clock')).out)[0]).to.match(/^osl01: not set, 60\d s since its start$/);
    expect(lines((await say('delete 3')).out)).to.deep.equal([
      'osl01: deleted 0003, a memory error was corrected (ECC)',
    ]);
    expect((await say('delete 3')).code).to.equal(1);
    expect((await say('delete 0x3')).code).to.equal(2);
  });

  it('clears when told yes, as it was looked at, and shows what was cleared', async () => {
    expect((await say('clear')).code).to.equal(2);
    expect((await say('clear', { stdin: keyboard('n\r') })).code).to.equal(1);
    expect((await say('clear', { stdin: keyboard('\r') })).code).to.equal(1);
    expect(machine.bmc.log.records).to.have.length(4);
    const asked = keyboard('');
    const stderr = sink();
    const clearing = say('clear', { stdin: asked, stderr });
    while (!stderr.text().includes('[y/N]')) await sleep(20);
    expect(stderr.text()).to.contain(`Clear the log of ${machine.name} (4 entries)?`);
    machine.bmc.log.event([0x08, 0x15, 0xef, 0x01, 0xff, 0xff]);
    asked.write('y\r');
    expect((await clearing).code).to.equal(1);
    expect(stderr.text()).to.contain('precondition-failed');
    expect(machine.bmc.log.records).to.have.length(5);
    const { out, code } = await say('clear --yes');
    expect(code).to.equal(0);
    const id = /cleared, 5 entries in archive ([0-9a-f-]{36})/.exec(out)?.[1] ?? '';
    expect(machine.bmc.log.records).to.have.length(0);
    expect(lines((await say('clear --yes')).out)).to.deep.equal(['osl01: is empty']);
    expect((await say('archives')).out).to.match(new RegExp(`${id}  20\\S+ \\S+  5 entries, cleared`));
    expect(lines((await say(`archives ${id}`)).out)).to.have.length(6);
  });

  it('follows what is new, survives what goes wrong, and ends with Ctrl-C', async () => {
    const stop = new AbortController();
    const [stdout, stderr] = [sink(), sink()];
    const following = say('--follow --interval 1 -n 2 --hints', { signal: stop.signal, stdout, stderr });
    const seen = async (text: string, where = stdout): Promise<void> => {
      while (!where.text().includes(text)) await sleep(50);
    };
    await seen('PSU2 Status: the power supply failed');
    const heal = machine.bmc.inject({ kind: 'completion-code', to: 'get-sel-info', code: 0xc0 });
    await seen('the controller is busy', stderr);
    heal();
    await seen('answers again', stderr);
    machine.bmc.log.clear();
    machine.bmc.log.event([0x04, 0x06, 0x01, 0x52, 0x07, 0x08]);
    await seen('FAN2: fell below its critical limit: 420 under 480 RPM');
    await seen('> See whether the fan turns');
    stop.abort();
    expect((await following).code).to.equal(130);
    expect(stdout.text().match(/PSU2 Status/g)).to.have.length(1);
    expect(stderr.text().match(/is busy/g)).to.have.length(1);
  });
});
