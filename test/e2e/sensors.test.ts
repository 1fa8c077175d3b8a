import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Sensor } from '../../src/domain/sensor.ts';
import { freshName, startIgor, testEnvironment, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

interface Listed {
  readonly sensors: readonly Sensor[];
  readonly observed_at: string;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}
interface Kept {
  readonly samples: readonly { readonly at: string; readonly value: number }[];
}

describe('sensors', () => {
  let igor: TestIgor;
  let carol: Client;
  let erin: Client;
  let machine: Simulated;
  before(async () => {
    igor = await startIgor(await testEnvironment({ IGOR_OBSERVE_SECONDS: '0' }));
    [carol, erin] = [await igor.as('carol'), await igor.as('erin')];
    machine = await simulated(igor);
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  const list = async (query = ''): Promise<Listed> =>
    (await carol.get(`/v1/machines/${machine.id}/sensors${query}`).expect(200)).body as Listed;
  const idsOf = ({ sensors }: Listed): readonly string[] => sensors.map(({ id }) => id);

  it('are listed to a reader, as they are now', async () => {
    const first = await list();
    expect(first.sensors).to.have.length(18);
    expect(first.sensors.find(({ id }) => id === 'cpu1-temp')).to.include({ value: 48, unit: '°C', state: 'ok' });
    Object.assign(machine.bmc.sensors.seen.get(2) ?? {}, { raw: 101 });
    const second = await list();
    expect(second.sensors.find(({ id }) => id === 'cpu1-temp')).to.include({ value: 101, state: 'non-recoverable' });
    Object.assign(machine.bmc.sensors.seen.get(2) ?? {}, { raw: 48 });
    expect(Date.parse(second.observed_at)).to.be.within(Date.parse(first.observed_at), Date.now());
  });

  it('are filtered by what they are and how they are', async () => {
    expect(idsOf(await list('?state=critical'))).to.deep.equal(['cpu2-temp', 'fan2', 'psu2-status', 'drive-0']);
    expect(idsOf(await list('?state=in:warning,non-recoverable&type=neq:battery'))).to.deep.equal([
      ...['dimm-a1-temp', 'fan3', 'vbat', 'intrusion'],
    ]);
    expect(idsOf(await list('?type=fan&name=FAN3'))).to.deep.equal(['fan3']);
    expect(idsOf(await list('?entity=processor%202'))).to.deep.equal(['cpu2-temp']);
    expect((await list('?kind=discrete&fields=id,state')).sensors[0]).to.deep.equal({ id: 'psu1-status', state: 'ok' });
    await carol.get(`/v1/machines/${machine.id}/sensors?state=fine`).expect(400);
  });

  it('come in pages that lead on, filtered or not', async () => {
    for (const query of ['', '&kind=threshold']) {
      const whole = idsOf(await list(`?limit=1000${query}`));
      const seen: string[] = [];
      for (let next = `?limit=5${query}`; next !== '';) {
        const page = await list(next);
        seen.push(...idsOf(page));
        next = new URL(page.links.find(({ rel }) => rel === 'next')?.href ?? 'http://none').search;
      }
      expect(seen).to.deep.equal(whole);
    }
    await carol.get(`/v1/machines/${machine.id}/sensors?marker=nowhere`).expect(400);
  });

  it('are shown one at a time, and are told apart from what is not there', async () => {
    const { body } = await carol.get(`/v1/machines/${machine.id}/sensors/fan1`).expect(200);
    expect((body as { sensor: object }).sensor).to.deep.include({
      id: 'fan1',
      value: 5400,
      unit: 'RPM',
      hysteresis: { positive: 120, negative: 120 },
      settable: ['lower_non_recoverable', 'lower_critical', 'lower_non_critical'],
    });
    await carol.get(`/v1/machines/${machine.id}/sensors/DIMM%20A1%20Temp`).expect(200);
    await carol.get(`/v1/machines/${machine.id}/sensors/fan9`).expect(404);
  });

  it('take thresholds of a manager, and say what was set', async () => {
    const path = `/v1/machines/${machine.id}/sensors/fan1/thresholds`;
    const { body } = await erin.put(path, { lower_critical: 500, lower_non_critical: 700 }).expect(200);
    expect((body as { thresholds: object }).thresholds).to.deep.include({
      lower_critical: 480,
      lower_non_critical: 720,
    });
    expect(machine.bmc.sensors.seen.get(5)?.limits).to.deep.equal([12, 8, 5, null, null, null]);
    await carol.put(path, { lower_critical: 500 }).expect(403);
  });

  it('refuse thresholds that cannot be, with the field at fault', async () => {
    const path = `/v1/machines/${machine.id}/sensors/fan1/thresholds`;
    const before = machine.bmc.count('set-sensor-thresholds');
    for (const [change, field] of [
      [{ upper_critical: 500 }, 'upper_critical'],
      [{ lower_critical: -60 }, 'lower_critical'],
      [{ lower_critical: 1e308 }, 'lower_critical'],
      [{ lower_critical: '500' }, 'lower_critical'],
      [{ lower_critical: null }, 'lower_critical'],
      [{ lower_non_recoverable: 900 }, 'lower_non_recoverable'],
      [{ lower: 500 }, 'lower'],
      [{}, 'body'],
    ] as const) {
      const { body } = await erin.put(path, change).expect(400);
      expect((body as { detail: string }).detail).to.contain(field);
    }
    expect(machine.bmc.count('set-sensor-thresholds')).to.equal(before);
  });

  it('take no thresholds of a manager on a controller that another project has a machine on', async () => {
    const alice = await igor.as('alice');
    const shared = await simulated(igor);
    const path = `/v1/machines/${shared.id}/sensors/fan1/thresholds`;
    await erin.put(path, { lower_critical: 500 }).expect(200);
    const { seed } = await keystone();
    await alice
      .post('/v1/machines', {
        machine: {
          name: freshName('blade'),
          project_id: seed.projects['beta'],
          bindings: [{ controller_id: shared.controllerId, roles: ['sensors'] }],
        },
      })
      .expect(201);
    await erin.put(path, { lower_critical: 500 }).expect(403);
    await alice.put(path, { lower_critical: 500 }).expect(200);
  });

  it('are kept as they are read, once in ten seconds, and can be looked back upon', async () => {
    const { id } = await simulated(igor);
    const since = new Date(Date.now() - 1000).toISOString();
    await carol.get(`/v1/machines/${id}/sensors`).expect(200);
    await carol.get(`/v1/machines/${id}/sensors?type=fan`).expect(200);
    const kept = async (query = ''): Promise<Kept['samples']> =>
      ((await carol.get(`/v1/machines/${id}/sensors/cpu1-temp/samples${query}`).expect(200)).body as Kept).samples;
    expect((await kept()).map(({ value }) => value)).to.deep.equal([48]);
    expect(await kept(`?since=${since}`)).to.have.length(1);
    expect(await kept(`?until=${since}`)).to.have.length(0);
    await carol.get(`/v1/machines/${id}/sensors/cpu1-temp/samples?since=yesterday`).expect(400);
  });
});

describe('the sampler', () => {
  it('reads and keeps the sensors of each machine, though nobody asks', async () => {
    const igor = await startIgor(await testEnvironment({ IGOR_SAMPLE_SECONDS: '10', IGOR_OBSERVE_SECONDS: '0' }));
    try {
      const carol = await igor.as('carol');
      const machines = [await simulated(igor), await simulated(igor)];
      const kept = async (id: string): Promise<number> => {
        const { body } = await carol.get(`/v1/machines/${id}/sensors/fan1/samples`).expect(200);
        return (body as Kept).samples.length;
      };
      for (let tries = 0; tries < 250; tries += 1) {
        if ((await Promise.all(machines.map(async ({ id }) => kept(id)))).every((count) => count >= 1)) break;
        await sleep(100);
      }
      for (const { id } of machines) expect(await kept(id)).to.equal(1);
    } finally {
      await igor.stop();
      await stopSimulated();
    }
  });
});
