import { expect } from 'chai';
import { startIgor, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Body {
  readonly errors: readonly { readonly code: string }[];
}

describe('a controller itself', () => {
  let igor: TestIgor;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  it('tells what it is, to a manager of its project and not to a member', async () => {
    const { controllerId, bmc } = await simulated(igor, { guid: '0f3a1c52-7d5b-4e07-9c11-a2b3c4d5e6f7' });
    const path = `/v1/controllers/${controllerId}/firmware`;
    const { body } = await (await igor.as('erin')).get(path).expect(200);
    expect(body).to.include({ version: '2.51', ipmi_version: '2.0', product_id: 1, manufacturer: null });
    expect(body).to.have.nested.property('system_guid.uuid', '0f3a1c52-7d5b-4e07-9c11-a2b3c4d5e6f7');
    expect(body).to.have.property('observed_at');
    await (await igor.as('bob')).get(path).expect(403);
    bmc.inject({ kind: 'completion-code', to: 'get-device-guid', code: 0xc1 });
    expect((await (await igor.as('erin')).get(path).expect(200)).body).to.include({ device_guid: null });
  });

  it('tells how its own test went', async () => {
    const { controllerId, bmc } = await simulated(igor);
    bmc.management.selfTest = [0x57, 0x40];
    const { body } = await (await igor.as('erin')).get(`/v1/controllers/${controllerId}/self-test`).expect(200);
    expect(body).to.deep.include({ result: 'corrupted', findings: ['sensor-records-inaccessible'], code: '5740' });
  });

  it('is reset once by a manager, which leaves the machine alone, and answers anew when it is back', async () => {
    const { id, controllerId, bmc } = await simulated(igor, { power: 'on' });
    const erin = await igor.as('erin');
    await erin.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    const { body } = await erin.post(`/v1/controllers/${controllerId}/resets`, { kind: 'cold' }).expect(200);
    expect(body).to.include({ kind: 'cold' });
    expect(bmc.management.resets).to.deep.equal(['cold']);
    expect((await erin.get(`/v1/machines/${id}/power?refresh=true`).expect(200)).body).to.include({ state: 'on' });
  });

  it('is not said to be reset when nobody answered, and is not asked twice', async () => {
    const { controllerId, bmc } = await simulated(igor);
    bmc.inject({ kind: 'drop-replies', to: 'warm-reset' });
    const erin = await igor.as('erin');
    const { body } = await erin.post(`/v1/controllers/${controllerId}/resets`, { kind: 'warm' }).expect(504);
    expect((body as Body).errors[0]?.code).to.equal('out-of-band.outcome-unknown');
    expect(bmc.management.resets).to.deep.equal(['warm']);
  });

  const raw = (controllerId: string): string => `/v1/controllers/${controllerId}/raw`;

  it('answers any command by its numbers, to an admin alone, whatever the answer is', async () => {
    const { controllerId, bmc } = await simulated(igor);
    const alice = await igor.as('alice');
    const { body } = await alice.post(raw(controllerId), { netfn: 6, command: 1 }).expect(200);
    expect(body).to.deep.include({
      completion: 0,
      meaning: 'done',
      data: '20010251028f00000001000000'.padEnd(30, '0'),
    });
    const unknown = await alice.post(raw(controllerId), { netfn: 0x30, command: 1, data: '01ff' }).expect(200);
    expect(unknown.body).to.deep.include({ completion: 0xc1, data: '' });
    expect(bmc.executed().at(-1)?.data.toString('hex')).to.equal('01ff');
    for (const who of ['erin', 'bob'])
      await (await igor.as(who)).post(raw(controllerId), { netfn: 6, command: 1 }).expect(403);
    const journal = (await alice.get(`/v1/audit-records?operation=raw-command.run&limit=100`).expect(200)).text;
    expect(journal).to.contain('"data":"01ff"');
  });

  it('is sent a command once, and leaves open what became of one that nobody answered', async () => {
    const { controllerId, bmc } = await simulated(igor);
    bmc.inject({ kind: 'drop-replies', to: 'get-self-test-results' });
    const alice = await igor.as('alice');
    const { body } = await alice.post(raw(controllerId), { netfn: 6, command: 4 }).expect(504);
    expect((body as Body).errors[0]?.code).to.equal('out-of-band.outcome-unknown');
    expect(bmc.count('get-self-test-results')).to.equal(1);
  });

  it('is not sent what is dangerous or has an operation of its own, and the journal keeps no secret of it', async () => {
    const { controllerId, bmc } = await simulated(igor);
    const alice = await igor.as('alice');
    const password = { netfn: 6, command: 0x47, data: `0202${Buffer.from('hunter2').toString('hex')}` };
    const { body } = await alice.post(raw(controllerId), password).expect(403);
    expect((body as { error: { message: string } }).error.message).to.contain('password.set');
    await alice.post(raw(controllerId), { netfn: 8, command: 1 }).expect(403);
    expect(bmc.executed().map(({ netfn }) => netfn)).not.to.include(8);
    expect(bmc.executed().map(({ command }) => command)).not.to.include('set-user-password');
    const journal = (await alice.get(`/v1/audit-records?operation=raw-command.run&limit=100`).expect(200)).text;
    expect(journal).to.contain('"data":"[withheld]"');
    expect(journal + igor.logText()).not.to.contain(Buffer.from('hunter2').toString('hex'));
  });

  it('is sent what the operator insists on, and that alone', async () => {
    const own = await startIgor({ IGOR_RAW_ALLOW: '06:03' });
    try {
      const { controllerId, bmc } = await simulated(own);
      const alice = await own.as('alice');
      await alice.post(raw(controllerId), { netfn: 6, command: 2 }).expect(403);
      await alice.post(raw(controllerId), { netfn: 6, command: 3 }).expect(200);
      expect(bmc.management.resets).to.deep.equal(['warm']);
    } finally {
      await own.stop();
    }
  });
});
