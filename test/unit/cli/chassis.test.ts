import { expect } from 'chai';
import { answer, idOf, startPeer, type Peer } from './peer.ts';
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
