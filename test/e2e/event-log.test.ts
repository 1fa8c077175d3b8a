import { expect } from 'chai';
import type { LogEntry } from '../../src/domain/event-log.ts';
import { startIgor, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

interface Page {
  readonly entries: readonly LogEntry[];
  readonly links: readonly { readonly rel: string; readonly href: string }[];
  readonly count?: number;
}

describe('the event log of a machine', () => {
  let igor: TestIgor;
  let machine: Simulated;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  const base = 1_795_000_000;
  beforeEach(async () => {
    machine = await simulated(igor);
    const { log } = machine.bmc;
    log.setSeconds(base + 1000);
    log.event([0x12, 0x83, 0x6f, 0xc5, 0x80, 0xff], 60);
    log.event([0x01, 0x03, 0x01, 0x59, 0x61, 0x5f], base);
    log.event([0x0c, 0x04, 0x6f, 0x00, 0xff, 0x03], base + 100);
    log.event([0x08, 0x15, 0x6f, 0x01, 0xff, 0xff], base + 200);
    log.add([0xe1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });
  const path = (rest = ''): string => `/v1/machines/${machine.name}/logs/sel${rest}`;
  const list = async (query = ''): Promise<Page> => {
    const { body } = await (await igor.as('carol')).get(path(`/entries${query}`)).expect(200);
    return body as Page;
  };
  const ids = async (query: string): Promise<string> => (await list(query)).entries.map(({ id }) => id).join(' ');

  it('is listed among the logs, and tells how full it is, what it can, and how its clock goes', async () => {
    const carol = await igor.as('carol');
    const { body } = await carol.get(`/v1/machines/${machine.name}/logs`).expect(200);
    expect((body as { logs: { id: string }[] }).logs.map(({ id }) => id)).to.deep.equal(['sel']);
    const answer = await carol.get(path()).expect(200);
    expect(answer.body).to.deep.include({
      id: 'sel',
      entries: 5,
      overflow: false,
      last_erased_at: null,
      version: '1.5',
      supports: ['allocation-info', 'reserve', 'delete'],
    });
    expect(answer.headers['etag']).to.equal(`"${String((answer.body as { revision: number }).revision)}"`);
    await carol.get(`/v1/machines/${machine.name}/logs/iml`).expect(400);
  });

  it('has another ETag once something has come, and no other while nothing has', async () => {
    const carol = await igor.as('carol');
    const etag = async (): Promise<string | undefined> => (await carol.get(path()).expect(200)).headers['etag'];
    const before = await etag();
    expect(await etag()).to.equal(before);
    machine.bmc.log.event([0x08, 0x15, 0xef, 0x01, 0xff, 0xff]);
    expect(await etag()).not.to.equal(before);
  });

  it('tells its entries in plain language, newest first, and what makers alone understand as it is', async () => {
    const { entries } = await list();
    expect(entries.map(({ severity, summary }) => `${severity}: ${summary}`)).to.deep.equal([
      "info: Log: record E1h of the maker's own: 0102030405060708090a0b0c0d",
      'critical: PSU2 Status: the power supply failed',
      'warning: Memory sensor 04h: a memory error was corrected (ECC)',
      'critical: CPU2 Temp rose above its critical limit: 97 over 95 °C',
      'info: System sensor 83h: the clock was set (the time here is the new one)',
    ]);
    expect(entries[1]).to.include({ id: '0004', at: new Date((base + 200) * 1000).toISOString() });
    expect(entries[4]).to.include({ at: null, since_boot_seconds: 60 });
    expect(await ids('?sort=at:asc')).to.equal('0001 0002 0003 0004 0005');
  });

  it('is filtered by time, sensor and severity; what has no time is left out only when it is known to be outside', async () => {
    const at = (seconds: number): string => new Date((base + seconds) * 1000).toISOString();
    expect(await ids(`?since=${at(100)}`)).to.equal('0005 0004 0003');
    expect(await ids(`?until=${at(100)}`)).to.equal('0003 0002 0001');
    expect(await ids(`?since=${at(50)}&until=${at(150)}`)).to.equal('0003');
    expect(await ids(`?since=${at(250)}`)).to.equal('0005');
    expect(await ids(`?until=${at(-50)}`)).to.equal('0001');
    expect(await ids('?severity=critical')).to.equal('0004 0002');
    expect(await ids('?severity=in:critical,warning')).to.equal('0004 0003 0002');
    expect(await ids('?severity=neq:info&sensor=0x04')).to.equal('0003');
    expect(await ids('?sensor=psu2%20status')).to.equal('0004');
    expect(await ids('?sensor=nosuch')).to.equal('');
    const carol = await igor.as('carol');
    for (const query of ['?since=yesterday', '?severity=bad', '?severity=gt:info', '?sensor=', '?marker=9999', '?x=1'])
      await carol.get(path(`/entries${query}`)).expect(400);
  });

  it('is paged without a gap or a repeat, with the filter going along', async () => {
    const seen: string[] = [];
    let next: string | undefined = '?limit=2&severity=neq:warning&with_count=true';
    while (next !== undefined) {
      const page: Page = await list(next);
      expect(page.count).to.equal(4);
      seen.push(...page.entries.map(({ id }) => id));
      next = page.links.find(({ rel }) => rel === 'next')?.href.split('/entries')[1];
    }
    expect(seen).to.deep.equal(['0005', '0004', '0002', '0001']);
  });

  it('shows one entry, and lets a manager delete it, which tells what it was', async () => {
    const carol = await igor.as('carol');
    const shown = await carol.get(path('/entries/4')).expect(200);
    expect((shown.body as { entry: LogEntry }).entry).to.include({ id: '0004', event: 'the power supply failed' });
    await carol.delete(path('/entries/4')).expect(403);
    const erin = await igor.as('erin');
    const gone = await erin.delete(path('/entries/4')).expect(200);
    expect((gone.body as { entry: LogEntry }).entry).to.include({ id: '0004', event: 'the power supply failed' });
    await erin.delete(path('/entries/4')).expect(404);
    expect(await ids('')).to.equal('0005 0003 0002 0001');
    for (const odd of ['zz', '12345', '-1', '0x1']) await carol.get(path(`/entries/${odd}`)).expect(400);
  });

  it('has a clock that a manager sets, to now or to a time', async () => {
    const erin = await igor.as('erin');
    const { body } = await erin.get(path('/clock')).expect(200);
    expect((body as { drift_seconds: number }).drift_seconds).not.to.be.within(-5, 5);
    await (await igor.as('bob')).put(path('/clock'), { time: 'now' }).expect(403);
    await erin.put(path('/clock'), { time: 'now' }).expect(200);
    const after = (await erin.get(path('/clock')).expect(200)).body as { drift_seconds: number };
    expect(after.drift_seconds).to.be.within(-2, 2);
    await erin.put(path('/clock'), { time: '2026-11-20T10:00:00+01:00', utc_offset_minutes: 60 }).expect(200);
    expect(machine.bmc.log.seconds).to.be.within(1_795_168_800, 1_795_168_810);
    for (const time of ['1970-01-01', 'soon', '', '9999-01-01T00:00:00Z'])
      await erin.put(path('/clock'), { time }).expect(400);
  });

  describe('when it is cleared', () => {
    interface Archived {
      readonly archive: { readonly id: string; readonly outcome: string; readonly entries: number };
      readonly entries: readonly LogEntry[];
    }
    const etag = async (): Promise<string> => {
      const { headers } = await (await igor.as('erin')).get(path()).expect(200);
      return headers['etag'] ?? '';
    };
    const archives = async (): Promise<readonly Archived['archive'][]> => {
      const { body } = await (await igor.as('carol')).get(path('/archives')).expect(200);
      return (body as { archives: Archived['archive'][] }).archives;
    };

    it('is in an archive before, every entry of it, and empty after', async () => {
      const before = (await list()).entries;
      const erin = await igor.as('erin');
      const { body } = await erin
        .delete(path('/entries'))
        .set('If-Match', await etag())
        .expect(200);
      const { archive } = body as Archived;
      expect(archive).to.include({ log: 'sel', outcome: 'cleared', entries: 5 });
      expect((await list()).entries).to.deep.equal([]);
      const kept = (await erin.get(path(`/archives/${archive.id}`)).expect(200)).body as Archived;
      expect(kept.entries).to.deep.equal(before);
      expect(await archives()).to.deep.equal([archive]);
      const page = (await erin.get(path(`/archives/${archive.id}?limit=2`)).expect(200)).body as Page;
      const next = page.links.find(({ rel }) => rel === 'next')?.href.split('/logs/sel')[1] ?? '';
      const rest = (await erin.get(path(next)).expect(200)).body as Page;
      expect([...page.entries, ...rest.entries]).to.deep.equal(before.slice(0, 4));
      await erin.get(path('/archives/nosuch')).expect(404);
    });

    it('has to be named by its ETag: without it, or by a star, nothing is cleared', async () => {
      const erin = await igor.as('erin');
      for (const headers of [{}, { 'If-Match': '*' }]) {
        const { body } = await erin.delete(path('/entries')).set(headers).expect(428);
        expect((body as { errors: { code: string }[] }).errors[0]?.code).to.equal('out-of-band.precondition-required');
      }
      await erin.delete(path('/entries')).set('If-Match', '"nonsense"').expect(412);
      await (
        await igor.as('bob')
      )
        .delete(path('/entries'))
        .set('If-Match', await etag())
        .expect(403);
      expect(machine.bmc.log.records).to.have.length(5);
      expect(machine.bmc.count('clear-sel')).to.equal(0);
    });

    it('is not, when something was added since it was looked at, and no archive is left of it', async () => {
      const erin = await igor.as('erin');
      const seen = await etag();
      machine.bmc.log.event([0x08, 0x15, 0xef, 0x01, 0xff, 0xff]);
      await erin.delete(path('/entries')).set('If-Match', seen).expect(412);
      const again = await etag();
      // Comes between the archive and the erasure.
      let reads = 0;
      machine.bmc.log.beforeRead = (id) => {
        if (id === 0xffff && (reads += 1) === 1) machine.bmc.log.event([0x08, 0x15, 0x6f, 0x01, 0xff, 0xff]);
      };
      await erin.delete(path('/entries')).set('If-Match', again).expect(412);
      expect(machine.bmc.log.records).to.have.length(7);
      expect(await archives()).to.deep.equal([]);
    });

    it('keeps the archive when the answer is lost, and names it', async () => {
      const erin = await igor.as('erin');
      const seen = await etag();
      machine.bmc.inject({ kind: 'drop-replies', to: 'clear-sel' });
      const { body } = await erin.delete(path('/entries')).set('If-Match', seen).expect(504);
      machine.bmc.heal();
      const [error] = (body as { errors: { code: string; detail: string }[] }).errors;
      const [archive] = await archives();
      expect(error?.code).to.equal('out-of-band.outcome-unknown');
      expect(error?.detail).to.contain(archive?.id);
      expect(archive).to.include({ outcome: 'unknown', entries: 5 });
    });
  });
});
