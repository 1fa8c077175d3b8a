import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../../src/domain/fault.ts';
import { firmware, selfTest } from '../../../../src/domain/firmware.ts';
import { deviceIdIn, guidIn } from '../../../../src/drivers/ipmi/device-id.ts';
import { selfTestIn } from '../../../../src/drivers/ipmi/self-test.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const faultIn = (act: () => unknown): string | null => {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
};
const anything = fc.uint8Array({ maxLength: 40 }).map((values) => Buffer.from(values));

describe('deviceIdIn', () => {
  const simulated = bytes('20 01 02 51 02 9f 91 12 00 02 0f 00 00 00 00');

  it('reads every field', () => {
    expect(deviceIdIn(simulated)).to.deep.equal({
      state: 'normal',
      version: '2.51',
      auxiliary: '00000000',
      ipmi_version: '2.0',
      device_id: 0x20,
      device_revision: 1,
      manufacturer: { id: 0x1291, name: null },
      product_id: 0x0f02,
      functions: ['sensors', 'sensor-records', 'event-log', 'inventory', 'event-receiver', 'chassis'],
      has_own_sensor_records: false,
    });
  });

  it('knows makers of controllers by their numbers, and reads 20 bits of one', () => {
    const maker = (hex: string) => deviceIdIn(bytes(`20 81 83 05 51 00 ${hex} 00 00`)).manufacturer;
    expect(maker('a2 02 00')).to.deep.equal({ id: 674, name: 'Dell' });
    expect(maker('7c 2a 00')).to.deep.equal({ id: 10876, name: 'Supermicro' });
    expect(maker('cf c2 f0')).to.deep.equal({ id: 49871, name: 'OpenBMC' });
    expect(maker('00 00 00')).to.equal(null);
    expect(maker('ff ff ff')).to.equal(null);
  });

  it('reads a controller that is updating, of an older specification, without the bytes that may be missing', () => {
    expect(deviceIdIn(bytes('20 81 83 05 51 00 00 00 00 00 00'))).to.include({
      state: 'updating',
      version: '3.05',
      auxiliary: null,
      ipmi_version: '1.5',
      product_id: null,
      has_own_sensor_records: true,
    });
  });

  it('makes something that fits of whatever is long enough, and nothing of what is too short', () => {
    const schema = firmware.omit({ device_guid: true, system_guid: true });
    fc.assert(
      fc.property(anything, (data) => {
        if (data.length < 11) expect(faultIn(() => deviceIdIn(data))).to.equal('controller-garbled');
        else expect(schema.safeParse(deviceIdIn(data)).success).to.equal(true);
      }),
    );
  });
});

describe('guidIn', () => {
  it('reads the bytes last to first, and tells them as they came', () => {
    expect(guidIn(bytes('f7 e6 d5 c4 b3 a2 11 9c 07 4e 5b 7d 52 1c 3a 0f'))).to.deep.equal({
      uuid: '0f3a1c52-7d5b-4e07-9c11-a2b3c4d5e6f7',
      bytes: 'f7e6d5c4b3a2119c074e5b7d521c3a0f',
    });
  });

  it('takes nothing but zeros, or ones, for none', () => {
    expect([guidIn(Buffer.alloc(16)), guidIn(Buffer.alloc(16, 0xff))]).to.deep.equal([null, null]);
  });

  it('makes something that fits of 16 bytes, and nothing of others', () => {
    const schema = firmware.shape.device_guid;
    fc.assert(
      fc.property(anything, (data) => {
        if (data.length !== 16) expect(faultIn(() => guidIn(data))).to.equal('controller-garbled');
        else expect(schema.safeParse(guidIn(data)).success).to.equal(true);
      }),
    );
  });
});

describe('selfTestIn', () => {
  it('reads each result, and what is wrong where it is told', () => {
    expect(selfTestIn(bytes('55 00'))).to.deep.equal({ result: 'passed', findings: [], code: '5500' });
    expect(selfTestIn(bytes('56 00')).result).to.equal('not-implemented');
    expect(selfTestIn(bytes('57 a1'))).to.deep.equal({
      result: 'corrupted',
      findings: ['firmware-corrupted', 'inventory-inaccessible', 'event-log-inaccessible'],
      code: '57a1',
    });
    expect(selfTestIn(bytes('58 ff'))).to.deep.equal({ result: 'fatal', findings: [], code: '58ff' });
    expect(selfTestIn(bytes('42 01'))).to.deep.equal({ result: 'vendor-specific', findings: [], code: '4201' });
  });

  it('makes something that fits of two bytes or more, and nothing of less', () => {
    fc.assert(
      fc.property(anything, (data) => {
        if (data.length < 2) expect(faultIn(() => selfTestIn(data))).to.equal('controller-garbled');
        else expect(selfTest.safeParse(selfTestIn(data)).success).to.equal(true);
      }),
    );
  });
});
