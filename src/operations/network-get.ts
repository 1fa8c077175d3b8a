import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { networkChannel } from '../domain/network.ts';

export const networkGet = operation({
  on: 'controller',
  name: 'network.get',
  summary: "Show a controller's own network: each way in, as it is set",
  method: 'get',
  path: '/controllers/{controller}/network',
  permission: 'oob:network:get',
  effect: 'read',
  needs: ['network'],
  input: z.strictObject({}),
  output: z.object({ channels: z.array(networkChannel), observed_at: z.iso.datetime() }),

  async run({ device, signal }) {
    const { value, observedAt } = await device.network.channels({ signal });
    return { channels: [...value], observed_at: observedAt.toISOString() };
  },
});
