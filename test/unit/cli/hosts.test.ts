import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, idOf, machine, refuse, requestId, startPeer, type Peer } from './peer.ts';
import { newUser, terminal, type User } from './world.ts';

const power = (name: string): string => `/v1/machines/${idOf(name)}/power`;
const names = Array.from({ length: 40 }, (_, index) => `osl${String(index + 1).padStart(2, '0')}`);

describe('commands on hosts', () => {
  let peer: Peer;
  let bob: User;

  beforeEach(async () => {
    peer = await startPeer(names);
    bob = await newUser(peer.url);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  const lists = (): readonly string[] =>
    peer.asked.map(({ url }) => url).filter((url) => url.startsWith('/v1/machines?'));
  const changes = (): readonly (readonly [string, unknown])[] =>
    peer.asked.filter(({ method }) => method === 'PUT').map(({ url, body }) => [url, body]);

  it('ask for the names of a range at once, and then for each machine by its id', async () => {
    const { code, out, err } = await bob.igor(['power', '-h', 'osl0[1-3],osl10', 'status']);

    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.equal('osl01: on\nosl02: on\nosl03: on\nosl10: on\n');
    expect(lists()).to.deep.equal(['/v1/machines?limit=1000&name=in%3Aosl01,osl02,osl03,osl10']);
    expect(peer.asked.slice(1).map(({ method, url }) => `${method} ${url}`)).to.have.members(
      ['osl01', 'osl02', 'osl03', 'osl10'].map((name) => `GET ${power(name)}`),
    );
  });

  it('read the power when no word is given', async () => {
    expect((await bob.igor(['power', '-h', 'osl01'])).out).to.equal('osl01: on\n');
    expect(changes()).to.deep.equal([]);
  });

  for (const [word, target] of [
    ['on', 'on'],
    ['off', 'off'],
    ['soft', 'soft-off'],
    ['cycle', 'cycle'],
    ['reset', 'reset'],
    ['nmi', 'nmi'],
  ] as const) {
    it(`send ${target} for power ${word}`, async () => {
      const { code, out } = await bob.igor(['power', '-h', 'osl01', word]);

      expect(code).to.equal(0);
      expect(out).to.equal(`osl01: sent ${target} (was off)\n`);
      expect(changes()).to.deep.equal([[power('osl01'), { target }]]);
    });
  }

  it('tell of an observation that is stale, and of what is wanted', async () => {
    peer.answers.set(
      `GET ${power('osl01')}`,
      answer({ state: 'on', observed_at: '2026-11-20T10:00:00Z', stale: true, wanted: 'off' }),
    );

    expect((await bob.igor(['power', '-h', 'osl01'])).out).to.equal(
      'osl01: on (as seen at 2026-11-20T10:00:00Z, off is wanted)\n',
    );
  });

  it('pass --refresh and --wait on', async () => {
    await bob.igor(['power', '-h', 'osl01', 'status', '--refresh']);
    await bob.igor(['power', '-h', 'osl01', 'on', '--wait', '20']);

    expect(peer.asked.map(({ url, prefer }) => [url, prefer])).to.deep.include.members([
      [`${power('osl01')}?refresh=true`, undefined],
      [power('osl01'), 'wait=20'],
    ]);
  });

  it('set what machines start from, and read it', async () => {
    const path = `/v1/machines/${idOf('osl01')}/boot`;

    expect((await bob.igor(['boot', '-h', 'osl01'])).out).to.equal('osl01: disk, uefi, once\n');
    expect((await bob.igor(['boot', '-h', 'osl01', 'pxe'])).out).to.equal('osl01: pxe, uefi, once\n');
    expect((await bob.igor(['boot', '-h', 'osl01', 'bios', '--persistent', '--legacy'])).out).to.equal(
      'osl01: bios, legacy, each time\n',
    );
    expect(changes()).to.deep.equal([
      [path, { target: 'pxe', mode: 'uefi', once: true }],
      [path, { target: 'bios', mode: 'legacy', once: false }],
    ]);
    expect((await bob.igor(['boot', '-h', 'osl01', '--legacy'])).code).to.equal(2);
  });

  it('tell which faults the chassis has', async () => {
    peer.answers.set(
      `GET /v1/machines/${idOf('osl01')}/health`,
      answer({ power: 'on', power_fault: true, drive_fault: true, intrusion: false, power_restore_policy: 'previous' }),
    );
    peer.answers.set(
      `GET /v1/machines/${idOf('osl02')}/health`,
      answer({ power: 'off', power_fault: false, last_power_event: 'ac-failed' }),
    );

    expect((await bob.igor(['health', '-h', 'osl[01-02]'])).out.split('\n')).to.deep.equal([
      'NAME   POWER  FAULTS                    LIGHT  RESTORES  LAST EVENT  NOTES',
      'osl01  on     power fault, drive fault  -      previous  -           -',
      'osl02  off    none                      -      unknown   ac-failed   -',
      '',
    ]);
  });

  it('say on a line of its own why a host failed, and go on with the others', async () => {
    peer.answers.set(`GET ${power('osl03')}`, refuse(new Fault('controller-unreachable')));
    peer.answers.set(`GET ${power('osl04')}`, refuse(new Fault('controller-busy', 'power.set has held it for 4 s')));

    const { code, out, err } = await bob.igor(['power', '-h', 'osl0[2-5],nosuch']);

    expect(code).to.equal(1);
    expect(out).to.equal('osl02: on\nosl05: on\n');
    expect(err.trimEnd().split('\n')).to.deep.equal([
      `osl03: The controller does not answer; nothing was changed (controller-unreachable, ${requestId})`,
      `osl04: Another change holds this controller: power.set has held it for 4 s (controller-busy, ${requestId})`,
      'nosuch: Not found: you see no machine of this name (not-found)',
    ]);
  });

  it('keep the order of the range, however long each takes', async () => {
    peer.answers.set(`GET ${power('osl01')}`, (_asked, response) => {
      setTimeout(() => void response.end(JSON.stringify({ state: 'off' })), 50);
    });

    expect((await bob.igor(['power', '-h', 'osl03,osl01,osl02'])).out).to.equal('osl03: on\nosl01: off\nosl02: on\n');
  });

  it('ask for sixteen hosts at once and no more', async () => {
    const held: (() => void)[] = [];
    let asked = 0;
    for (const name of names) {
      peer.answers.set(`GET ${power(name)}`, (_asked, response) => {
        held.push(() => response.end(JSON.stringify({ state: 'on' })));
        asked += 1;
        // A seventeenth would come meanwhile.
        if (held.length === 16 || asked === 40) setTimeout(() => held.splice(0).forEach((release) => release()), 50);
      });
    }

    const { out } = await bob.igor(['power', '-h', 'osl[01-40]']);

    expect(out.trimEnd().split('\n')).to.have.length(40);
    expect(peer.most()).to.equal(16);
  });

  it('send a change to a machine once, by however many names it was asked for', async () => {
    await bob.igor([
      'power',
      '-h',
      `osl01,OSL01,${idOf('osl01')},${idOf('osl01').replaceAll('-', '')},${idOf('osl01').toUpperCase()}`,
      '-h',
      'osl01',
      'cycle',
    ]);

    expect(changes()).to.have.length(1);
  });

  it('leave it to the service which machine is meant where several have the name', async () => {
    peer.machines.push({ ...machine('osl01'), id: idOf('other'), project_id: 'beta' });
    peer.answers.set('GET /v1/machines/osl01/power', refuse(new Fault('ambiguous', 'osl01 is x or y')));

    const { code, err } = await bob.igor(['power', '-h', 'osl01']);

    expect(code).to.equal(1);
    expect(err).to.equal(`osl01: The name fits several: osl01 is x or y (ambiguous, ${requestId})\n`);
  });

  it('ask for long ranges in portions that fit a request line', async () => {
    const { code, err } = await bob.igor(['power', '-h', 'some-quite-long-host-name-[0001-0500]']);

    expect(code).to.equal(1);
    expect(err.trimEnd().split('\n')).to.have.length(500);
    expect(lists().length).to.be.greaterThan(3);
    expect(Math.max(...lists().map((url) => url.length))).to.be.lessThan(4096);
  });

  it('refuse what is no range, or too long a one, before anything is asked', async () => {
    for (const [range, problem] of [
      ['osl[', 'the bracket is not closed'],
      ['n[1-10001]', 'it stands for more than 10000 names'],
      ['osl01; rm -rf', 'no host name has this character'],
    ] as const) {
      const { code, err, out } = await bob.igor(['power', '-h', range, 'off']);

      expect({ code, out }, range).to.deep.equal({ code: 2, out: '' });
      expect(err).to.contain(problem);
    }
    expect(bob.signIns).to.have.length(0);
    expect(peer.asked).to.have.length(0);
  });

  it('answer with one JSON document, in the order of the range, failures in it', async () => {
    peer.answers.set(`GET ${power('osl02')}`, refuse(new Fault('sessions-exhausted')));

    const { code, out, err } = await bob.igor(['power', '-h', 'osl0[1-2],nosuch', '--json']);

    expect(code).to.equal(1);
    const { results } = JSON.parse(out) as { results: Record<string, unknown>[] };
    expect(results.map(({ name }) => name)).to.deep.equal(['osl01', 'osl02', 'nosuch']);
    expect(results[0]).to.deep.include({ target: idOf('osl01') });
    expect(results[0]?.['result']).to.include({ state: 'on', stale: false });
    expect(results[1]?.['error']).to.deep.equal({
      status: 503,
      code: 'sessions-exhausted',
      title: 'The controller has no session free',
      detail: 'The controller has no session free',
      request_id: requestId,
    });
    expect(results[2]?.['error']).to.deep.include({ code: 'not-found' });
    expect(err.trimEnd().split('\n')).to.have.length(2);
  });

  it('say that the outcome is unknown when the answer to a change is lost, and send it no second time', async () => {
    peer.answers.set(`PUT ${power('osl01')}`, (_asked, response) => response.destroy());

    const { code, err } = await bob.igor(['power', '-h', 'osl01', 'cycle']);

    expect(code).to.equal(4);
    expect(err).to.match(/^osl01: It was sent, and no answer seen: \S+ \(outcome-unknown\)\n$/);
    expect(changes()).to.have.length(1);
  });

  it('give up on an answer that does not come within --timeout', async () => {
    peer.answers.set(`PUT ${power('osl01')}`, (_asked, response) => void response.write('{'));
    peer.answers.set(`GET ${power('osl01')}`, () => undefined);

    const change = await bob.igor(['power', '-h', 'osl01', 'on', '--timeout', '1']);
    const read = await bob.igor(['power', '-h', 'osl01', '--timeout', '1']);

    expect(change.err).to.equal('osl01: It was sent, and no answer seen: timed out (outcome-unknown)\n');
    expect(change.code).to.equal(4);
    expect(read.err).to.equal(`osl01: Igor does not answer at ${peer.url}: timed out (igor-unreachable)\n`);
    expect(read.code).to.equal(3);
  });

  it('do not follow where an answer points', async () => {
    peer.answers.set(`GET ${power('osl01')}`, (_asked, response) => {
      response.writeHead(302, { Location: `${peer.url}/elsewhere` }).end();
    });

    expect((await bob.igor(['power', '-h', 'osl01'])).err).to.equal(
      "osl01: Igor's address answered with status 302 (http-302)\n",
    );
    expect(peer.asked.some(({ url }) => url === '/elsewhere')).to.equal(false);
  });

  it('make do with an answer that is none of ours', async () => {
    const html = (status: number) => (_asked: unknown, response: ServerResponse) =>
      void response.writeHead(status, { 'Content-Type': 'text/html' }).end('<html>\u001b[2J</html>');
    peer.answers.set(`GET ${power('osl01')}`, html(502));
    peer.answers.set(`GET ${power('osl02')}`, html(200));
    peer.answers.set(`GET ${power('osl03')}`, answer({ state: 7 }));
    peer.answers.set(
      `GET ${power('osl04')}`,
      answer({ error: { code: 413, title: 'Too large', message: 'for us' } }, 413),
    );

    const { code, err, out } = await bob.igor(['power', '-h', 'osl0[1-4]']);

    expect({ code, out }).to.deep.equal({ code: 1, out: '' });
    expect(err.trimEnd().split('\n')).to.deep.equal(
      [
        "osl01: Igor's address answered with status 502 (http-502)",
        'osl02: The answer is not what this version of igor understands (not-understood)',
        'osl03: The answer is not what this version of igor understands (not-understood)',
        'osl04: Too large: for us (http-413)',
      ].map((line) => line.replace('(http-413)', `(http-413, ${requestId})`)),
    );
  });

  it('show the words of a hostile service without what a terminal would obey', async () => {
    const detail = 'a\u001b]0;title\u0007b\u009b2Jc\nosl99: d\u202ee';
    peer.answers.set(`GET ${power('osl01')}`, refuse(new Fault('controller-refused', detail)));
    peer.answers.set(`GET ${power('osl02')}`, answer({ state: 'on\u001b[2J\r', wanted: '\u001b[1m', stale: false }));

    const { err, out } = await bob.igor(['power', '-h', 'osl0[1-2]']);

    expect(err).to.equal(
      `osl01: The controller refused: a\ufffd]0;title\ufffdb\ufffd2Jc\ufffdosl99: d\ufffde (controller-refused, ${requestId})\n`,
    );
    expect(out).to.equal('osl02: on\ufffd[2J\ufffd (\ufffd[1m is wanted)\n');
  });

  it('stop on Ctrl-C with 130, and send nothing more', async () => {
    const looks = () => peer.asked.filter(({ url }) => url.endsWith('/power'));
    const stop = new AbortController();
    for (const name of names) {
      peer.answers.set(`GET ${power(name)}`, () => {
        if (looks().length === 16) setTimeout(() => stop.abort(), 20);
      });
    }

    const { code, err } = await bob.igor(['power', '-h', 'osl[01-40]'], { signal: stop.signal });

    expect(code).to.equal(130);
    expect(looks()).to.have.length(16);
    expect(err.split('\n').filter((line) => line.includes('nothing was changed'))).to.have.length(40);
  });

  it('end with 130 for Ctrl-C when all was sent already', async () => {
    const stop = new AbortController();
    peer.answers.set(`PUT ${power('osl01')}`, () => stop.abort());

    expect(await bob.igor(['power', '-h', 'osl01', 'off'], { signal: stop.signal })).to.deep.equal({
      code: 130,
      out: '',
      err: 'osl01: It was sent, and no answer seen: interrupted (outcome-unknown)\n',
    });
  });

  it('colour states on a terminal, unless NO_COLOR is set', async () => {
    const coloured = terminal();
    await bob.igor(['power', '-h', 'osl01'], { stdout: coloured });
    bob.env['NO_COLOR'] = '1';
    const plain = terminal();
    await bob.igor(['power', '-h', 'osl01'], { stdout: plain });

    expect(coloured.text()).to.equal('osl01: \u001b[32mon\u001b[0m\n');
    expect(plain.text()).to.equal('osl01: on\n');
  });
});
