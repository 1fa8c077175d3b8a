import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { Fault } from '../../../../src/domain/fault.ts';
import { answer, idOf, refuse, requestId, startPeer, type Peer } from '../peer.ts';
import { withSets, type Sets } from '../sets.ts';
import { keyboard, newUser, terminal, type User } from '../world.ts';

const names = Array.from({ length: 40 }, (_, index) => `osl${String(index + 1).padStart(2, '0')}`);
const sent = { result: { target: 'on', before: 'off' } };

describe('a change of many machines', () => {
  let peer: Peer;
  let bob: User;
  let sets: Sets;

  beforeEach(async () => {
    peer = await startPeer(names);
    bob = await newUser(peer.url);
    sets = withSets(peer, () => sent);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  const posts = () => peer.asked.filter(({ method }) => method === 'POST');
  const streams = () => peer.asked.filter(({ url }) => url.endsWith('/events'));
  const on = ['power', '-h', 'osl0[1-3]', 'on'];

  it('is one operation on those that were found, at the pace that was said', async () => {
    const pace = ['--stagger', '200ms', '--max-parallel', '50', '--stop-after', '3', '--order', 'none'];
    const { code, out, err } = await bob.igor([...on, ...pace, '--deadline', '10m', '--reason', 'new rack']);

    expect({ code, out, err }).to.deep.equal({ code: 0, out: 'osl0[1-3]: sent on (was off)\n', err: '' });
    expect(sets.made).to.deep.equal([
      {
        kind: 'power.set',
        targets: { ids: ['osl01', 'osl02', 'osl03'].map(idOf) },
        parameters: { target: 'on' },
        strategy: { max_parallel: 50, stagger_ms: 200, stop_after_failures: 3, order: 'none' },
        deadline_seconds: 600,
        reason: 'new rack',
      },
    ]);
    expect(peer.asked.some(({ method }) => method === 'PUT')).to.equal(false);
  });

  it('of one machine is a request as ever, unless something is said that only an operation has', async () => {
    expect((await bob.igor(['power', '-h', 'osl01', 'on'])).out).to.equal('osl01: sent on (was off)\n');
    expect(sets.made).to.deep.equal([]);
    expect((await bob.igor(['power', '-h', 'osl01', 'on', '--reason', 'why'])).code).to.equal(0);
    expect(sets.made).to.have.length(1);
  });

  it('is asked for again when no answer comes, and made once', async () => {
    const usual = peer.answers.get('POST /v1/operations');
    let asked = 0;
    peer.answers.set('POST /v1/operations', async (one, response) => {
      asked += 1;
      if (asked === 2) return refuse(new Fault('store-unavailable'))(one, response);
      if (asked > 2) return usual?.(one, response);
      // It was made; what told so is lost.
      const mute = { writeHead: () => response, end: () => response } as unknown as ServerResponse;
      await usual?.(one, mute);
      return response.destroy();
    });
    const { code, out } = await bob.igor(on);

    expect({ code, out }).to.deep.equal({ code: 0, out: 'osl0[1-3]: sent on (was off)\n' });
    expect(posts()).to.have.length(3);
    expect(new Set(posts().map(({ headers }) => headers['idempotency-key'])).size).to.equal(1);
    expect(sets.made).to.have.length(1);
  });

  it('is refused with the reason of the service, and not asked for again', async () => {
    peer.answers.set('POST /v1/operations', refuse(new Fault('forbidden', 'not osl02')));
    const { code, err } = await bob.igor(on);
    expect({ code, err }).to.deep.equal({ code: 1, err: `igor: Forbidden: not osl02 (forbidden, ${requestId})\n` });
    expect(posts()).to.have.length(1);
  });

  it('goes on without the machines that there are not, tells of them, and ends with 1', async () => {
    const { code, out, err } = await bob.igor(['power', '-h', 'osl0[1-2],nosuch', 'on']);
    expect({ code, out }).to.deep.equal({ code: 1, out: 'osl0[1-2]: sent on (was off)\n' });
    expect(err).to.equal('nosuch: Not found: you see no machine of this name (not-found)\n');
    const json = await bob.igor(['--json', 'power', '-h', 'osl0[1-2],nosuch', 'on']);
    expect(JSON.parse(json.out)).to.deep.include({ missing: ['nosuch'] });
  });

  it('shows its plan, and sends nothing, with --dry-run', async () => {
    const { code, out } = await bob.igor(['power', '-h', 'osl[01-40]', 'on', '--dry-run']);
    expect(code).to.equal(0);
    expect(out).to.equal(
      'power.set on 40 targets: osl[01-40]\n' +
        '  with    target on\n' +
        '  pace    50 at a time, 200 ms apart: at least 7.8 s\n' +
        'Nothing was sent.\n',
    );
    expect(sets.made).to.deep.equal([]);
    const json = await bob.igor(['--json', ...on, '--dry-run']);
    expect(JSON.parse(json.out)).to.have.nested.property('plan.hash', sets.hash);
  });

  it('tells in the plan who waits for whom', async () => {
    const usual = { kind: 'power.set', hash: 'b', targets: 'chs1,bld[1-2]', total: 3, parameters: {} };
    const item = (position: number, name: string, ...after: number[]) => ({ position, name, after });
    const items = [item(0, 'chs1'), item(1, 'bld1', 0), item(2, 'bld2', 0)];
    peer.answers.set('POST /v1/operations', answer({ plan: { ...usual, items } }));
    expect((await bob.igor([...on, '--dry-run'])).out).to.contain('  order   bld[1-2] after chs1\n');
  });

  describe('of more machines than are changed unasked', () => {
    beforeEach(() => (sets.radius = 2));

    it('shows its plan and asks, and sends what was agreed to with its hash', async () => {
      const stderr = terminal();
      const { code, out } = await bob.igor(on, { stdin: keyboard('y\n'), stderr });
      expect({ code, out }).to.deep.equal({ code: 0, out: 'osl0[1-3]: sent on (was off)\n' });
      expect(stderr.text()).to.contain('power.set on 3 targets: osl0[1-3]');
      expect(sets.made.map(({ plan }) => plan)).to.deep.equal([sets.hash]);
    });

    it('sends nothing on a no, or on nothing', async () => {
      for (const typed of ['n\n', '\n', 'maybe\n']) {
        const { code } = await bob.igor(on, { stdin: keyboard(typed), stderr: terminal() });
        expect(code).to.equal(1);
      }
      expect(sets.made).to.deep.equal([]);
    });

    it('sends nothing where nobody can be asked, and ends with 2', async () => {
      const { code, err } = await bob.igor(on);
      expect(code).to.equal(2);
      expect(err).to.match(/^igor: power\.set on 3 machines wants a yes, .*--dry-run.*--yes\n$/);
      expect(sets.made).to.deep.equal([]);
    });

    it('asks nobody with --yes', async () => {
      expect((await bob.igor([...on, '--yes'])).code).to.equal(0);
      expect(sets.made.map(({ plan }) => plan)).to.deep.equal([sets.hash]);
    });

    it('is looked at again when the plan is another one meanwhile', async () => {
      const usual = peer.answers.get('POST /v1/operations');
      const changing = (times: number): void =>
        void peer.answers.set('POST /v1/operations', async (one, response) => {
          const { plan } = one.body as { plan?: string };
          if (plan !== undefined && times-- > 0) sets.hash = String(times % 10).repeat(64);
          return usual?.(one, response);
        });
      changing(1);
      expect((await bob.igor([...on, '--yes'])).code).to.equal(0);
      expect(sets.made).to.have.length(1);
      changing(100);
      const { code, err } = await bob.igor([...on, '--yes']);
      expect(code).to.equal(1);
      expect(err).to.contain('plan-outdated');
      expect(sets.made).to.have.length(1);
    });
  });

  it('is left to itself with --detach', async () => {
    expect(await bob.igor([...on, '--detach'])).to.deep.equal({ code: 0, out: `${sets.id}\n`, err: '' });
    expect(streams()).to.deep.equal([]);
  });

  it('tells those of the same fate together, and ends with 1 when one failed', async () => {
    const fault = { code: 'controller-unreachable', detail: 'no answer' };
    sets.fate = (name) =>
      Number(name.slice(3)) % 2 === 0
        ? { state: 'failed', fault, result: null }
        : { result: { target: 'on', before: name === 'osl05' ? 'on' : 'off' } };
    const { code, out, err } = await bob.igor(['power', '-h', 'osl0[1-6]', 'on']);
    expect(code).to.equal(1);
    expect(out).to.equal('osl0[1,3]: sent on (was off)\nosl05: sent on (was on)\n');
    expect(err.split('\n').slice(0, 2)).to.deep.equal([
      'osl0[2,4,6]: The controller does not answer; nothing was changed: no answer (controller-unreachable)',
      `igor: 3 of 6 failed; igor operations retry ${sets.id} asks for them again`,
    ]);
  });

  it('ends with 4 when it is not known of one whether it was done', async () => {
    const fault = { code: 'outcome-unknown', detail: 'the replica is gone' };
    sets.fate = (name) =>
      name === 'osl02' ? { state: 'unknown', fault } : name === 'osl03' ? { state: 'failed', fault: null } : sent;
    const { code, err } = await bob.igor(on);
    expect(code).to.equal(4);
    expect(err).to.contain('osl02: It was sent, and no answer seen: the replica is gone (outcome-unknown)\n');
    expect(err).to.contain('igor: of 1 it is not known whether it was done');
  });

  it('shows the words of a hostile service without what a terminal would obey', async () => {
    const fault = { code: 'internal', detail: 'a\u001b[2Jb\nosl99: c' };
    sets.fate = (name) =>
      name === 'osl01'
        ? { name: 'osl01\u001b[2J', state: 'failed', fault }
        : { result: { target: '\u001b]0;x\u0007', before: '\u202e' } };
    const { out, err } = await bob.igor(on);
    expect(out + err).not.to.match(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(err).not.to.match(/^osl99/m);
  });

  it('has all its targets told, however many pages they are', async () => {
    sets.radius = 10_000;
    for (let index = 0; index < 2_300; index += 1)
      peer.machines.push({ ...peer.machines[0], id: idOf(`m${index}`), name: `m${index}` });
    const { code, out } = await bob.igor(['power', '-h', 'm[0-2299]', 'on']);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'm[0-2299]: sent on (was off)\n' });
    expect(peer.asked.filter(({ url }) => url.includes('/targets?'))).to.have.length(3);
  });

  it('is watched on after its stream broke off, from where it was', async () => {
    let opened = 0;
    peer.answers.set(`GET /v1/operations/${sets.id}`, (one, response) => {
      const counts = { queued: 1, running: 0, succeeded: 2, failed: 0, cancelled: 0, unknown: 0 };
      const state = opened < 3 ? 'running' : 'succeeded';
      const sequence = opened < 3 ? 5 : 7;
      answer({ operation: { id: sets.id, kind: 'power.set', state, total: 3, counts, sequence } })(one, response);
    });
    sets.stream = (_one, response, finished) => {
      opened += 1;
      if (opened < 3) {
        const counts = { queued: 1, running: 0, succeeded: 2, failed: 0, cancelled: 0, unknown: 0 };
        const operation = { id: sets.id, kind: 'power.set', state: 'running', total: 3, counts, sequence: 4 + opened };
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(`id: ${4 + opened}\ndata: ${JSON.stringify({ operation, targets: [] })}\n\n`);
        setTimeout(() => response.destroy(), 20);
      } else response.writeHead(200).end(`id: 7\ndata: ${JSON.stringify(finished)}\n\n`);
    };
    const { code, out } = await bob.igor(on);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'osl0[1-3]: sent on (was off)\n' });
    expect(streams().map(({ headers }) => headers['last-event-id'])).to.deep.equal(['1', '5', '6']);
  });

  it('is looked at where no stream comes through', async () => {
    sets.stream = (_one, response) => void response.writeHead(502).end('<html>no</html>');
    let looks = 0;
    const usual = peer.answers.get(`GET /v1/operations/${sets.id}`);
    peer.answers.set(`GET /v1/operations/${sets.id}`, (one, response) => {
      looks += 1;
      return looks === 1 ? refuse(new Fault('store-unavailable'))(one, response) : usual?.(one, response);
    });
    expect((await bob.igor(on)).code).to.equal(0);
    expect(looks).to.equal(2);
  });

  it('goes on when Ctrl-C ends the watching, which tells how to watch or cancel it', async () => {
    const stop = new AbortController();
    sets.stream = () => setTimeout(() => stop.abort(), 20);
    const { code, out, err } = await bob.igor(on, { signal: stop.signal });
    expect({ code, out }).to.deep.equal({ code: 130, out: '' });
    expect(err).to.equal(
      `igor: operation ${sets.id} goes on without you: 0 of 3 done\n` +
        `igor: igor operations watch ${sets.id} follows it, igor operations cancel ${sets.id} stops what has not begun\n`,
    );
    expect(peer.asked.every(({ method }) => method !== 'PATCH')).to.equal(true);
  });

  it('shows how far it is to who looks on, and takes that away at the end', async () => {
    const stderr = terminal(60);
    const { out } = await bob.igor(on, { stderr });
    expect(stderr.text()).to.match(/^\r\u001b\[Jpower\.set on \[-{19}\] 0\/3/);
    expect(stderr.text()).to.match(/\r\u001b\[J$/);
    expect(out).to.equal('osl0[1-3]: sent on (was off)\n');
  });

  it('draws nothing on a terminal that can only be written on, nor in colours where they are not wanted', async () => {
    const counts = { queued: 1, running: 0, succeeded: 1, failed: 1, cancelled: 0, unknown: 0 };
    const operation = { id: sets.id, kind: 'power.set', state: 'running', total: 3, counts, sequence: 5 };
    sets.stream = (_one, response, finished) => {
      response.writeHead(200).write(`data: ${JSON.stringify({ operation, targets: [] })}\n\n`);
      setTimeout(() => response.end(`data: ${JSON.stringify(finished)}\n\n`), 450);
    };
    const drawn = async (env: Record<string, string>): Promise<string> => {
      const stderr = terminal();
      Object.assign(bob.env, env);
      await bob.igor(on, { stderr });
      return stderr.text();
    };
    expect(await drawn({ TERM: 'dumb' })).to.equal('');
    const red = '\u001b[31m1 failed\u001b[0m';
    expect(await drawn({ TERM: 'xterm' })).to.contain(red);
    expect(await drawn({ NO_COLOR: '1' }))
      .to.contain('1 failed')
      .and.not.contain(red);
  });

  for (const words of [
    ['--stagger', '2'],
    ['--max-parallel', '0'],
    ['--stop-after', 'x'],
    ['--order', 'sideways'],
    ['--deadline', '0s'],
    ['--dry-run', '--detach'],
  ])
    it(`refuses ${words.join(' ')} before anything is asked`, async () => {
      expect((await bob.igor([...on, ...words])).code).to.equal(2);
      expect(peer.asked).to.deep.equal([]);
    });

  it('has flags that a look has not', async () => {
    for (const words of [['power', 'status'], ['power', 'policy'], ['boot'], ['identify'], ['watchdog'], ['bmc']]) {
      const [word = '', ...rest] = words;
      const { code, err } = await bob.igor([word, '-h', 'osl0[1-2]', ...rest, '--dry-run']);
      expect({ code, words }).to.deep.equal({ code: 2, words });
      expect(err).to.match(/^igor: --dry-run: \S+ changes nothing\n$/);
    }
    expect(peer.asked).to.deep.equal([]);
  });

  it('is the same for every command that changes something', async () => {
    sets.fate = () => ({ result: {} });
    for (const [words, kind, parameters] of [
      [['boot', 'pxe', '--persistent'], 'boot.set', { target: 'pxe', mode: 'uefi', once: false }],
      [['boot', 'clear'], 'boot.clear', {}],
      [['identify', '30'], 'indicator.set', { state: 'on', seconds: 30 }],
      [['watchdog', 'off'], 'watchdog.disable', {}],
      [['watchdog', 'reset'], 'watchdog.reset', {}],
      [['power', 'policy', 'previous'], 'power-policy.set', { policy: 'previous' }],
      [['power', 'limit', '300'], 'power-limit.set', { watts: 300 }],
      [['power', 'limit', 'off'], 'power-limit.clear', {}],
      [['log', 'clock', 'now'], 'event-log-clock.set', { time: 'now', log: 'sel' }],
      [['run', 'indicator.set', 'state=on', 'seconds=5'], 'indicator.set', { state: 'on', seconds: 5 }],
      [['run', 'later.kind', 'text=a b', 'number=7'], 'later.kind', { text: 'a b', number: 7 }],
    ] as const) {
      const [word, ...rest] = words;
      const { code } = await bob.igor([word, '-h', 'osl0[1-3]', ...rest]);
      expect({ code, words }).to.deep.equal({ code: 0, words });
      expect(sets.made.at(-1)).to.deep.include({ kind, parameters });
    }
    expect(peer.asked.every(({ method }) => method === 'GET' || method === 'POST')).to.equal(true);
  });

  it('is listed with ids that can be copied, however narrow the window is', async () => {
    await bob.igor([...on, '--detach']);
    const counts = { queued: 0, running: 0, succeeded: 3, failed: 0, cancelled: 0, unknown: 0 };
    const operation = { id: sets.id, kind: 'power.set', state: 'succeeded', total: 3, counts, sequence: 7 };
    const targets = Array.from({ length: 40 }, (_, index) => `host${index}x`).join(',');
    peer.answers.set('GET /v1/operations', answer({ operations: [{ ...operation, targets }], links: [] }));
    const stdout = terminal(70);
    await bob.igor(['operations', 'list', '--state', 'succeeded'], { stdout });
    expect(stdout.text()).to.contain(sets.id).and.contain('…');
    expect(peer.asked.at(-1)?.url).to.equal('/v1/operations?limit=20&state=succeeded');
  });
});
