import { expect } from 'chai';
import fc from 'fast-check';
import { sdrRepository } from '../../../../src/drivers/ipmi/sdr-repository.ts';
import { packed, unpacked } from '../../../../src/drivers/ipmi/sdr-shelf.ts';
import type { Answer } from '../../../../src/drivers/ipmi/message.ts';
import { sensors } from '../../../../src/drivers/ipmi/sensors.ts';
import type { Device } from '../../../support/bmc/commands/command.ts';
import { deviceFor } from '../../../support/bmc/device.ts';
import { defaultOptions } from '../../../support/bmc/options.ts';
import { fullRecord } from '../../../support/bmc/sdr.ts';
import { within } from '../../../support/bmc/within.ts';
import { faultOf } from '../../../support/fault-of.ts';
import { shelf } from '../../../support/shelf.ts';

const call = { signal: new AbortController().signal };
const device = (): Device => deviceFor(defaultOptions);
const countOf = (asked: readonly string[], name: string): number => asked.filter((one) => one === name).length;

describe('the records of sensors', () => {
  it('are read whole, and once: whether they are still the same takes two questions', async () => {
    const [bmc, kept] = [device(), shelf()];
    const ipmi = within(bmc, { shelf: kept });
    const repository = sdrRepository(ipmi);
    expect(await repository.records(call)).to.deep.equal(bmc.sensors.records);
    expect(countOf(ipmi.asked(), 'get-sdr')).to.equal(bmc.sensors.records.length);
    expect(await repository.records(call)).to.deep.equal(bmc.sensors.records);
    expect(ipmi.asked()).to.deep.equal(['get-device-id', 'get-sdr-repository-info']);
    const next = within(bmc, { shelf: kept });
    expect(await sdrRepository(next).records(call)).to.deep.equal(bmc.sensors.records);
    expect(next.asked()).to.deep.equal(['get-device-id', 'get-sdr-repository-info']);
  });

  it('are read once by a connection without a shelf, too', async () => {
    const ipmi = within(device());
    const repository = sdrRepository(ipmi);
    const first = await repository.records(call);
    ipmi.asked();
    expect(await repository.records(call)).to.equal(first);
    expect(ipmi.asked()).to.deep.equal(['get-device-id', 'get-sdr-repository-info']);
  });

  it('are read anew when the repository has changed', async () => {
    const [bmc, kept] = [device(), shelf()];
    await sdrRepository(within(bmc, { shelf: kept })).records(call);
    bmc.sensors.records = [fullRecord(9, { number: 1, name: 'new' })];
    bmc.sensors.touch();
    expect(await sdrRepository(within(bmc, { shelf: kept })).records(call)).to.deep.equal(bmc.sensors.records);
    expect(kept.keys()).to.have.length(1);
  });

  it('are read anew for another firmware, and not for one that is starting', async () => {
    const bmc = device();
    const ipmi = within(bmc);
    const firmware = [0x20, 0x01, 0x02, 0x51, 0x02, 0x8f, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    const told = (revision: number): typeof ipmi => ({
      ...ipmi,
      ask: async (message, options) =>
        message.netfn === 0x06
          ? { completion: 0, data: Buffer.from(firmware.with(2, revision)) }
          : ipmi.ask(message, options),
    });
    const kept = shelf();
    const readings = async (revision: number): Promise<number> => {
      ipmi.asked();
      await sdrRepository({ ...told(revision), shelf: kept }).records(call);
      return countOf(ipmi.asked(), 'get-sdr');
    };
    const all = bmc.sensors.records.length;
    expect([await readings(2), await readings(2), await readings(0x82), await readings(3)]).to.deep.equal([
      all,
      0,
      0,
      all,
    ]);
  });

  it('are read in parts by a BMC that cannot return so much, whatever the size', async () => {
    const bmc = device();
    for (const mostBytes of [64, 63, 32, 31, 17, 16, 9, 5]) {
      bmc.sensors.mostBytes = mostBytes;
      expect(await sdrRepository(within(bmc)).records(call), String(mostBytes)).to.deep.equal(bmc.sensors.records);
    }
    bmc.sensors.mostBytes = 3;
    expect((await faultOf(sdrRepository(within(bmc)).records(call))).code).to.equal('controller-refused');
  });

  it('are whole though the reservation is cancelled in the middle of one', async () => {
    const bmc = device();
    bmc.sensors.mostBytes = 16;
    let parts = 0;
    const ipmi = within(bmc, {
      before(command) {
        if (command === 'get-sdr' && ++parts % 11 === 0 && parts < 60) bmc.sensors.reserve();
      },
    });
    expect(await sdrRepository(ipmi).records(call)).to.deep.equal(bmc.sensors.records);
    expect(countOf(ipmi.asked(), 'reserve-sdr-repository')).to.be.within(3, 6);
  });

  it('are never made of an old half and a new one', async () => {
    const bmc = device();
    bmc.sensors.mostBytes = 16;
    const [old, changed] = ['Old', 'Newer'].map((name) => fullRecord(1, { number: 1, name, type: name.length }));
    bmc.sensors.records = [old ?? expect.fail()];
    let parts = 0;
    const ipmi = within(bmc, {
      before(command) {
        if (command !== 'get-sdr' || ++parts !== 5) return;
        bmc.sensors.records = [changed ?? expect.fail()];
        bmc.sensors.reserve();
      },
    });
    expect(await sdrRepository(ipmi).records(call)).to.deep.equal([changed]);
  });

  it('are not asked for without end when every reservation is cancelled', async () => {
    const bmc = device();
    bmc.sensors.mostBytes = 16;
    const ipmi = within(bmc, { before: (command) => command === 'get-sdr' && bmc.sensors.reserve() });
    expect((await faultOf(sdrRepository(ipmi).records(call))).code).to.equal('controller-refused');
  });

  it('are read again when they change while they are read, and never mixed', async () => {
    const bmc = device();
    let changed = false;
    const ipmi = within(bmc, {
      before(command) {
        if (command !== 'get-sdr' || changed) return;
        changed = true;
        bmc.sensors.records = bmc.sensors.records.slice(0, 5);
        bmc.sensors.touch();
      },
    });
    expect(await sdrRepository(ipmi).records(call)).to.deep.equal(bmc.sensors.records);
    const restless = within(bmc, { before: (command) => command === 'get-sdr' && bmc.sensors.touch() });
    expect((await faultOf(sdrRepository(restless).records(call))).code).to.equal('controller-refused');
  });

  it('come from the device itself where it has no repository', async () => {
    const bmc = device();
    bmc.sensors.source = 'device';
    const ipmi = within(bmc);
    expect((await sensors(ipmi).list(call)).value).to.have.length(18);
    expect(countOf(ipmi.asked(), 'get-device-sdr')).to.equal(bmc.sensors.records.length);
  });

  it('are none where there are none', async () => {
    const bmc = device();
    bmc.sensors.records = [];
    expect((await sensors(within(bmc)).list(call)).value).to.deep.equal([]);
  });

  it('that run in a circle, lead nowhere or never end are refused within bounds', async () => {
    const bmc = device();
    const one = (id: number): Buffer => fullRecord(id, { number: 1, name: 'x' });
    bmc.sensors.records = [one(1), one(2), one(1)];
    expect((await faultOf(sdrRepository(within(bmc)).records(call))).detail).to.match(/circle/);
    bmc.sensors.records = Array.from({ length: 2100 }, (_, index) => one(index + 1));
    expect((await faultOf(sdrRepository(within(bmc)).records(call))).detail).to.match(/more sensor records/);
  });

  it('are read through a BMC that is busy for a moment', async () => {
    const bmc = device();
    const ipmi = within(bmc);
    let busy = 3;
    const slow = {
      ...ipmi,
      ask: async (...[message, options]: Parameters<typeof ipmi.ask>) =>
        message.command === 0x23 && busy-- > 0
          ? { completion: 0xc0, data: Buffer.alloc(0) }
          : ipmi.ask(message, options),
    };
    expect(await sdrRepository(slow).records(call)).to.deep.equal(bmc.sensors.records);
  });

  it('make nothing but records or the one fault of whatever bytes are answered', async () => {
    const answer = fc.record({
      completion: fc.constantFrom(0, 0, 0, 0, 0xc5, 0xca, 0xcb, 0xc1, 0xff),
      data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    });
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(answer), async (answers) => {
        const ipmi = { ...within(device()), ask: async () => answers.next().value as Answer };
        const found = await sdrRepository(ipmi)
          .records(call)
          .catch((fault: unknown) => fault);
        if (Array.isArray(found)) return;
        expect((found as { code: string }).code).to.be.oneOf([
          ...['controller-garbled', 'controller-refused', 'controller-unsupported'],
        ]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the shelf of records', () => {
  const kept = fc.record({
    identity: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    records: fc.array(fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes))),
  });

  it('gives back what was put there', () => {
    fc.assert(
      fc.property(kept, (entry) => {
        expect(unpacked(packed(entry))).to.deep.equal(entry);
      }),
    );
  });

  it('gives nothing of what is damaged at any place, or cut short', () => {
    fc.assert(
      fc.property(kept, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, place, change) => {
        const whole = packed(entry);
        const damaged = Buffer.from(whole);
        damaged.writeUInt8((damaged[place % whole.length] ?? 0) ^ change, place % whole.length);
        expect(unpacked(damaged)).to.equal(null);
        expect(unpacked(whole.subarray(0, place % whole.length))).to.equal(null);
      }),
    );
  });
});
