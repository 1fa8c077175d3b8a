import { expect } from 'chai';
import { enrol } from '../support/enrol.ts';
import { startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';
import { newUser, type User } from '../unit/cli/world.ts';

describe('igor, about power, boot, chassis and watchdog', () => {
  let igor: TestIgor;
  let user: User;
  let ours: Simulated;
  let plain: { readonly name: string };
  before(async () => {
    igor = await startIgor();
    ours = await simulated(igor, { power: 'on', powerDelayMs: 500, softOffMs: 700 });
    plain = await enrol(igor, 'alpha');
    user = await newUser(igor.url);
  });
  after(async () => {
    await user.leave();
    await igor.stop();
    await stopSimulated();
  });

  /** What is printed, with the machine's name as `it`. */
  const say = async (persona: string, name: string, ...words: string[]): Promise<readonly [number, string]> => {
    user.next = { token: await tokenOf(persona), lifeMs: 3_600_000, endpoint: igor.url };
    const [command = '', ...rest] = words;
    const { code, out, err } = await user.igor([command, '-h', name, ...rest]);
    return [code, (out + err).replaceAll(name, 'it').replaceAll(/req-[0-9a-f-]{36}/g, 'req')];
  };
  const bob = async (...words: string[]): Promise<readonly [number, string]> => say('bob', ours.name, ...words);

  it('waits for the power, and ends with 1 when it does not come', async () => {
    expect(await bob('power', 'soft', '--wait', '20')).to.deep.equal([0, 'it: off (was on)\n']);
    expect(await bob('power', 'on', '--wait')).to.deep.equal([0, 'it: on (was off)\n']);
    expect(await bob('power', 'cycle', '--wait', '20')).to.deep.equal([0, 'it: on (was on)\n']);
    expect(await bob('power', 'reset', '--wait')).to.deep.equal([0, 'it: sent reset (was on, now on)\n']);
    const deaf = await simulated(igor, { power: 'on', softOffMs: null });
    expect(await say('bob', deaf.name, 'power', 'soft', '--wait', '1')).to.deep.equal([
      1,
      'it: still on (sent soft-off, was on)\n',
    ]);
  });

  it('shows and sets what a chassis has beside', async () => {
    expect(await bob('power', 'policy', 'previous')).to.deep.equal([0, 'it: previous\n']);
    expect(await bob('power', 'policy')).to.deep.equal([0, 'it: previous (of always-on, always-off, previous)\n']);
    expect((await bob('power', 'history'))[1]).to.match(/^NAME.*\nit.* {2}365 d 5 h\n$/);
    expect(await bob('identify', '30')).to.deep.equal([0, 'it: on for 30 s\n']);
    expect(await bob('identify')).to.deep.equal([0, 'it: on, goes out by itself\n']);
    expect(await bob('identify', 'off')).to.deep.equal([0, 'it: off\n']);
    ours.bmc.chassis.extras.buttons = 0b0001_0001;
    expect((await bob('health'))[1]).to.match(/\nit +on +none +off +previous +command +buttons off: power\n$/);
  });

  it('shows, sets and clears what a machine starts from', async () => {
    expect(await bob('boot', 'remote-cdrom', '--persistent')).to.deep.equal([0, 'it: remote-cdrom, uefi, each time\n']);
    expect((await bob('boot', 'parameters'))[1]).to.match(/5 flags .* e020000000 .* target remote-cdrom/);
    expect(await bob('boot', 'clear')).to.deep.equal([0, 'it: cleared\n']);
    expect(await bob('boot', 'get')).to.deep.equal([0, 'it: none, legacy, once\n']);
  });

  it('shows, resets and stops a watchdog', async () => {
    expect(await bob('watchdog', 'reset')).to.deep.equal([0, 'it: its time begins anew\n']);
    expect((await bob('watchdog'))[1]).to.match(/\nit +running +system +reset +\d+\.?\d* s +300 s +- +-\n$/);
    expect(await bob('watchdog', 'off')).to.deep.equal([0, 'it: stopped\n']);
  });

  it('shows what a machine draws, and limits it for who may', async () => {
    expect((await bob('power', 'consumption'))[1]).to.match(/\nit +212 W +98 W +187 W +431 W +60 s\n$/);
    expect((await bob('power', 'limit', '300'))[0]).to.equal(1);
    expect(await say('erin', ours.name, 'power', 'limit', '300')).to.deep.equal([
      0,
      'it: 300 W within 10 s, else log\n',
    ]);
    expect(await bob('power', 'limit')).to.deep.equal([0, 'it: 300 W within 10 s, else log\n']);
    expect(await say('erin', ours.name, 'power', 'limit', 'off')).to.deep.equal([0, 'it: no limit\n']);
  });

  it('says what ipmi_sim cannot, and does what it can', async () => {
    const sim = async (...words: string[]): Promise<readonly [number, string]> => say('bob', plain.name, ...words);
    expect(await sim('power', 'on', '--wait', '20')).to.deep.equal([0, 'it: on (was off)\n']);
    expect(await sim('power', 'policy')).to.deep.equal([0, 'it: always-off\n']);
    expect(await sim('boot', 'pxe', '--legacy')).to.deep.equal([0, 'it: pxe, legacy, once\n']);
    expect(await sim('boot', 'clear')).to.deep.equal([0, 'it: cleared\n']);
    expect(await sim('watchdog', 'off')).to.deep.equal([0, 'it: stopped\n']);
    expect(await sim('power', 'consumption')).to.deep.equal([
      1,
      'it: The controller cannot do that: Get Power Reading: the controller does not know this command (C1h) (controller-unsupported, req)\n',
    ]);
  });
});
