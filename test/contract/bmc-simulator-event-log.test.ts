import { expect } from 'chai';
import { ipmitool, type Ipmitool, type Options } from '../support/bmc/ipmitool.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

describe("the BMC simulator's event log, judged by ipmitool", () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  const stdout = async (words: string, options: Options = {}): Promise<string> => {
    const said = await tool.run(bmc, words.split(' '), options);
    expect(said).to.include({ rc: 0 });
    return said.stdout;
  };

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  beforeEach(async () => {
    bmc = await startBmcSimulator();
  });
  afterEach(async () => bmc.stop());

  const fill = (): void => {
    bmc.log.event([0x01, 0x03, 0x01, 0x59, 0x61, 0x5f], 643);
    bmc.log.event([0x08, 0x15, 0x6f, 0x01, 0xff, 0xff], 1_795_000_000);
    bmc.log.event([0x08, 0x15, 0xef, 0x01, 0xff, 0xff], 1_795_000_060);
    bmc.log.add([0xc1, 0, 0, 0, 0, 0xda, 0x01, 0x00, 1, 2, 3, 4, 5, 6], 1_795_000_120);
    bmc.log.add([0xe1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  };

  it('is listed with times, sensors, events and the records of makers', async () => {
    fill();
    const lines = (await stdout('sel list')).trimEnd().split('\n');
    expect(lines.slice(0, 3)).to.deep.equal([
      '   1 |  Pre-Init  |0000000643| Temperature #0x03 | Upper Critical going high | Asserted',
      '   2 | 11/18/26 | 11:06:40 UTC | Power Supply #0x15 | Failure detected | Asserted',
      '   3 | 11/18/26 | 11:07:40 UTC | Power Supply #0x15 | Failure detected | Deasserted',
    ]);
    expect(lines[3]).to.match(/^ {3}4 \| 11\/18\/26 \| 11:08:40 UTC \| OEM record c1 \| 0001da \| 010203040506$/);
    expect(lines[4]).to.match(/^ {3}5 \| OEM record e1 \| 0102030405060708090a0b0c0d$/);
    expect(await stdout('sel list last 1')).to.equal(`${lines[4]}\n`);
  });

  it('shows one entry', async () => {
    fill();
    const said = await stdout('sel get 0x2');
    expect(said).to.match(/SEL Record ID +: 0002/);
    expect(said).to.match(/Event Direction +: Assertion Event/);
    expect(said).to.match(/Event Data( \(RAW\))? +: 01ffff/);
  });

  it('tells how full it is, when something was added and deleted, and what it can', async () => {
    expect(await stdout('sel info')).to.match(/Entries +: 0\n/);
    bmc.log.setSeconds(1_795_000_000);
    fill();
    const said = await stdout('sel info');
    expect(said).to.match(/Version +: 1.5 \(v1.5, v2 compliant\)/);
    expect(said).to.match(/Entries +: 5\n/);
    expect(said).to.match(/Free Space +: 8112 bytes/);
    expect(said).to.match(/Last Add Time +: 11\/18\/26 11:06:4\d UTC/);
    expect(said).to.match(/Last Del Time +: Not Available/);
    expect(said).to.match(/Overflow +: false/);
    expect(said).to.match(/Supported Cmds +: 'Delete' 'Reserve' 'Get Alloc Info'/);
  });

  it('drops what it has no room for, or its oldest, and says so', async () => {
    bmc.log.nature.capacity = 3;
    fill();
    expect(await stdout('sel info')).to.match(/Overflow +: true/);
    expect(bmc.log.records.map((record) => record.readUInt16LE(0))).to.deep.equal([1, 2, 3]);
    bmc.log.nature.isCircular = true;
    fill();
    expect((await stdout('sel list')).match(/^ +(\w+) \|/gm)).to.deep.equal(['   6 |', '   7 |', '   8 |']);
  });

  it('loses one entry, or all, and nothing without a reservation that stands', async () => {
    fill();
    expect(await stdout('sel delete 0x2')).to.equal('Deleted entry 2\n');
    expect(bmc.log.records.map((record) => record.readUInt16LE(0))).to.deep.equal([1, 3, 4, 5]);
    const refused = await tool.run(bmc, 'raw 0x0a 0x47 0x09 0x00 0x43 0x4c 0x52 0xaa'.split(' '));
    expect(refused.stderr).to.contain('rsp=0xc5');
    expect(bmc.log.records).to.have.length(4);
    expect(await stdout('sel clear')).to.equal('Clearing SEL.  Please allow a few seconds to erase.\n');
    expect(bmc.log.records).to.have.length(0);
    const empty = await tool.run(bmc, ['sel', 'list']);
    expect(empty.stderr).to.contain('SEL has no entries');
  });

  it('takes entries from an operator, and none from a user', async () => {
    const add = 'raw 0x0a 0x44 0 0 2 0 0 0 0 0x20 0 4 8 0x15 0x6f 1 0xff 0xff';
    await stdout(add, { user: 'operator', password: '0per-Secret', privilege: 'OPERATOR' });
    expect(bmc.log.records).to.have.length(1);
    const said = await tool.run(bmc, add.split(' '), { user: 'user', password: 'us3r-Secret', privilege: 'USER' });
    expect(said.rc).to.equal(1);
    expect(bmc.log.records).to.have.length(1);
  });

  it('has a clock that can be set', async () => {
    bmc.log.setSeconds(1_795_168_800);
    expect(await stdout('sel time get')).to.match(/^11\/20\/26 10:00:0\d UTC\n$/);
    await stdout('sel time set now');
    expect(bmc.log.seconds - Date.now() / 1000).to.be.within(-2, 2);
    bmc.log.setSeconds(600);
    expect(await stdout('sel time get')).to.match(/^S\+ 00:10:0\d/);
  });

  it('erases for a while, if told so, during which it does nothing else', async () => {
    bmc.log.nature.erasureMs = 60_000;
    fill();
    await stdout('sel clear');
    const said = await tool.run(bmc, 'raw 0x0a 0x40'.split(' '));
    expect(said.stderr).to.contain('rsp=0x81');
  });
});
