import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { forThresholds, sensorRef, thresholdNames, thresholds } from '../domain/sensor.ts';
import type { ThresholdChange } from '../domain/sensor.ts';
import type { Caller } from '../domain/caller.ts';
import type { Machine } from '../domain/machine.ts';
import type { Controllers } from '../ports/services.ts';

/** No unit of any sensor reaches as far. */
const farthest = 1e12;

/**
 * What is not named stays. A BMC keeps a threshold as one byte, so what holds then may differ a little. Who sets one on a
 * controller that serves other projects too sets it for them as well, which takes what a change of the controller takes.
 */
export const sensorThresholdSet = operation({
  on: 'machine',
  name: 'sensor-threshold.set',
  summary: 'Set thresholds of a sensor of a machine',
  method: 'put',
  path: '/machines/{machine}/sensors/{sensor}/thresholds',
  permission: 'oob:sensor-threshold:set',
  effect: 'change',
  needs: ['sensors'],
  uses: ['controllers'],
  input: z.strictObject({
    sensor: sensorRef,
    ...forThresholds(() => z.number().min(-farthest).max(farthest).optional().describe("In the sensor's unit")),
  }),
  output: z.object({ thresholds, operation_id: z.uuid() }),

  async run({ id, machine, caller, input: { sensor, ...change }, controllers, demand, device, signal }) {
    const wanted: ThresholdChange = Object.fromEntries(
      thresholdNames.flatMap((name) => (change[name] === undefined ? [] : [[name, change[name]]])),
    );
    if (Object.keys(wanted).length === 0)
      throw new Fault('invalid-input', `body: names no threshold; there are ${thresholdNames.join(', ')}`);
    if (!(await isItsOwn(machine, caller, controllers))) demand('oob:controller:update');
    return { thresholds: await device.sensors.setThresholds(sensor, wanted, { signal }), operation_id: id };
  },
});

/** Whether the controller that serves the sensors is the machine's project's alone, as far as the caller can see. */
const isItsOwn = async (
  { bindings, projectId }: Machine,
  { scope }: Caller,
  controllers: Pick<Controllers, 'get'>,
): Promise<boolean> => {
  const binding = bindings.find(({ roles }) => roles.includes('sensors'));
  if (binding === undefined) return false;
  try {
    const { machineProjects } = await controllers.get(binding.controllerId, scope);
    return machineProjects.every((project) => project === projectId);
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-found') return false;
    throw error;
  }
};
