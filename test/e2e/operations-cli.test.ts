import { expect } from 'chai';
import { passwordOf } from '../../deploy/demo/personas.ts';
import { atTerminal, type AtTerminal } from '../support/at-terminal.ts';
import { eventually } from '../support/embedded-postgres.ts';
import { startIgor, tokenOf, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { runIgor } from '../support/process.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';
import { newUser, type User } from '../unit/cli/world.ts';

const uuid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;

describe('igor, about many machines', () => {
  let igor: TestIgor;
  let user: User;
  let env: Record<string, string>;
  let machines: readonly Simulated[];
  before(async () => {
    igor = await startIgor({ IGOR_BLAST_RADIUS: '4', IGOR_POWER_ON_STAGGER_MS: '0' });
    machines = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => simulated(igor, {}, { name: `osl0${index + 1}` })),
    );
    user = await newUser(igor.url);
    env = {
      OS_AUTH_URL: (await keystone()).url,
      OS_USERNAME: 'bob',
      OS_PASSWORD: passwordOf('bob'),
      OS_PROJECT_NAME: 'alpha',
      OS_OUT_OF_BAND_ENDPOINT_OVERRIDE: igor.url,
      HOME: user.home,
    };
  });
  after(async () => {
    await user.leave();
    await igor.stop();
    await stopSimulated();
  });

  const say = async (persona: string, ...words: string[]) => {
    user.next = { token: await tokenOf(persona), lifeMs: 3_600_000, endpoint: igor.url };
    return user.igor(words);
  };
  const bob = async (...words: string[]) => say('bob', ...words);
  const sentTo = (index: number): number => machines[index]?.bmc.count('chassis-control') ?? NaN;
  const lastId = async (): Promise<string> => {
    const { out } = await bob('--json', 'operations', 'show', 'last');
    return (JSON.parse(out) as { operation: { id: string } }).operation.id;
  };
  const until = async (terminal: AtTerminal, wanted: RegExp): Promise<void> => {
    await eventually(async () => Promise.resolve(wanted.test(terminal.seen())), 20_000);
  };

  it('shows what would be done, and sends nothing', async () => {
    const { code, out } = await bob('power', '-h', 'osl0[1-6]', 'cycle', '--stagger', '200ms', '--dry-run');
    expect(code).to.equal(0);
    expect(out.split('\n').slice(0, 2)).to.deep.equal(['power.set on 6 targets: osl0[1-6]', '  with    target cycle']);
    expect(out).to.contain('200 ms apart: at least 1 s');
    expect([0, 1, 2, 3, 4, 5].map(sentTo)).to.deep.equal([0, 0, 0, 0, 0, 0]);
  });

  it('does it as a process, prints nothing but what became of them, and keeps who asked why', async () => {
    const words = ['power', '-h', 'osl0[1-6]', 'on', '--yes', '--reason', 'a new rack'];
    expect(await runIgor(words, env)).to.deep.equal({
      code: 0,
      stdout: 'osl0[1-6]: sent on (was off)\n',
      stderr: '',
    });
    expect([0, 1, 2, 3, 4, 5].map(sentTo)).to.deep.equal([1, 1, 1, 1, 1, 1]);
    expect((await bob('operations', 'show', 'last')).out).to.contain('  reason    a new rack\n');
  });

  it('asks at a terminal, draws a bar there, and ends with a line for all', async () => {
    const terminal = atTerminal(['power', '-h', 'osl0[1-6]', 'off', '--stagger', '150ms'], env, 60);
    await until(terminal, /Go on with power\.set on 6 machines\? \[y\/N\] /);
    terminal.type('y\n');
    expect(await terminal.ended()).to.equal(0);
    expect(terminal.seen()).to.match(/\r\u001b\[Jpower\.set off \[.*\] \d\/6/);
    expect(terminal.seen()).to.match(/\r\u001b\[Josl0\[1-6\]: sent off \(was on\)\r\n$/);
    for (const line of terminal
      .seen()
      .split(/\r\u001b\[J|\r\n/)
      .map((text) => text.replaceAll(/\u001b\[\d*[mGJ]/g, '')))
      if (line.startsWith('power.set off [')) expect(line.length).to.be.below(60);
  });

  it('is left running by Ctrl-C, watched again, cancelled, and asked for again', async () => {
    const terminal = atTerminal(['power', '-h', 'osl0[1-6]', 'on', '--stagger', '700ms', '--yes'], env);
    await until(terminal, / 1\/6/);
    terminal.interrupt();
    expect(await terminal.ended()).to.equal(130);
    const id = await lastId();
    expect(terminal.seen()).to.contain(`igor: operation ${id} goes on without you: 1 of 6 done`);
    const listed = await bob('operations', 'list', '--state', 'running');
    expect(listed.out)
      .to.match(/^ID .*\n/)
      .and.contain(id);
    const watching = bob('operations', 'watch', id);
    expect((await bob('operations', 'cancel', id)).out).to.match(new RegExp(`^${id}: \\d of 6 will not be begun`));
    const { code, err } = await watching;
    expect(code).to.equal(1);
    expect(err).to.contain(`igor operations retry ${id} --state cancelled asks for them again`);
    const again = await bob('operations', 'retry', id, '--state', 'cancelled', '--reason', 'again');
    expect(again.code).to.equal(0);
    expect(again.out).to.match(/: sent on \(was off\)\n$/);
    expect((await bob('operations', 'cancel', id)).err).to.equal('');
    expect(await bob('operations', 'show', id, '--targets', '--state', 'cancelled')).to.have.property('code', 0);
  }).timeout(40_000);

  it('tells of whom it is not known, and whose controller did not answer, and asks again for those alone', async () => {
    expect((await bob('identify', '-h', 'osl0[1-3]')).code).to.equal(0);
    await machines[1]?.bmc.stop();
    // A session was open: what was written may have arrived.
    const unknown = await bob('identify', '-h', 'osl0[1-3]', 'on');
    expect(unknown).to.include({ code: 4, out: 'osl0[1,3]: on\n' });
    expect(unknown.err).to.match(/^osl02: It was sent, and no answer seen/);
    expect(unknown.err).to.contain('igor: of 1 it is not known whether it was done');
    const { code, out, err } = await bob('identify', '-h', 'osl0[1-3]', 'on');
    expect({ code, out }).to.deep.equal({ code: 1, out: 'osl0[1,3]: on\n' });
    expect(err).to.match(/^osl02: The controller does not answer; nothing was changed/);
    const shown = await bob('operations', 'show', 'last', '--targets');
    expect(shown.out.replaceAll(uuid, 'id')).to.match(/\nosl01 +succeeded +state on, seconds null +id\n/);
    expect(shown.out).to.match(/\nosl02 +failed +The controller does not answer/);
    const again = await bob('operations', 'retry', 'last');
    expect(again.code).to.equal(1);
    expect(again.out + again.err).not.to.match(/osl0[13]/);
  });

  it('runs any kind, and leaves to the service what it does not know', async () => {
    expect(await bob('run', 'boot.set', '-h', 'osl01,osl03', 'target=pxe', 'once=false')).to.deep.include({
      code: 0,
      out: 'osl0[1,3]: mode uefi, once false, target pxe\n',
    });
    expect((await bob('run', 'boot.set', '-h', 'osl01,osl03', 'tagret=pxe')).err).to.equal(
      'igor: tagret: boot.set takes target=, mode=, once=\n',
    );
    expect((await bob('run', 'no.such', '-h', 'osl01,osl03')).err).to.contain('no.such is not done to sets');
  });

  it('rotates the passwords of a fleet by one operation, for who may', async () => {
    expect((await bob('bmc', 'rotate', '-h', 'osl0[3-4]')).err).to.contain('oob:credential:rotate');
    expect(await say('alice', 'bmc', 'rotate', '-h', 'osl0[3-4]', '--reason', 'quarterly')).to.deep.equal({
      code: 0,
      out: 'osl0[3-4]: admin has a new password\n',
      err: '',
    });
    expect((await say('alice', 'operations', 'show', 'last')).out).to.match(/credential\.rotate +succeeded/);
  });

  it("shows nobody another project's", async () => {
    const id = await lastId();
    for (const words of [
      ['show', id],
      ['cancel', id],
      ['retry', id],
      ['watch', id],
    ])
      expect((await say('mallory', 'operations', ...words)).err).to.contain('(not-found');
    expect((await say('mallory', 'operations', 'list')).out).to.equal('');
    expect((await say('mallory', 'operations', 'show', 'last')).err).to.contain('you have asked for no operation');
  });
});
