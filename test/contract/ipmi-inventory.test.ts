import { expect } from 'chai';
import { fruDevice } from '../support/bmc/fru.ts';
import { faultOf } from '../support/fault-of.ts';
import { simulator } from './ipmi-peers.ts';
import { call, deviceOf } from './peer.ts';

describe('the driver ipmi, inventory', () => {
  for (const [what, inWords, atOnce] of [
    ['a byte at a time', false, 1],
    ['16 bytes', false, 16],
    ['250 bytes', false, 250],
    ['a word at a time', true, 2],
    ['16 words', true, 32],
  ] as const) {
    it(`reads the same from a BMC that gives ${what} at once`, async () => {
      await using peer = await simulator.open();
      const image = (peer.bmc.fru.get(1)?.bytes ?? Buffer.alloc(0)).subarray(0, atOnce < 16 ? 16 : 256);
      peer.bmc.fru.set(0, fruDevice(image, { inWords, atOnce }));
      await using connection = peer.connect();
      const [device] = (await deviceOf(connection).inventory.read(call)).value;
      expect(device?.bytes).to.equal(image.length);
      if (atOnce >= 16) expect(device?.product?.serial_number).to.equal('PSN100000');
      else expect(device?.internal_use_bytes).to.equal(8);
    });
  }

  it('finds out once how much a BMC gives, and reads no more than says anything', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    await deviceOf(connection).inventory.read(call);
    const first = peer.bmc.count('read-fru-data');
    await deviceOf(connection).inventory.read(call);
    // Of 768 bytes some 350 say anything; 32 come at once after 128 and 64 were refused.
    expect(first).to.be.lessThan(16);
    expect(peer.bmc.count('read-fru-data') - first).to.equal(first - 2);
  });

  it('waits for a device that is busy for a moment, and not for ever', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const fru = peer.bmc.fru.get(0) ?? fruDevice(Buffer.alloc(0));
    fru.busy = 2;
    expect((await deviceOf(connection).inventory.read(call)).value[0]?.valid).to.equal(true);
    fru.busy = 1000;
    const [device] = (await deviceOf(connection).inventory.read(call)).value;
    expect(device).to.include({ valid: false, bytes: null });
    expect(device?.problems[0]).to.contain('81h');
  });

  it('says of a device that it is empty, or that it is not there', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.fru.set(0, fruDevice(Buffer.alloc(0)));
    expect((await deviceOf(connection).inventory.read(call)).value[0]).to.deep.include({ problems: ['it is empty'] });
    peer.bmc.fru.delete(0);
    const [device] = (await deviceOf(connection).inventory.read(call)).value;
    expect(device?.problems[0]).to.contain('there is no such sensor, record or data (CBh)');
  });

  it('tells of a unit that is not there, and of the others what they say', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.fru.delete(1);
    const [own, supply] = (await deviceOf(connection).inventory.read(call)).value;
    expect(own?.product?.serial_number).to.equal('SN100000');
    expect(supply).to.include({ id: 1, name: 'PSU1 FRU', bytes: null, valid: false });
  });

  it('reads its own alone where there are no sensor data records, and does not pass for whole where they cannot be read', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    for (const to of ['get-sdr-repository-info', 'get-device-sdr-info'] as const)
      peer.bmc.inject({ kind: 'completion-code', to, code: 0xc1 });
    expect((await deviceOf(connection).inventory.read(call)).value.map(({ id }) => id)).to.deep.equal([0]);
    peer.bmc.heal();
    peer.bmc.inject({ kind: 'completion-code', to: 'get-sdr', code: 0xff });
    await using other = peer.connect();
    expect((await faultOf(deviceOf(other).inventory.read(call))).code).to.equal('controller-refused');
  });

  it('says that a BMC has no inventory at all', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    peer.bmc.inject({ kind: 'completion-code', to: 'get-fru-inventory-area-info', code: 0xc1 });
    const fault = await faultOf(deviceOf(connection).inventory.read(call));
    expect([fault.code, fault.toldByController]).to.deep.equal(['controller-unsupported', true]);
  });

  it('makes nothing of an answer with other bytes than it announces, or with none', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    for (const data of [Buffer.alloc(0), Buffer.from([0]), Buffer.from([9, 1, 0, 1])]) {
      peer.bmc.inject({ kind: 'wrong-data', to: 'read-fru-data', data });
      const [device] = (await deviceOf(connection).inventory.read(call)).value;
      expect(device).to.include({ valid: false, chassis: null });
      peer.bmc.heal();
    }
  });
});
