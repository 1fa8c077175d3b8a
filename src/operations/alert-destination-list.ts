import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { alertDestination } from '../domain/alert-destination.ts';
import { link } from '../domain/link.ts';
import { channelField, channelHelp } from './alert-destination-input.ts';

export const alertDestinationList = operation({
  on: 'controller',
  name: 'alert-destination.list',
  summary: 'List where a controller sends its alerts',
  method: 'get',
  path: '/controllers/{controller}/alert-destinations',
  permission: 'oob:alert-destination:list',
  effect: 'read',
  needs: ['alerts'],
  input: z.strictObject({ channel: channelField.describe(channelHelp) }),
  output: z.object({
    alert_destinations: z.array(alertDestination),
    observed_at: z.iso.datetime(),
    links: z.array(link),
  }),

  async run({ controller, input, device, href, signal }) {
    const { value, observedAt } = await device.alerts.list(input.channel ?? null, { signal });
    const self = `/v1/controllers/${controller.id}/alert-destinations${input.channel === undefined ? '' : `?channel=${input.channel}`}`;
    return {
      alert_destinations: [...value],
      observed_at: observedAt.toISOString(),
      links: [{ rel: 'self', href: href(self) }],
    };
  },
});
