import { expect } from 'chai';
import { thresholdNames, type Sensor, type Thresholds } from '../../src/domain/sensor.ts';
import { faultOf } from '../support/fault-of.ts';
import { shelf } from '../support/shelf.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open } from './peer.ts';

/** Value and unit, state, states: what the peers' machine has to tell (deploy/demo/ipmi-sim-data.ts). */
type Told = readonly [value: number | null, unit: string | null, state: string, states: readonly string[]];
const expected: Readonly<Record<string, Told>> = {
  'inlet-temp': [23, '°C', 'ok', []],
  'cpu1-temp': [48, '°C', 'ok', []],
  'cpu2-temp': [97, '°C', 'critical', ['upper-non-critical', 'upper-critical']],
  'dimm-a1-temp': [86, '°C', 'warning', ['upper-non-critical']],
  fan1: [5400, 'RPM', 'ok', []],
  fan2: [420, 'RPM', 'critical', ['lower-non-critical', 'lower-critical']],
  fan3: [0, 'RPM', 'non-recoverable', ['lower-non-critical', 'lower-critical', 'lower-non-recoverable']],
  p12v: [12.096, 'V', 'ok', []],
  p3v3: [3.296, 'V', 'ok', []],
  vbat: [2.72, 'V', 'warning', ['lower-non-critical']],
  'psu1-power': [212, 'W', 'ok', []],
  'gpu-temp': [null, '°C', 'unavailable', []],
  'psu1-status': [null, null, 'ok', ['presence-detected']],
  'psu2-status': [null, null, 'critical', ['presence-detected', 'failure-detected']],
  intrusion: [null, null, 'warning', ['chassis-intrusion']],
  'drive-0': [null, null, 'critical', ['presence-detected', 'fault']],
  'acpi-power': [null, null, 'ok', ['s0-working']],
  sel: [null, null, 'ok', []],
};

const limits = (...values: readonly (number | null)[]): Thresholds =>
  Object.fromEntries(thresholdNames.map((name, index) => [name, values[index] ?? null])) as Thresholds;

/** What every driver tells of sensors. */
export const describeSensors = (open: Open, itShowing: ItShowing): void => {
  it('tells each sensor with value, unit, state and states', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { value } = await deviceOf(connection).sensors.list(call);
    const told = value.map(({ id, value: seen, unit, state, states }) => [id, [seen, unit, state, states]]);
    expect(Object.fromEntries(told)).to.deep.equal(expected);
    expect(value.map(({ id }) => id)).to.deep.equal(Object.keys(expected));
  });

  it('tells what each sensor is, and the thresholds of those that have some', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { value } = await deviceOf(connection).sensors.list(call);
    const one = (id: string): Sensor | undefined => value.find((sensor) => sensor.id === id);
    expect(one('fan2')).to.include({ name: 'FAN2', type: 'fan', entity: 'fan 2', kind: 'threshold' });
    expect(one('psu2-status')).to.include({ type: 'power-supply', entity: 'power-supply 2', kind: 'discrete' });
    expect(one('psu2-status')?.thresholds).to.equal(null);
    expect(one('p12v')?.thresholds).to.deep.equal(limits(10.584, 10.836, 11.025, 12.978, 13.167, 13.419));
    expect(one('cpu2-temp')?.thresholds).to.deep.equal(limits(null, null, null, 85, 95, 100));
  });

  it('tells one in detail, by its id and by its name', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { sensors } = deviceOf(connection);
    const { value } = await sensors.get('inlet-temp', call);
    expect(value).to.deep.include({
      name: 'Inlet Temp',
      value: 23,
      tolerance: 0,
      hysteresis: { positive: 2, negative: 2 },
      range: { least: 0, most: 255 },
      settable: thresholdNames.filter((name) => name !== 'lower_non_recoverable'),
    });
    expect((await sensors.get('INLET TEMP', call)).value.id).to.equal('inlet-temp');
    expect((await faultOf(sensors.get('nowhere', call))).code).to.equal('not-found');
  });

  it('sets thresholds to the nearest that the controller can keep, and tells what holds then', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { sensors } = deviceOf(connection);
    const before = limits(300, 480, 720, null, null, null);
    const after = limits(300, 600, 780, null, null, null);
    expect(await sensors.setThresholds('fan1', { lower_critical: 610, lower_non_critical: 770 }, call)).to.deep.equal(
      after,
    );
    expect((await sensors.get('fan1', call)).value.thresholds).to.deep.equal(after);
    const back = { lower_critical: 480, lower_non_critical: 720 };
    expect(await sensors.setThresholds('fan1', back, call)).to.deep.equal(before);
  });

  it('refuses thresholds that cannot be, names the one at fault, and leaves all as they were', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { sensors } = deviceOf(connection);
    for (const [id, change, detail] of [
      ['cpu1-temp', { upper_critical: 84 }, /^upper_critical: .* upper_non_critical, which is 85$/],
      ['cpu1-temp', { upper_non_critical: 95.6, upper_critical: 95 }, /^upper_critical: /],
      ['cpu1-temp', { upper_critical: 256 }, /^upper_critical: must be from 0 °C to 255 °C$/],
      ['cpu1-temp', { lower_critical: 5 }, /^lower_critical: can be set here: upper_non_critical, /],
      ['intrusion', { upper_critical: 5 }, /^upper_critical: none can be set on this sensor$/],
      ['inlet-temp', { lower_non_critical: 40 }, /^lower_non_critical: /],
    ] as const) {
      const before = (await sensors.get(id, call)).value.thresholds;
      expect(await faultOf(sensors.setThresholds(id, change, call)))
        .to.include({ code: 'invalid-input' })
        .and.to.have.property('detail')
        .that.matches(detail);
      expect((await sensors.get(id, call)).value.thresholds).to.deep.equal(before);
    }
  });

  it('keeps what it has read of sensors on the shelf, and is not misled by what is damaged there', async () => {
    await using peer = await open();
    const kept = shelf();
    for (const damage of [null, null, Buffer.alloc(0), Buffer.from('not it')]) {
      for (const key of damage === null ? [] : kept.keys()) await kept.put(key, damage ?? Buffer.alloc(0));
      await using connection = peer.connect({ shelf: kept });
      const { value } = await deviceOf(connection).sensors.list(call);
      expect(value.map(({ id }) => id)).to.deep.equal(Object.keys(expected));
      expect(kept.keys()).to.have.length(1);
    }
  });

  itShowing('faults', 'leaves open what holds when the answer to a change of thresholds is lost', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { sensors } = deviceOf(connection);
    peer.insight.inject('threshold-answer-lost');
    const fault = await faultOf(sensors.setThresholds('cpu1-temp', { upper_critical: 90 }, call));
    expect(fault.code).to.equal('outcome-unknown');
  });
};
