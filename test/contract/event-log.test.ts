import { expect } from 'chai';
import type { Connection, Shelf } from '../../src/ports/controller.ts';
import type { BmcSimulator } from '../support/bmc/simulator.ts';
import { faultOf } from '../support/fault-of.ts';
import { ipmiSim, simulator } from './ipmi-peers.ts';
import { call, deviceOf } from './peer.ts';

const eventLogOf = (connection: Connection) => deviceOf(connection).eventLog;

for (const [name, open] of [
  ['ipmi_sim', ipmiSim.open],
  ['our own BMC', simulator.open],
] as const) {
  describe(`the event log of ${name}`, () => {
    it('has a clock that can be set, and then tells how far it is from ours', async () => {
      await using peer = await open();
      await using connection = peer.connect();
      const log = eventLogOf(connection);
      const time = new Date(Math.floor(Date.now() / 1000) * 1000 - 3_600_000);
      await log.setClock({ time }, call);
      expect((await log.clock(call)).value.drift_seconds).to.be.within(-3601, -3597);
      await log.setClock({ time: new Date() }, call);
      expect((await log.clock(call)).value.drift_seconds).to.be.within(-2, 2);
    });

    it('is cleared when it is what was kept, and is empty then', async () => {
      await using peer = await open();
      await using connection = peer.connect();
      const log = eventLogOf(connection);
      const before = (await log.read(call)).value;
      expect((await log.state(call)).value.mark).to.equal(before.mark);
      let kept = null;
      await log.clear(async (content) => void (kept = content), call);
      expect(kept).to.deep.equal(before);
      expect((await log.read(call)).value.entries).to.deep.equal([]);
      expect((await log.state(call)).value).to.include({ entries: 0, overflow: false });
    });

    it('has no entry that is not there', async () => {
      await using peer = await open();
      await using connection = peer.connect();
      const log = eventLogOf(connection);
      for (const id of ['0999', '0000', 'ffff']) {
        expect((await faultOf(log.entry(id, call))).code).to.equal('not-found');
        expect((await faultOf(log.remove(id, call))).code).to.equal('not-found');
      }
    });
  });
}

describe('the event log of our own BMC', () => {
  const failed = [0x08, 0x15, 0x6f, 0x01, 0xff, 0xff] as const;
  const add = (bmc: BmcSimulator, count: number): void => {
    for (let one = 0; one < count; one++) bmc.log.event([0x0c, one & 0xff, 0x6f, 0x00, 0xff, 0xff]);
  };
  const idsOf = (entries: readonly { readonly id: string }[]): readonly string[] => entries.map(({ id }) => id);
  const idsIn = (bmc: BmcSimulator): readonly string[] =>
    bmc.log.records.map((record) => record.readUInt16LE(0).toString(16).padStart(4, '0'));

  it('is read whole once, and after that as far as it is new', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    add(bmc, 5);
    expect(idsOf((await log.read(call)).value.entries)).to.deep.equal(['0001', '0002', '0003', '0004', '0005']);
    const read = async (): Promise<number> => {
      const before = bmc.count('get-sel-entry');
      const { entries } = (await log.read(call)).value;
      expect(idsOf(entries)).to.deep.equal(idsIn(bmc));
      return bmc.count('get-sel-entry') - before;
    };
    expect(await read()).to.equal(1);
    add(bmc, 2);
    expect(await read()).to.equal(3);
    bmc.log.remove(2);
    expect(await read()).to.equal(6);
    bmc.log.clear();
    expect(await read()).to.equal(0);
    add(bmc, 2);
    expect(await read()).to.equal(2);
  });

  it('keeps what was read on the shelf for the next connection, and a call that ends early keeps its part', async () => {
    const kept = new Map<string, Buffer>();
    const shelf: Shelf = {
      get: async (key) => kept.get(key) ?? null,
      put: async (key, value) => void kept.set(key, value),
    };
    await using peer = await simulator.open();
    const { bmc } = peer;
    add(bmc, 12);
    await using first = peer.connect({ shelf });
    const early = new AbortController();
    bmc.log.beforeRead = (id) => {
      if (id === 6) early.abort();
    };
    await faultOf(eventLogOf(first).read({ signal: early.signal }));
    await first[Symbol.asyncDispose]();
    await using second = peer.connect({ shelf });
    const before = bmc.count('get-sel-entry');
    expect((await eventLogOf(second).read(call)).value.entries).to.have.length(12);
    expect(bmc.count('get-sel-entry') - before).to.be.lessThan(11);
    await using third = peer.connect({ shelf });
    const then = bmc.count('get-sel-entry');
    expect((await eventLogOf(third).read(call)).value.entries).to.have.length(12);
    expect(bmc.count('get-sel-entry') - then).to.equal(1);
  });

  it('names the sensors that the BMC describes, and is told without names when that cannot be read', async () => {
    await using peer = await simulator.open();
    const { bmc } = peer;
    bmc.log.event([0x01, 0x03, 0x01, 0x59, 0x61, 0x5f]);
    bmc.log.event([0x0c, 0x03, 0x6f, 0x01, 0xff, 0xff]);
    const told = async (): Promise<readonly string[]> => {
      await using connection = peer.connect();
      return (await eventLogOf(connection).read(call)).value.entries.map(({ summary }) => summary);
    };
    const ecc = 'Memory sensor 03h: a memory error could not be corrected (ECC)';
    expect(await told()).to.deep.equal(['CPU2 Temp rose above its critical limit: 97 over 95 °C', ecc]);
    const nameless = ['Temperature sensor 03h rose above its critical limit: raw 61h over raw 5Fh', ecc];
    bmc.inject({ kind: 'completion-code', to: 'get-sdr-repository-info', code: 0xc1 });
    expect(await told()).to.deep.equal(nameless);
    bmc.heal();
    bmc.inject({ kind: 'wrong-data', to: 'get-sdr', data: Buffer.alloc(3) });
    expect(await told()).to.deep.equal(nameless);
  });

  it('is taken from no shelf that does not fit it, or holds rubbish', async () => {
    await using peer = await simulator.open();
    add(peer.bmc, 2);
    for (const value of [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(4 + 17), Buffer.alloc(4 + 32, 0xff)]) {
      const shelf: Shelf = { get: async () => value, put: async () => undefined };
      await using connection = peer.connect({ shelf });
      expect(idsOf((await eventLogOf(connection).read(call)).value.entries)).to.deep.equal(['0001', '0002']);
    }
    const broken: Shelf = {
      get: async () => Promise.reject(new Error('gone')),
      put: async () => Promise.reject(new Error('gone')),
    };
    await using connection = peer.connect({ shelf: broken });
    expect((await eventLogOf(connection).read(call)).value.entries).to.have.length(2);
  });

  it('is read with what comes while it is read, and anew when it is cleared meanwhile', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    add(bmc, 4);
    bmc.log.beforeRead = (id) => {
      if (id !== 3) return;
      bmc.log.beforeRead = () => undefined;
      bmc.log.event([...failed]);
    };
    expect(idsOf((await log.read(call)).value.entries)).to.deep.equal(['0001', '0002', '0003', '0004', '0005']);
    bmc.log.setSeconds(bmc.log.seconds + 10);
    bmc.log.beforeRead = (id) => {
      if (id !== 5) return;
      bmc.log.beforeRead = () => undefined;
      bmc.log.clear();
      bmc.log.event([...failed]);
    };
    const { entries } = (await log.read(call)).value;
    expect(entries.map(({ event }) => event)).to.deep.equal(['the power supply failed']);
  });

  it('has nothing of what was in it before a clear that its times do not tell of', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    const refill = (kind: number, count: number): void => {
      bmc.log.setSeconds(1_795_168_800);
      bmc.log.clear();
      for (let one = 0; one < count; one++) bmc.log.event([0x08, one, 0x6f, kind, 0xff, 0xff], 1_795_168_800);
    };
    refill(1, 2);
    await log.read(call);
    refill(2, 3);
    const { entries } = (await log.read(call)).value;
    expect(entries.map(({ event }) => event)).to.deep.equal(Array(3).fill('the power supply is likely to fail'));
  });

  it('is not waited for when it never stands still', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const { bmc } = peer;
    add(bmc, 3);
    let seconds = bmc.log.seconds;
    bmc.log.beforeRead = (id) => {
      if (id !== 2) return;
      bmc.log.clear();
      bmc.log.setSeconds((seconds += 5));
      add(bmc, 3);
    };
    const fault = await faultOf(eventLogOf(connection).read(call));
    expect(fault).to.include({ code: 'controller-busy', retryAfter: 2 });
  });

  it('is read of a BMC that drops its oldest entries', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    Object.assign(bmc.log.nature, { capacity: 4, isCircular: true });
    for (let round = 0; round < 4; round++) {
      add(bmc, 3);
      expect(idsOf((await log.read(call)).value.entries)).to.deep.equal(idsIn(bmc));
    }
  });

  it('is read in pieces where a record does not fit into one message', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    bmc.log.event([...failed]);
    bmc.log.nature.mostBytes = 8;
    let lost = 0;
    bmc.log.beforeRead = () => {
      if ((lost += 1) === 3) bmc.log.reserve();
    };
    const whole = bmc.log.records[0]?.toString('hex');
    expect((await log.entry('1', call)).value.raw).to.equal(whole);
    expect((await log.entry('0001', call)).value.raw).to.equal(whole);
  });

  it('has a clock that knows its offset from UTC, or does not know, or jumps', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    await log.setClock({ time: new Date(), offset: 120 }, call);
    expect(bmc.log.seconds - Date.now() / 1000).to.be.within(7198, 7202);
    expect((await log.clock(call)).value.drift_seconds).to.be.within(-2, 2);
    const id = bmc.log.event([...failed]);
    const { at } = (await log.entry(String(id), call)).value;
    expect(Date.now() - Date.parse(at ?? '')).to.be.within(-2000, 5000);
    await log.setClock({ time: new Date(), offset: null }, call);
    expect((await log.clock(call)).value).to.include({ utc_offset_minutes: null });
    bmc.log.nature.hasOffset = false;
    expect((await log.clock(call)).value.drift_seconds).to.be.within(-2, 2);
    expect((await faultOf(log.setClock({ time: new Date(), offset: 60 }, call))).code).to.equal(
      'controller-unsupported',
    );
    bmc.log.setSeconds(12);
    expect((await log.clock(call)).value).to.include({ time: null, drift_seconds: null });
    bmc.log.event([...failed]);
    const later = (await log.read(call)).value.entries.at(-1);
    expect(later).to.include({ at: null });
    expect(later?.since_boot_seconds).to.be.within(12, 20);
  });

  it('loses the one entry that is deleted, and tells what it was; none when its number means another', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    add(bmc, 2);
    bmc.log.event([...failed]);
    expect((await log.remove('3', call)).event).to.equal('the power supply failed');
    expect(idsIn(bmc)).to.deep.equal(['0001', '0002']);
    let reads = 0;
    bmc.log.beforeRead = () => {
      if ((reads += 1) !== 2) return;
      bmc.log.clear();
      bmc.log.event([...failed]);
    };
    expect((await faultOf(log.remove('1', call))).code).to.equal('precondition-failed');
    expect(bmc.log.records).to.have.length(1);
  });

  it('is cleared of nothing that was not kept: neither when it comes before the reservation, nor after', async () => {
    for (const when of ['before', 'after'] as const) {
      await using peer = await simulator.open();
      await using connection = peer.connect();
      const [log, bmc] = [eventLogOf(connection), peer.bmc];
      add(bmc, 2);
      const keep = async (): Promise<void> => {
        if (when === 'before') bmc.log.event([...failed]);
        else
          bmc.log.beforeRead = () => {
            // The last look before the erasure: what it sees is still as it was.
            bmc.log.beforeRead = () => undefined;
            queueMicrotask(() => bmc.log.event([...failed]));
          };
      };
      expect((await faultOf(log.clear(keep, call))).code, when).to.equal('precondition-failed');
      expect(bmc.log.records, when).to.have.length(3);
    }
  });

  it('is cleared of nothing when it could not be kept', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    add(peer.bmc, 2);
    const keep = async (): Promise<void> => Promise.reject(new Error('no room'));
    await eventLogOf(connection)
      .clear(keep, call)
      .then(
        () => expect.fail('it was cleared'),
        (error: unknown) => expect(error).to.have.property('message', 'no room'),
      );
    expect(peer.bmc.log.records).to.have.length(2);
    expect(peer.bmc.count('clear-sel')).to.equal(0);
  });

  it('is cleared though the BMC takes its time, or has no reservations', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    bmc.log.nature.erasureMs = 700;
    add(bmc, 2);
    await log.clear(async () => undefined, call);
    expect(bmc.log.isErasing).to.equal(false);
    bmc.log.nature.reserves = false;
    add(bmc, 2);
    await log.clear(async () => undefined, call);
    expect(bmc.log.records).to.have.length(0);
  });

  it('is waited for while it is being erased', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    bmc.log.nature.erasureMs = 400;
    bmc.log.clear();
    expect((await log.read(call)).value.entries).to.deep.equal([]);
  });

  it('is told to be perhaps cleared when the answer is lost, and told to do so once', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    add(bmc, 2);
    bmc.inject({ kind: 'drop-replies', to: 'clear-sel' });
    expect((await faultOf(log.clear(async () => undefined, call))).code).to.equal('outcome-unknown');
    expect(bmc.executed().filter(({ command }) => command === 'clear-sel')).to.have.length(1);
    expect(bmc.log.records).to.have.length(0);
  });

  it('is refused when its entries go round in circles, or are not those that were asked for', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const [log, bmc] = [eventLogOf(connection), peer.bmc];
    add(bmc, 3);
    const record = bmc.log.records[0] ?? Buffer.alloc(16);
    for (const next of [1, 2]) {
      bmc.inject({ kind: 'wrong-data', to: 'get-sel-entry', data: Buffer.concat([Buffer.from([next, 0]), record]) });
      expect((await faultOf(log.read(call))).code).to.equal('controller-garbled');
      bmc.heal();
    }
  });
});
