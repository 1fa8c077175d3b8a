import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, idOf, refuse, requestId, startPeer, type Answerer, type Peer } from './peer.ts';
import { newUser, terminal, type User } from './world.ts';

const names = Array.from({ length: 30 }, (_, index) => `osl${String(index + 1).padStart(2, '0')}`);

const ran = (name: string, more: object = {}): object => ({
  machine_id: idOf(name),
  name,
  state: 'succeeded',
  exit_code: 0,
  signal: null,
  stdout: `I am ${name}\n`,
  stderr: '',
  truncated: false,
  duration_ms: 12,
  fault: null,
  ...more,
});

const execution = (targets: readonly object[], state = 'succeeded'): object => ({
  execution: { id: idOf('execution'), state, targets, links: [] },
});

describe('igor exec', () => {
  let peer: Peer;
  let bob: User;
  /** What becomes of the command on a host, if not success. */
  let fates: Record<string, object>;

  beforeEach(async () => {
    peer = await startPeer(names);
    bob = await newUser(peer.url);
    fates = {};
    peer.answers.set('POST /v1/executions', (asked, response) => {
      const { targets } = asked.body as { targets: string[] };
      const hosts = targets.map((target) => names.find((name) => idOf(name) === target) ?? target);
      answer(execution(hosts.map((name) => ran(name, fates[name]))))(asked, response);
    });
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  const posts = (): readonly unknown[] => peer.asked.filter(({ method }) => method === 'POST').map(({ body }) => body);

  it('sends the words after -- as they are', async () => {
    const words = ['ls', '-h', '--json', '-l', "it's", '', '$(id)', '--'];
    const { code } = await bob.igor(['exec', '-h', 'osl01', '--', ...words]);

    expect(code).to.equal(0);
    expect(posts()).to.deep.equal([{ targets: [idOf('osl01')], command: words }]);
  });

  it('passes the output of one host on byte for byte, and its exit code', async () => {
    const bytes = Buffer.from([0x1b, 0x5b, 0x33, 0x6d, 0xff, 0x00, 0x0d]);
    fates['osl01'] = {
      state: 'failed',
      exit_code: 42,
      stdout: bytes.toString(),
      stdout_base64: bytes.toString('base64'),
      stderr: 'oh\u001b[0m',
    };
    const screen = terminal();
    const { code, err } = await bob.igor(['exec', '-h', 'osl01', '--', 'cat', 'x'], { stdout: screen });

    expect(code).to.equal(42);
    expect(screen.bytes()).to.deep.equal(bytes);
    expect(err).to.equal('oh\u001b[0m');
  });

  it("begins each line of several hosts with the host's name, and ends with 1 if any failed", async () => {
    fates['osl01'] = { stdout: 'one\ntwo\n', stderr: 'careful' };
    fates['osl02'] = { state: 'failed', exit_code: 3, stdout: '' };
    const { code, out, err } = await bob.igor(['exec', '-h', 'osl0[1-3]', '--', 'x']);

    expect(code).to.equal(1);
    expect(out).to.equal('osl01: one\nosl01: two\nosl03: I am osl03\n');
    expect(err).to.equal('osl01: careful\nosl02: exited with 3\n');
  });

  it('keeps bytes that are no UTF-8 behind the prefix, in a pipe', async () => {
    const bytes = Buffer.from([0xe9, 0x0a, 0xff]);
    fates['osl01'] = { stdout: '?', stdout_base64: bytes.toString('base64') };
    const pipe = terminal();
    Object.assign(pipe, { isTTY: false });
    await bob.igor(['exec', '-h', 'osl0[1-2]', '--', 'x'], { stdout: pipe });

    expect(pipe.bytes().toString('latin1')).to.equal('osl01: \u00e9\nosl01: \u00ff\nosl02: I am osl02\n');
  });

  it("lets no host write in another's name on a terminal", async () => {
    fates['osl02'] = { stdout: 'x\rosl01: all is well\u001b[2K\ttab é\n' };
    const screen = terminal();
    await bob.igor(['exec', '-h', 'osl0[1-2]', '--', 'x'], { stdout: screen });

    expect(screen.text()).to.equal('osl01: I am osl01\nosl02: x\ufffdosl01: all is well\ufffd[2K\ttab é\n');
  });

  it('counts a signal as shells do', async () => {
    fates['osl01'] = { state: 'failed', exit_code: null, signal: 'TERM' };
    expect((await bob.igor(['exec', '-h', 'osl01', '--', 'x'])).code).to.equal(128 + 15);
  });

  it('tells what kept a command from running', async () => {
    fates['osl01'] = { state: 'failed', exit_code: null, fault: { code: 'host-unreachable', detail: 'no route' } };
    const { code, err } = await bob.igor(['exec', '-h', 'osl01', '--', 'x']);

    expect(code).to.equal(1);
    expect(err).to.equal('osl01: The host does not answer; nothing was run: no route (host-unreachable)\n');
  });

  it('gives --timeout to the command, and waits for its end', async () => {
    const running = execution([ran('osl01', { state: 'running', exit_code: null, stdout: null })], 'running');
    peer.answers.set('POST /v1/executions', answer(running, 202));
    let looks = 0;
    peer.answers.set(`GET /v1/executions/${idOf('execution')}`, (asked, response) => {
      looks += 1;
      answer(looks === 1 ? running : execution([ran('osl01')]))(asked, response);
    });
    const { code, out } = await bob.igor(['exec', '-h', 'osl01', '--timeout', '3', '--wait', '70', '--', 'x']);

    expect({ code, out }).to.deep.equal({ code: 0, out: 'I am osl01\n' });
    expect(posts()).to.deep.equal([{ targets: [idOf('osl01')], command: ['x'], timeout_s: 3 }]);
    expect(peer.asked.find(({ method }) => method === 'POST')?.prefer).to.equal('wait=60');
    expect(looks).to.equal(2);
  });

  it('says where to look when it waits no longer', async () => {
    const running = execution([ran('osl01', { state: 'running', exit_code: null, stdout: null })], 'running');
    peer.answers.set('POST /v1/executions', answer(running, 202));
    const { code, err } = await bob.igor(['exec', '-h', 'osl01', '--wait', '0', '--', 'x']);

    expect(code).to.equal(1);
    expect(err).to.equal(`osl01: No end was seen; igor api execution get ${idOf('execution')} tells more (running)\n`);
  });

  it('runs on the others when one host cannot take part', async () => {
    const usual = peer.answers.get('POST /v1/executions') as Answerer; // set above
    peer.answers.set('POST /v1/executions', (asked, response) => {
      const { targets } = asked.body as { targets: string[] };
      const refusal = refuse(new Fault('host-unconfigured', 'osl02 has no SSH endpoint'));
      (targets.includes(idOf('osl02')) ? refusal : usual)(asked, response);
    });
    const { code, out, err } = await bob.igor(['exec', '-h', 'osl0[1-3],nosuch', '--', 'x']);

    expect(code).to.equal(1);
    expect(out).to.equal('osl01: I am osl01\nosl03: I am osl03\n');
    expect(err).to.equal(
      `osl02: The machine has no SSH endpoint: osl02 has no SSH endpoint (host-unconfigured, ${requestId})\n` +
        'nosuch: Not found: you see no machine of this name (not-found)\n',
    );
    expect(posts()).to.have.length(4);
  });

  it('sends a command no second time when its answer is lost', async () => {
    peer.answers.set('POST /v1/executions', (_asked, response) => response.destroy());
    const { code, err } = await bob.igor(['exec', '-h', 'osl0[1-3]', '--', 'x']);

    expect(code).to.equal(4);
    expect(err.match(/outcome-unknown/g)).to.have.length(3);
    expect(posts()).to.have.length(1);
  });

  it('asks for many hosts in several executions', async () => {
    const { code, out } = await bob.igor(['exec', '-h', 'osl[01-30]', '--', 'x']);

    expect(code).to.equal(0);
    expect(out.trimEnd().split('\n')).to.deep.equal(names.map((name) => `${name}: I am ${name}`));
    expect(posts()).to.have.length(2);
  });

  it('gives everything in one JSON document', async () => {
    fates['osl02'] = { state: 'failed', exit_code: 3 };
    const { code, out } = await bob.igor(['exec', '-h', 'osl0[1-2]', '--json', '--', 'x']);

    expect(code).to.equal(1);
    const { results } = JSON.parse(out) as { results: { name: string; result: object }[] };
    expect(results.map(({ name, result }) => [name, result])).to.deep.equal([
      ['osl01', ran('osl01')],
      ['osl02', ran('osl02', fates['osl02'])],
    ]);
  });
});
