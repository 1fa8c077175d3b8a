import { expect } from 'chai';
import { inventoryDevice } from '../../src/domain/inventory.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open } from './peer.ts';

/** What is written in the machine's replaceable units. */
export const describeInventory = (open: Open, itShowing: ItShowing): void => {
  it('tells what is written in the machine itself', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const [device] = (await deviceOf(connection).inventory.read(call)).value;
    const { id, chassis, board, product, valid } = inventoryDevice.parse(device);
    expect({ id, valid }).to.deep.equal({ id: 0, valid: true });
    expect(chassis).to.include({ type: 'rack-mount-chassis', serial_number: 'CHS100000' });
    expect(board).to.include({ serial_number: 'BRD100000', manufactured_at: '2023-05-17T00:00:00.000Z' });
    expect(product).to.include({ name: 'LX-2000', serial_number: 'SN100000', asset_tag: 'ASSET-100000' });
  });

  it('finds the units that the sensor data records tell of, by their names', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { value } = await deviceOf(connection).inventory.read(call);
    expect(value.map(({ id, name, valid }) => ({ id, name, valid }))).to.deep.equal([
      { id: 0, name: null, valid: true },
      { id: 1, name: 'PSU1 FRU', valid: true },
    ]);
    expect(value[1]?.product).to.include({
      manufacturer: 'Lab Power',
      part_number: 'PS800-A',
      serial_number: 'PSN100000',
    });
  });

  itShowing('inventory-spoilt', 'tells of what does not fit its checksum', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    peer.insight.spoilInventory();
    const [device] = (await deviceOf(connection).inventory.read(call)).value;
    expect(device).to.deep.include({ valid: false, problems: ['chassis: its checksum does not fit'] });
    expect(device?.board?.serial_number).to.equal('BRD100000');
  });
};
