import { expect } from 'chai';
import { answer, idOf, startPeer, type Peer } from './peer.ts';
import { withSets } from './sets.ts';
import { newUser, type User } from './world.ts';

const of = (name: string, part: string): string => `/v1/machines/${idOf(name)}/${part}`;

describe('commands about the chassis', () => {
  let peer: Peer;
  let bob: User;
  beforeEach(async () => {
    peer = await startPeer(['osl01', 'osl02']);
    bob = await newUser(peer.url);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  const sent = (): readonly (readonly [string, string, unknown])[] =>
    peer.asked.filter(({ url }) => !url.includes('?')).map(({ method, url, body }) => [method, url, body]);

  it('show the light, and put it on and off', async () => {
    const light = of('osl01', 'indicator');
    peer.answers.set(`GET ${light}`, answer({ state: 'on', timed: true }));
    peer.answers.set(`PUT ${light}`, ({ body }, response) =>
      answer({ seconds: null, ...(body as object) })({} as never, response),
    );
    const said: string[] = [];
    for (const words of [[], ['on'], ['off'], ['30']])
      said.push((await bob.igor(['identify', '-h', 'osl01', ...words])).out);
    expect(said).to.deep.equal([
      'osl01: on, goes out by itself\n',
      'osl01: on\n',
      'osl01: off\n',
      'osl01: on for 30 s\n',
    ]);
    expect(sent()).to.deep.equal([
      ['GET', light, null],
      ['PUT', light, { state: 'on' }],
      ['PUT', light, { state: 'off' }],
      ['PUT', light, { state: 'on', seconds: 30 }],
    ]);
  });

  it('take nothing else for an order to the light', async () => {
    const { code, err } = await bob.igor(['identify', '-h', 'osl01', 'blink']);
    expect({ code, err }).to.deep.equal({ code: 2, err: 'igor: identify: on, off, or a number of seconds\n' });
    expect(sent()).to.deep.equal([]);
  });

  it('show every flag of the chassis that means something', async () => {
    const flags = { power: 'on', power_fault: false, power_restore_policy: 'previous', last_power_event: 'command' };
    const buttons = {
      power: { disabled: true },
      reset: { disabled: true },
      diagnostic: { disabled: false },
      standby: { disabled: false },
    };
    peer.answers.set(
      `GET ${of('osl01', 'health')}`,
      answer({
        ...flags,
        drive_fault: true,
        power_interlock: 'active',
        identify: 'timed',
        front_panel_buttons: buttons,
      }),
    );
    peer.answers.set(`GET ${of('osl02', 'health')}`, answer({ ...flags, power: 'off' }));
    const { out } = await bob.igor(['health', '-h', 'osl[01-02]']);
    expect(out.split('\n')).to.deep.equal([
      'NAME   POWER  FAULTS       LIGHT  RESTORES  LAST EVENT  NOTES',
      'osl01  on     drive fault  timed  previous  command     power interlock; buttons off: power, reset',
      'osl02  off    none         -      previous  command     -',
      '',
    ]);
  });
});

describe('commands about the power', () => {
  let peer: Peer;
  let bob: User;
  const names = Array.from({ length: 30 }, (_, index) => `osl${String(index + 1).padStart(2, '0')}`);
  beforeEach(async () => {
    peer = await startPeer(names);
    bob = await newUser(peer.url);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  const bodies = (): readonly unknown[] => peer.asked.flatMap(({ method, body }) => (method === 'PUT' ? [body] : []));

  it('wait as long as is said, or as is usual, and for a shutdown that is to be forced', async () => {
    for (const words of [
      ['on', '--wait', '20'],
      ['cycle', '--wait'],
      ['soft', '--escalate', '60', '--wait'],
      ['soft', '--escalate', '60'],
      ['off'],
    ])
      expect((await bob.igor(['power', '-h', 'osl01', ...words])).code).to.equal(0);
    expect(bodies()).to.deep.equal([
      { target: 'on', wait_seconds: 20 },
      { target: 'cycle', wait_seconds: 300 },
      { target: 'soft-off', wait_seconds: 360, escalate_after_seconds: 60 },
      { target: 'soft-off', escalate_after_seconds: 60 },
      { target: 'off' },
    ]);
  });

  it('tell what became of each, those alike together, and end with 1 when one is not as wanted', async () => {
    const results: Readonly<Record<string, object>> = {
      osl01: { after: 'off', reached: true, escalated: false },
      osl02: { after: 'on', reached: false, escalated: false },
      osl03: { after: 'off', reached: true, escalated: true },
      osl04: { after: null, reached: null, escalated: false },
      osl05: { after: 'off', reached: true, escalated: false },
    };
    const sets = withSets(peer, (name) => ({ result: { target: 'soft-off', before: 'on', ...results[name] } }));
    const { code, out } = await bob.igor(['power', '-h', 'osl0[1-5]', 'soft', '--wait', '20']);
    expect(out.split('\n')).to.deep.equal([
      'osl0[1,5]: off (was on)',
      'osl02: still on (sent soft-off, was on)',
      'osl03: off (was on; turned off, as it did not shut down)',
      'osl04: sent soft-off (was on, now not readable)',
      '',
    ]);
    expect(code).to.equal(1);
    expect(sets.made[0]?.parameters).to.deep.equal({ target: 'soft-off', wait_seconds: 20 });
    expect((await bob.igor(['power', '-h', 'osl01,osl03', 'soft', '--wait', '20'])).code).to.equal(0);
  });

  it('give an answer as much longer as it may take', async () => {
    peer.answers.set(`PUT ${of('osl01', 'power')}`, (_asked, response) =>
      setTimeout(
        () => void answer({ target: 'off', before: 'on', after: 'off', reached: true })({} as never, response),
        1_600,
      ),
    );
    expect(await bob.igor(['power', '-h', 'osl01', 'off', '--wait', '2', '--timeout', '1'])).to.include({ code: 0 });
    const api = ['api', 'power', 'set', idOf('osl01'), '--target', 'off', '--timeout', '1'];
    expect((await bob.igor(api)).code).to.equal(4);
    expect((await bob.igor([...api, '--wait-seconds', '2'])).code).to.equal(0);
  });

  it('refuse what does not go together, before anything is sent', async () => {
    for (const words of [
      ['status', '--wait'],
      ['off', '--escalate', '20'],
      ['on', 'off'],
      ['history', 'x'],
      ['soft', '--escalate', 'soon'],
    ])
      expect((await bob.igor(['power', '-h', 'osl01', ...words])).code, words.join(' ')).to.equal(2);
    const { code, err } = await bob.igor(['boot', '-h', 'osl01', '--wait']);
    expect({ code, err }).to.deep.equal({ code: 2, err: 'igor: --wait: say how many seconds\n' });
    expect(peer.asked).to.deep.equal([]);
  });

  it('show and set what happens when the mains come back', async () => {
    const path = of('osl01', 'power/policy');
    peer.answers.set(`GET ${path}`, answer({ policy: 'previous', supported: ['always-on', 'previous'] }));
    peer.answers.set(`PUT ${path}`, answer({ policy: 'always-on' }));
    expect((await bob.igor(['power', '-h', 'osl01', 'policy'])).out).to.equal(
      'osl01: previous (of always-on, previous)\n',
    );
    expect((await bob.igor(['power', '-h', 'osl01', 'policy', 'always-on'])).out).to.equal('osl01: always-on\n');
    expect(bodies()).to.deep.equal([{ policy: 'always-on' }]);
  });

  it('show why machines last started, and how long they have been on', async () => {
    peer.answers.set(
      `GET ${of('osl01', 'power/history')}`,
      answer({ last_restart_cause: 'watchdog', power_on_hours: 8765 }),
    );
    peer.answers.set(`GET ${of('osl02', 'power/history')}`, answer({ last_restart_cause: null, power_on_hours: null }));
    expect((await bob.igor(['power', '-h', 'osl0[1-2]', 'history'])).out.split('\n')).to.deep.equal([
      'NAME   LAST START  ON IN ITS LIFE',
      'osl01  watchdog    365 d 5 h',
      'osl02  -           -',
      '',
    ]);
  });
});

describe('commands about the boot', () => {
  let peer: Peer;
  let bob: User;
  beforeEach(async () => {
    peer = await startPeer(['osl01']);
    bob = await newUser(peer.url);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  it('set, show and clear what machines start from', async () => {
    const path = of('osl01', 'boot');
    peer.answers.set(`DELETE ${path}`, answer({ operation_id: idOf('op') }));
    const said: string[] = [];
    for (const words of [['remote-cdrom', '--uefi', '--persistent'], ['get'], ['clear']])
      said.push((await bob.igor(['boot', '-h', 'osl01', ...words])).out);
    expect(said).to.deep.equal([
      'osl01: remote-cdrom, uefi, each time\n',
      'osl01: disk, uefi, once\n',
      'osl01: cleared\n',
    ]);
    const asked = peer.asked.filter(({ url }) => url === path).map(({ method, body }) => [method, body]);
    expect(asked).to.deep.equal([
      ['PUT', { target: 'remote-cdrom', mode: 'uefi', once: false }],
      ['GET', null],
      ['DELETE', null],
    ]);
  });

  it('refuse what does not go together', async () => {
    for (const words of [
      ['clear', '--legacy'],
      ['pxe', '--uefi', '--legacy'],
      ['parameters', '--persistent'],
      ['floppy'],
    ])
      expect((await bob.igor(['boot', '-h', 'osl01', ...words])).code, words.join(' ')).to.equal(2);
    expect(peer.asked).to.deep.equal([]);
  });

  it('show the parameters of the boot and what they mean', async () => {
    const one = { number: 5, name: 'flags', locked: true, block: null, data: 'a004000000' };
    const other = {
      number: 1,
      name: 'service-partition',
      locked: false,
      block: null,
      data: '00',
      decoded: { partition: null },
    };
    peer.answers.set(
      `GET ${of('osl01', 'boot')}/parameters`,
      answer({
        parameters: [{ ...one, decoded: { valid: true, persistent: false, target: 'pxe', instance: 0 } }, other],
      }),
    );
    expect((await bob.igor(['boot', '-h', 'osl01', 'parameters'])).out.split('\n')).to.deep.equal([
      'NAME   PARAMETER            DATA                 MEANING',
      'osl01  5 flags              a004000000 (locked)  valid, target pxe',
      'osl01  1 service-partition  00                   -',
      '',
    ]);
  });
});

describe('commands about watchdogs and what machines draw', () => {
  let peer: Peer;
  let erin: User;
  beforeEach(async () => {
    peer = await startPeer(['osl01', 'osl02']);
    erin = await newUser(peer.url);
  });
  afterEach(async () => {
    await erin.leave();
    await peer.close();
  });
  const changes = (): readonly unknown[] =>
    peer.asked.filter(({ method }) => method !== 'GET').map(({ method, url, body }) => [method, url, body]);

  it('show, stop and reset watchdogs', async () => {
    const path = of('osl01', 'watchdog');
    const timer = {
      running: true,
      use: 'system',
      action: 'reset',
      warning: 'nmi',
      warning_seconds: 9,
      seconds: 300,
      seconds_left: 123.4,
    };
    peer.answers.set(`GET ${path}`, answer({ ...timer, logs: true, expired: ['firmware'] }));
    const idle = {
      running: false,
      use: null,
      action: 'none',
      warning: 'none',
      warning_seconds: 0,
      seconds: 0,
      seconds_left: 0,
    };
    peer.answers.set(`GET ${of('osl02', 'watchdog')}`, answer({ ...idle, logs: true, expired: [] }));
    peer.answers.set(`DELETE ${path}`, answer({ operation_id: idOf('op') }));
    peer.answers.set(`POST ${path}/resets`, answer({ operation_id: idOf('op') }));
    expect((await erin.igor(['watchdog', '-h', 'osl0[1-2]'])).out.split('\n')).to.deep.equal([
      'NAME   STATE    WATCHES  THEN   LEFT     OF     WARNS           EXPIRED',
      'osl01  running  system   reset  123.4 s  300 s  nmi 9 s before  firmware',
      'osl02  stopped  -        none   -        0 s    -               -',
      '',
    ]);
    expect((await erin.igor(['watchdog', '-h', 'osl01', 'off'])).out).to.equal('osl01: stopped\n');
    expect((await erin.igor(['watchdog', '-h', 'osl01', 'reset'])).out).to.equal('osl01: its time begins anew\n');
    expect(changes()).to.deep.equal([
      ['DELETE', path, null],
      ['POST', `${path}/resets`, {}],
    ]);
  });

  it('show what machines draw, and that a meter does not run', async () => {
    const reading = { watts: 212, minimum_watts: 98, maximum_watts: 431, average_watts: 187, period_seconds: 60 };
    peer.answers.set(`GET ${of('osl01', 'power/consumption')}`, answer({ ...reading, active: true }));
    peer.answers.set(`GET ${of('osl02', 'power/consumption')}`, answer({ ...reading, active: false }));
    expect((await erin.igor(['power', '-h', 'osl0[1-2]', 'consumption'])).out.split('\n')).to.deep.equal([
      'NAME   NOW                    LEAST  MEAN   MOST   OVER',
      'osl01  212 W                  98 W   187 W  431 W  60 s',
      'osl02  212 W (not measuring)  98 W   187 W  431 W  60 s',
      '',
    ]);
  });

  it('show, set and clear how much machines may draw', async () => {
    const path = of('osl01', 'power/limit');
    const limit = { watts: 300, correction_ms: 10_000, sampling_seconds: 60, action: 'log' };
    peer.answers.set(`GET ${path}`, answer({ active: true, ...limit, action: null }));
    peer.answers.set(`PUT ${path}`, answer(limit));
    peer.answers.set(`DELETE ${path}`, answer({ operation_id: idOf('op') }));
    const said: string[] = [];
    for (const words of [[], ['300'], ['off']])
      said.push((await erin.igor(['power', '-h', 'osl01', 'limit', ...words])).out);
    peer.answers.set(`GET ${path}`, answer({ active: false, watts: null, correction_ms: null, action: null }));
    said.push((await erin.igor(['power', '-h', 'osl01', 'limit'])).out);
    expect(said).to.deep.equal([
      "osl01: 300 W within 10 s, else the vendor's own action\n",
      'osl01: 300 W within 10 s, else log\n',
      'osl01: no limit\n',
      'osl01: no limit\n',
    ]);
    expect(changes()).to.deep.equal([
      ['PUT', path, { watts: 300 }],
      ['DELETE', path, null],
    ]);
    expect((await erin.igor(['power', '-h', 'osl01', 'limit', 'much'])).code).to.equal(2);
  });
});
