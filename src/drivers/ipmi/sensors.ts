import { observedNow } from '../../domain/observed.ts';
import type { Sensor, SensorDetail } from '../../domain/sensor.ts';
import type { CallOptions, Sensors } from '../../ports/controller.ts';
import { entityOf } from './entities.ts';
import { inBatches } from './batches.ts';
import type { Ipmi } from './link.ts';
import { sdrRepository } from './sdr-repository.ts';
import { listed, named, type Listed } from './sensor-list.ts';
import { factorsIn, type Factors } from './sensor-record.ts';
import { readingIn, unknown, type Reading } from './sensor-reading.ts';
import { sensorTypeOf } from './sensor-states.ts';
import { hasOwnFactors, rangeOf, spanOf, toleranceOf, valueOf } from './sensor-value.ts';
import { changeOf, limitsIn, readBack, setMessage, settableIn, thresholdsOf, type Limits } from './thresholds.ts';
import { done } from './message.ts';

/** Questions under way at a time: enough to fill a pipe, too few to drown a BMC. */
const atOnce = 8;

/** Commands of netfn Sensor/Event (IPMI 2.0 appendix G). */
const sensorEvent = 0x04;
const commands = { factors: 0x23, hysteresis: 0x25, thresholds: 0x27, reading: 0x2d } as const;

export const sensors = (ipmi: Ipmi): Sensors => {
  const repository = sdrRepository(ipmi);
  let last: { readonly records: readonly Buffer[]; readonly sensors: readonly Listed[] } | null = null;

  const all = async (call: CallOptions): Promise<readonly Listed[]> => {
    const records = await repository.records(call);
    if (last?.records !== records) last = { records, sensors: listed(records) };
    return last.sensors;
  };

  const readingOf = async (sensor: Listed, call: CallOptions): Promise<Reading> => {
    if (!sensor.isReachable) return unknown;
    const message = { netfn: sensorEvent, command: commands.reading, data: [sensor.number] };
    return readingIn(await ipmi.ask(message, call), sensor);
  };

  /** Of a reading; null where it has none of its own. */
  const ownFactors = async ({ number }: Listed, raw: number, call: CallOptions): Promise<Factors | null> => {
    const answer = await ipmi.ask({ netfn: sensorEvent, command: commands.factors, data: [number, raw] }, call);
    return answer.completion === 0 && answer.data.length >= 7 ? factorsIn(answer.data.subarray(1)) : null;
  };

  const measured = async (sensor: Listed, { raw }: Reading, call: CallOptions): Promise<number | null> => {
    const { scale } = sensor;
    if (scale === null || raw === null) return null;
    if (!hasOwnFactors(scale)) return valueOf(scale, raw);
    const factors = await ownFactors(sensor, raw, call);
    return factors === null ? null : valueOf(scale, raw, factors);
  };

  const limitsOf = async (sensor: Listed, call: CallOptions): Promise<Limits> => {
    const { thresholdAccess, number, isReachable, fixedThresholds } = sensor;
    if (thresholdAccess === 'fixed') return fixedThresholds;
    if (thresholdAccess === 'none' || !isReachable) return limitsIn(null, sensor);
    return limitsIn(await ipmi.ask({ netfn: sensorEvent, command: commands.thresholds, data: [number] }, call), sensor);
  };

  const read = async (sensor: Listed, call: CallOptions): Promise<Sensor> => {
    const [reading, limits] = await Promise.all([readingOf(sensor, call), limitsOf(sensor, call)]);
    const { id, name, type, entity, instance, isThreshold, unit } = sensor;
    return {
      id,
      name,
      type: sensorTypeOf(type),
      entity: entityOf(entity, instance),
      kind: isThreshold ? 'threshold' : 'discrete',
      value: await measured(sensor, reading, call),
      unit,
      state: reading.state,
      states: [...reading.states],
      thresholds: isThreshold ? thresholdsOf(sensor, limits) : null,
    };
  };

  const hysteresisOf = async (sensor: Listed, call: CallOptions): Promise<SensorDetail['hysteresis']> => {
    const { scale, hysteresisAccess, number, isReachable } = sensor;
    if (scale === null || hysteresisAccess === 'none' || !isReachable) return null;
    let raws = sensor.fixedHysteresis;
    if (hysteresisAccess !== 'fixed') {
      const message = { netfn: sensorEvent, command: commands.hysteresis, data: [number, 0xff] };
      const { completion, data } = await ipmi.ask(message, call);
      if (completion !== 0 || data.length < 2) return null;
      raws = [data.readUInt8(0), data.readUInt8(1)];
    }
    const [positive, negative] = [spanOf(scale, raws[0]), spanOf(scale, raws[1])];
    return positive === null || negative === null ? null : { positive, negative };
  };

  return {
    async list(call) {
      const found = await all(call);
      return observedNow(await inBatches(found, atOnce, read, call));
    },
    async get(ref, call) {
      const sensor = named(await all(call), ref);
      const { scale } = sensor;
      const [seen, hysteresis] = await Promise.all([read(sensor, call), hysteresisOf(sensor, call)]);
      return observedNow({
        ...seen,
        tolerance: scale === null ? null : toleranceOf(scale),
        hysteresis,
        range: scale === null || hasOwnFactors(scale) ? null : rangeOf(scale),
        settable: [...settableIn(sensor)],
      });
    },
    async setThresholds(ref, change, call) {
      const sensor = named(await all(call), ref);
      const raws = changeOf(sensor, await limitsOf(sensor, call), change);
      done(await ipmi.tell(setMessage(sensor.number, raws), call), 'Set Sensor Thresholds');
      return thresholdsOf(sensor, await readBack(sensor, raws, async () => limitsOf(sensor, call)));
    },
  };
};
