import { expect } from 'chai';
import { enrol } from '../support/enrol.ts';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Listed {
  readonly parameters: readonly { readonly name: string; readonly data: string; readonly decoded: object | null }[];
}

describe('what a machine starts from', () => {
  let igor: TestIgor;
  let bob: Client;
  before(async () => {
    igor = await startIgor();
    bob = await igor.as('bob');
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  it('is set to any device that a BMC has, and cleared', async () => {
    const { id, bmc } = await simulated(igor);
    const path = `/v1/machines/${id}/boot`;
    for (const target of ['remote-cdrom', 'safe-mode', 'diagnostic', 'removable']) {
      await bob.put(path, { target, once: false }).expect(200);
      expect((await bob.get(path).expect(200)).body).to.deep.equal({ target, mode: 'uefi', once: false });
    }
    expect((await bob.delete(path).expect(200)).body).to.have.all.keys('operation_id');
    expect((await bob.get(path).expect(200)).body).to.deep.equal({ target: 'none', mode: 'legacy', once: true });
    expect(bmc.chassis.boot.get(5)?.data.toString('hex')).to.equal('8000000000');
  });

  it('is cleared at ipmi_sim too', async () => {
    const { name, peer } = await enrol(igor, 'alpha');
    await bob.put(`/v1/machines/${name}/boot`, { target: 'pxe' }).expect(200);
    await bob.delete(`/v1/machines/${name}/boot`).expect(200);
    expect((await peer.chassis.boot()) ?? 'none').to.equal('none');
    expect((await bob.get(`/v1/machines/${name}/boot`).expect(200)).body).to.include({ target: 'none' });
  });

  it('has parameters, by name and by number, with what they mean', async () => {
    const { id } = await simulated(igor);
    const path = `/v1/machines/${id}/boot/parameters`;
    await bob.put(`/v1/machines/${id}/boot`, { target: 'pxe' }).expect(200);
    const { parameters } = (await bob.get(path).expect(200)).body as Listed;
    expect(parameters.map(({ name }) => name)).to.include.members(['flags', 'valid-bit-clearing', 'mailbox']);
    await bob.put(`${path}/valid-bit-clearing`, { data: '1F' }).expect(200);
    const { body } = await bob.get(`${path}/3`).expect(200);
    expect((body as { parameter: object }).parameter).to.deep.include({
      number: 3,
      data: '1f',
      locked: false,
      block: null,
    });
    await bob.put(`${path}/mailbox`, { data: '02aabb' }).expect(200);
    const letter = await bob.get(`${path}/7?block=2`).expect(200);
    expect((letter.body as { parameter: object }).parameter).to.include({ block: 2, data: `aabb${'00'.repeat(14)}` });
  });

  it('refuses a parameter that there is not, or that is none, and what are no bytes', async () => {
    const { id, bmc } = await simulated(igor);
    const path = `/v1/machines/${id}/boot/parameters`;
    await bob.get(`${path}/nosuch`).expect(404);
    await bob.get(`${path}/128`).expect(404);
    await bob.get(`${path}/99`).expect(409);
    await bob.get(`${path}/-H`).expect(400);
    for (const data of ['', '1', 'zz', '0x08', '00'.repeat(33)]) await bob.put(`${path}/3`, { data }).expect(400);
    expect(bmc.count('set-system-boot-options')).to.equal(0);
  });
});
