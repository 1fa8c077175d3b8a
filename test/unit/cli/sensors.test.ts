import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, idOf, refuse, startPeer, type Peer } from './peer.ts';
import { newUser, terminal, type User } from './world.ts';

const sensors = (name: string): string => `/v1/machines/${idOf(name)}/sensors`;
const temperature = {
  id: 'cpu1-temp',
  name: 'CPU1 Temp',
  value: 97.5,
  unit: '°C',
  state: 'critical',
  states: ['upper-non-critical', 'upper-critical'],
  thresholds: { lower_critical: null, upper_non_critical: 85, upper_critical: 95 },
};
const supply = {
  id: 'psu1',
  name: 'PSU1',
  value: null,
  unit: null,
  state: 'ok',
  states: ['presence-detected'],
  thresholds: null,
};

describe('igor sensors', () => {
  let peer: Peer;
  let bob: User;
  beforeEach(async () => {
    peer = await startPeer(['osl01', 'osl02']);
    bob = await newUser(peer.url);
    for (const name of ['osl01', 'osl02'])
      peer.answers.set(`GET ${sensors(name)}`, answer({ sensors: [temperature, supply], observed_at: '', links: [] }));
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  it('shows values with their units, states, and what holds', async () => {
    const { code, out } = await bob.igor(['sensors', '-h', 'osl01']);
    expect(code).to.equal(0);
    expect(out.split('\n')).to.deep.equal([
      'SENSOR     VALUE    STATE     STATES',
      'CPU1 Temp  97.5 °C  critical  upper-non-critical, upper-critical',
      'PSU1       -        ok        presence-detected',
      '',
    ]);
  });

  it('shows thresholds in place of what holds, and of several hosts whose they are', async () => {
    const { out } = await bob.igor(['sensors', '-h', 'osl0[1-2]', '--thresholds']);
    expect(out.split('\n').slice(0, 2)).to.deep.equal([
      'NAME   SENSOR     VALUE    STATE     LNR  LCR  LNC  UNC  UCR  UNR',
      'osl01  CPU1 Temp  97.5 °C  critical  -    -    -    85   95   -',
    ]);
    expect(out.split('\n')).to.have.length(6);
  });

  it('colours states on a terminal', async () => {
    const stdout = terminal();
    await bob.igor(['sensors', '-h', 'osl01'], { stdout });
    expect(stdout.text()).to.contain('\u001b[31mcritical\u001b[0m').and.to.contain('\u001b[32mok\u001b[0m');
  });

  it('passes filters on, and finds one by its name in any case or by its id', async () => {
    await bob.igor(['sensors', '-h', 'osl01', '--state', 'warning,critical', '--type', 'fan']);
    const { searchParams } = new URL(peer.asked.at(-1)?.url ?? '', 'http://peer');
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      limit: '1000',
      state: 'in:warning,critical',
      type: 'in:fan',
    });
    for (const word of ['cpu1 TEMP', 'cpu1-temp']) {
      const { code, out } = await bob.igor(['sensors', '-h', 'osl01', word]);
      expect([code, out.split('\n').length]).to.deep.equal([0, 3]);
    }
  });

  it('ends with 1, and says so, where the one asked for is not, and where a host failed', async () => {
    const none = await bob.igor(['sensors', '-h', 'osl01', 'FAN9']);
    expect(none).to.include({ code: 1, out: '', err: 'osl01: there is no such sensor\n' });
    peer.answers.set(`GET ${sensors('osl02')}`, refuse(new Fault('controller-unreachable')));
    const { code, out, err } = await bob.igor(['sensors', '-h', 'osl0[1-2]']);
    expect(code).to.equal(1);
    expect(out).to.contain('osl01  CPU1 Temp');
    expect(err).to.match(/^osl02: /);
  });

  it('answers with JSON, of the one sensor alone that was asked for', async () => {
    const { out } = await bob.igor(['sensors', '-h', 'osl01', 'psu1', '--json']);
    const { results } = JSON.parse(out) as { results: readonly { result: { sensors: readonly object[] } }[] };
    expect(results[0]?.result.sensors).to.deep.equal([supply]);
  });

  it('sets thresholds, and tells what was set', async () => {
    const path = `${sensors('osl01')}/CPU1%20Temp/thresholds`;
    const thresholds = { ...temperature.thresholds, upper_critical: 96, lower_critical: -5.5 };
    peer.answers.set(`PUT ${path}`, answer({ thresholds, operation_id: idOf('op') }));
    const words = ['threshold', 'CPU1 Temp', 'upper_critical=95.7', 'lower-critical=-5.5'];
    const { code, out } = await bob.igor(['sensors', '-h', 'osl01', ...words]);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'osl01: CPU1 Temp: upper_critical 96, lower_critical -5.5\n' });
    expect(peer.asked.at(-1)?.body).to.deep.equal({ upper_critical: 95.7, lower_critical: -5.5 });
  });

  for (const words of [
    ['threshold', 'CPU1 Temp'],
    ['threshold'],
    ['threshold', 'CPU1 Temp', 'upper_critical'],
    ['threshold', 'CPU1 Temp', 'upper_critical=hot'],
    ['threshold', 'CPU1 Temp', 'upper_critical=1', '--state', 'ok'],
    ['CPU1 Temp', 'FAN1'],
    ['--watch', '1s'],
    ['--watch', '--json'],
  ]) {
    it(`understands no "${words.join(' ')}", and asks nothing`, async () => {
      expect((await bob.igor(['sensors', '-h', 'osl01', ...words])).code).to.equal(2);
      expect(peer.asked.filter(({ url }) => url.includes('/sensors'))).to.have.length(0);
    });
  }

  it('shows them again and again with --watch, until Ctrl-C', async () => {
    const end = new AbortController();
    let count = 0;
    peer.answers.set(`GET ${sensors('osl01')}`, (asked, response) => {
      count += 1;
      if (count === 2) setTimeout(() => end.abort(), 50);
      answer({ sensors: [{ ...temperature, value: count }], observed_at: '', links: [] })(asked, response);
    });
    const { code, out } = await bob.igor(['sensors', '-h', 'osl01', '--watch', '1'], { signal: end.signal });
    expect(code).to.equal(130);
    expect(out).to.match(/CPU1 Temp {2}1 °C[^]*CPU1 Temp {2}2 °C/);
  });
});
