import { expect } from 'chai';
import { bootParameter, bootParameterNames } from '../../src/domain/boot-parameter.ts';
import { faultOf } from '../support/fault-of.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open } from './peer.ts';

/** What every driver does with the parameters of the boot. */
export const describeBootParameters = (open: Open, itShowing: ItShowing): void => {
  it('lists the boot parameters that the controller has, the flags among them', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { boot, bootParameters } = deviceOf(connection);
    await boot.set({ target: 'pxe', mode: 'legacy', once: true }, call);
    const { value } = await bootParameters.list(call);
    for (const one of value) expect(bootParameter.parse(one).name).to.equal(bootParameterNames[one.number]);
    const flags = value.find(({ name }) => name === 'flags');
    expect(flags?.decoded).to.include({ target: 'pxe', mode: 'legacy' });
  });

  it('says so of a boot parameter that the controller does not have', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { bootParameters } = deviceOf(connection);
    expect((await faultOf(bootParameters.get(126, 0, call))).code).to.equal('controller-unsupported');
    const change = { number: 126, locked: false, data: [1] };
    expect((await faultOf(bootParameters.set(change, call))).code).to.match(/^controller-(unsupported|refused)$/);
  });

  itShowing(
    'boot-parameters',
    'has every boot parameter with a name, and reads each as it was set',
    async (openSeen) => {
      await using peer = await openSeen();
      await using connection = peer.connect();
      const { bootParameters } = deviceOf(connection);
      expect((await bootParameters.list(call)).value.map(({ name }) => name)).to.deep.equal(bootParameterNames);
      for (const [number, data] of [
        [1, '02'],
        [2, '01'],
        [3, '1f'],
        [4, '1f05'],
        [5, 'e008a00200'],
        [6, '010403020180436169'],
      ] as const) {
        await bootParameters.set({ number, locked: false, data: [...Buffer.from(data, 'hex')] }, call);
        expect((await bootParameters.get(number, 0, call)).value).to.include({ number, data, locked: false });
      }
      await bootParameters.set({ number: 4, locked: true, data: [0x00, 0x01] }, call);
      expect((await bootParameters.get(4, 0, call)).value).to.include({ data: '0001', locked: true });
    },
  );

  itShowing('boot-parameters', 'keeps the blocks of the mailbox apart', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { bootParameters } = deviceOf(connection);
    for (const block of [0, 1])
      await bootParameters.set({ number: 7, locked: false, data: [block, 0xa0 + block] }, call);
    for (const block of [0, 1]) {
      const { value } = await bootParameters.get(7, block, call);
      expect(value).to.include({ name: 'mailbox', block, data: `a${block}${'00'.repeat(15)}` });
    }
  });
};
