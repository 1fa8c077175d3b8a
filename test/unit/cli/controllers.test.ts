import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, idOf, machine, refuse, requestId, startPeer, type Peer } from './peer.ts';
import { newUser, type User } from './world.ts';

const path = (controller: string): string => `/v1/controllers/${idOf(controller)}`;
const bound = (name: string, ...controllers: readonly (readonly [string, ...string[]])[]) =>
  machine(name, {
    bindings: controllers.map(([id, ...roles]) => ({ controller_id: idOf(id), roles, selector: null })),
  });

describe('commands on the controllers behind hosts', () => {
  let peer: Peer;
  let erin: User;

  beforeEach(async () => {
    peer = await startPeer([]);
    peer.machines.push(
      bound('osl01', ['bmc1', 'power', 'boot']),
      bound('osl02', ['chassis', 'power']),
      bound('osl03', ['chassis', 'power']),
      bound('osl04', ['bmc4', 'power'], ['bmc5', 'sensors', 'logs']),
      machine('osl05'),
    );
    for (const id of ['bmc1', 'chassis', 'bmc4', 'bmc5']) {
      const controller = { id: idOf(id), driver: 'ipmi', address: '10.0.0.1', port: 623, health: 'ok' };
      peer.answers.set(`GET ${path(id)}`, answer({ controller }));
    }
    erin = await newUser(peer.url);
  });
  afterEach(async () => {
    await erin.leave();
    await peer.close();
  });

  const asked = (id: string): number => peer.asked.filter(({ url }) => url === path(id)).length;
  const names = (out: string): readonly (string | undefined)[] =>
    out.split('\n').map((line) => /^(.*?) +ipmi/.exec(line)?.[1]);

  it('find each through the bindings of its machine', async () => {
    const { code, out, err } = await erin.igor(['bmc', '-h', 'osl01']);

    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out.split('\n')).to.deep.equal([
      'NAME   DRIVER  ADDRESS       HEALTH  CONTROLLER',
      `osl01  ipmi    10.0.0.1:623  ok      ${idOf('bmc1')}`,
      '',
    ]);
  });

  it('ask one that several machines share once, under all their names', async () => {
    const { out } = await erin.igor(['bmc', '-h', 'osl0[1-3]']);

    expect(names(out)).to.include.members(['osl01', 'osl02,osl03']);
    expect(asked('chassis')).to.equal(1);
  });

  it('ask each of a machine that has several, and tell what it is for', async () => {
    const { out } = await erin.igor(['bmc', '-h', 'osl04']);

    expect(names(out)).to.include.members(['osl04 (power)', 'osl04 (sensors logs)']);
  });

  it('say why a machine has none to ask, and go on with the others', async () => {
    peer.answers.set(`GET /v1/machines/${idOf('osl02')}`, refuse(new Fault('forbidden', 'not for you')));

    const { code, out, err } = await erin.igor(['bmc', '-h', 'osl01,osl02,osl05,nosuch']);

    expect(code).to.equal(1);
    expect(names(out)).to.include('osl01');
    expect(err.trimEnd().split('\n')).to.deep.equal([
      `osl02: Forbidden: not for you (forbidden, ${requestId})`,
      'osl05: The controller cannot do that: the machine has no controller (controller-unsupported)',
      'nosuch: Not found: you see no machine of this name (not-found)',
    ]);
  });
});
