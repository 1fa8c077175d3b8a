import { expect } from 'chai';
import { answer, idOf, machine, startPeer, type Peer } from './peer.ts';
import { newUser, terminal, type User } from './world.ts';

const controller = `/v1/controllers/${idOf('bmc1')}`;

describe('igor bmc and igor inventory', () => {
  let peer: Peer;
  let erin: User;

  beforeEach(async () => {
    peer = await startPeer([]);
    peer.machines.push(
      machine('osl01', { bindings: [{ controller_id: idOf('bmc1'), roles: ['power'], selector: null }] }),
    );
    erin = await newUser(peer.url);
  });
  afterEach(async () => {
    await erin.leave();
    await peer.close();
  });

  it('show what is on a controller', async () => {
    const uuid = '0f3a1c52-7d5b-4e07-9c11-a2b3c4d5e6f7';
    const body = { version: '2.51', ipmi_version: '2.0', state: 'updating', product_id: 7, system_guid: { uuid } };
    peer.answers.set(`GET ${controller}/firmware`, answer({ ...body, manufacturer: { id: 674, name: 'Dell' } }));

    expect((await erin.igor(['bmc', '-h', 'osl01', 'info'])).out.split('\n')).to.deep.equal([
      'NAME   FIRMWARE         IPMI  MAKER  PRODUCT  SYSTEM GUID',
      `osl01  2.51 (updating)  2.0   Dell   7        ${uuid}`,
      '',
    ]);
  });

  it('show how its own test went, in red when it did not pass', async () => {
    peer.answers.set(
      `GET ${controller}/self-test`,
      answer({ result: 'corrupted', findings: ['event-log-inaccessible'], code: '5780' }),
    );
    const stdout = terminal();
    await erin.igor(['bmc', '-h', 'osl01', 'self-test'], { stdout });

    expect(stdout.text()).to.equal('osl01: \u001b[31mcorrupted, event-log-inaccessible\u001b[0m (code 5780)\n');
  });

  it('reset it only by a word that is one', async () => {
    peer.answers.set(`POST ${controller}/resets`, (asked, response) =>
      answer({ ...(asked.body as object), operation_id: idOf('op') })(asked, response),
    );
    for (const words of [['reset'], ['reset', 'hot'], ['reset', 'cold', 'warm'], ['info', 'cold'], ['melt']])
      expect((await erin.igor(['bmc', '-h', 'osl01', ...words])).code, words.join(' ')).to.equal(2);
    expect(peer.asked.filter(({ method }) => method === 'POST')).to.deep.equal([]);

    const { code, out } = await erin.igor(['bmc', '-h', 'osl01', 'reset', 'cold']);
    expect([code, out]).to.deep.equal([0, 'osl01: cold reset accepted; it answers again in a minute or so\n']);
    expect(peer.asked.at(-1)).to.deep.include({ url: `${controller}/resets`, body: { kind: 'cold' } });
  });

  it('send it bytes as ipmitool takes them, and show those that come back, or what they mean', async () => {
    peer.answers.set(`POST ${controller}/raw`, answer({ completion: 0, meaning: 'done', data: '200102' }));
    expect((await erin.igor(['bmc', '-h', 'osl01', 'raw', '0x06', '1', '0xfF', '200'])).out).to.equal(
      'osl01: 20 01 02\n',
    );
    expect(peer.asked.at(-1)?.body).to.deep.equal({ netfn: 6, command: 1, data: [255, 200] });

    peer.answers.set(`POST ${controller}/raw`, answer({ completion: 193, meaning: 'unknown (C1h)', data: '' }));
    expect((await erin.igor(['bmc', '-h', 'osl01', 'raw', '6', '1'])).out).to.equal('osl01: unknown (C1h)\n');

    for (const words of [['6'], ['6', '256'], ['6', '0x100'], ['6', 'x'], ['6', '-1'], ['6', '1', '']])
      expect((await erin.igor(['bmc', '-h', 'osl01', 'raw', ...words])).code, words.join(' ')).to.equal(2);
  });

  it('show what is written in a machine on a sheet of its own, and what is wrong with it', async () => {
    peer.answers.set(
      `GET /v1/machines/${idOf('osl01')}/inventory`,
      answer({
        devices: [
          {
            ...{ id: 0, name: null, bytes: 512, internal_use_bytes: null, records: [], valid: false },
            chassis: { type: 'rack-mount-chassis', part_number: 'CH-900', serial_number: 'S\u001b1', custom: ['own'] },
            board: null,
            product: { manufacturer: 'Lab Systems', name: 'LX', part_number: null, version: 'v1', serial_number: '7' },
            problems: ['chassis: its checksum does not fit'],
          },
          {
            ...{ id: 3, name: 'PSU1', bytes: 64, internal_use_bytes: null, valid: true, problems: [] },
            ...{ chassis: null, board: null, product: null },
            records: [
              { kind: 'oem', valid: true, type: 192, manufacturer: { id: 674, name: 'Dell' }, data: 'cafe' },
              { kind: 'of-a-newer-service' },
            ],
          },
        ],
        observed_at: '2026-11-20T10:00:00.000Z',
      }),
    );

    expect((await erin.igor(['inventory', '-h', 'osl01'])).out.split('\n')).to.deep.equal([
      'osl01',
      '  chassis                  rack-mount-chassis, part CH-900, serial S\ufffd1, own',
      '  product                  Lab Systems LX, version v1, serial 7',
      '  problem                  chassis: its checksum does not fit',
      '  PSU1 oem                 Dell, type 192, 2 bytes',
      '  PSU1 of-a-newer-service  {"kind":"of-a-newer-service"}',
      '',
    ]);
  });
});
