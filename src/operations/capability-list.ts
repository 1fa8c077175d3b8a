import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';

export const capabilityList = operation({
  on: 'controller',
  name: 'capability.list',
  summary: 'Tell what a controller can do, and what it said that it cannot',
  method: 'get',
  path: '/controllers/{controller}/capabilities',
  permission: 'oob:capability:list',
  effect: 'read',
  uses: ['drivers', 'lacks'],
  input: z.strictObject({}),
  output: z.object({
    driver: z.string(),
    capabilities: z.array(z.string()).describe('That the driver has for controllers of its kind'),
    lacks: z
      .array(
        z.object({
          operation: z.string(),
          learnt_at: z.iso.datetime(),
          detail: z.string().describe('What the controller said'),
        }),
      )
      .describe('Operations that are refused before anything is sent; forgotten after a day, or by a check'),
  }),
  faults: ['controller-unsupported'],

  async run({ controller, drivers, lacks }) {
    const driver = drivers.get(controller.driver);
    if (driver === undefined) throw new Fault('controller-unsupported', `there is no driver ${controller.driver}`);
    const found = await lacks.of(controller.id);
    return {
      driver: driver.name,
      capabilities: [...driver.offers].sort(),
      lacks: found.map(({ learntAt, ...lack }) => ({ ...lack, learnt_at: learntAt.toISOString() })),
    };
  },
});
