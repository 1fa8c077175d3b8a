import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

const recorded = new URL('../fixtures/ipmitool/', import.meta.url);

/** The standard output of a recording, in which ipmi_sim packed short names in six bits. */
const printed = async (name: string): Promise<readonly string[]> => {
  const text = await readFile(new URL(name, recorded), 'latin1');
  return (text.split('--- stdout\n')[1] ?? '').split('--- end')[0]?.trimEnd().split('\n') ?? [];
};

/** Without the name, and without the reserved bit of discrete states, which ipmi_sim leaves out. */
const beyondNames = (lines: readonly string[]): readonly string[] =>
  lines.map((line) =>
    line
      .replace(/^[^|]*\|/, '')
      .replace(/0x(\w\w)80/, '0x$100')
      .trimEnd(),
  );

describe('the sensors of our own BMC, as ipmitool sees them', () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  beforeEach(async () => {
    bmc = await startBmcSimulator();
  });
  afterEach(async () => bmc.stop());

  const stdout = async (...words: readonly string[]): Promise<string> => {
    const said = await tool.run(bmc, words);
    expect(said).to.include({ rc: 0, stderr: '' });
    return said.stdout;
  };

  for (const [words, recording] of [
    [['sdr', 'elist'], 'sdr-elist.txt'],
    [['sensor', 'list'], 'sensor-list.txt'],
  ] as const) {
    it(`are those of ipmi_sim: ${words.join(' ')}`, async () => {
      const lines = (await stdout(...words)).trimEnd().split('\n');
      expect(beyondNames(lines)).to.deep.equal(beyondNames(await printed(recording)));
    });
  }

  it('are read in parts of as many bytes as it can return', async () => {
    const whole = await stdout('sdr', 'elist');
    bmc.sensors.mostBytes = 20;
    expect(await stdout('sdr', 'elist')).to.equal(whole);
  });

  it('are read though the reservation is cancelled in the middle', async () => {
    const whole = await stdout('sdr', 'elist');
    bmc.inject({ kind: 'completion-code', to: 'get-sdr', code: 0xc5, times: 1 });
    expect(await stdout('sdr', 'elist')).to.equal(whole);
  });

  it('tell one in detail, take a threshold, and are asked for it again', async () => {
    await stdout('sensor', 'thresh', 'CPU1 Temp', 'ucr', '90');
    expect(bmc.sensors.seen.get(2)?.limits).to.deep.equal([null, null, null, 85, 90, 100]);
    const shown = await stdout('sensor', 'get', 'CPU1 Temp');
    expect(shown).to.match(/^ Upper Critical +: 90\.000$/m);
    expect(shown).to.match(/^ Positive Hysteresis +: 2\.000$/m);
  });

  it('follow what the test says: a reading, and none', async () => {
    Object.assign(bmc.sensors.seen.get(2) ?? {}, { raw: 101 });
    Object.assign(bmc.sensors.seen.get(3) ?? {}, { unavailable: true });
    const lines = await stdout('sdr', 'elist');
    expect(lines).to.match(/^CPU1 Temp +\| 02h \| unr \| +3\.1 \| 101 degrees C$/m);
    expect(lines).to.match(/^CPU2 Temp +\| 03h \| ns +\| +3\.2 \| No Reading$/m);
  });
});
