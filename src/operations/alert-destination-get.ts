import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { alertDestination } from '../domain/alert-destination.ts';
import { channelField, channelHelp, destinationField } from './alert-destination-input.ts';

export const alertDestinationGet = operation({
  on: 'controller',
  name: 'alert-destination.get',
  summary: 'Show one place that a controller sends its alerts to',
  method: 'get',
  path: '/controllers/{controller}/alert-destinations/{destination}',
  permission: 'oob:alert-destination:get',
  effect: 'read',
  needs: ['alerts'],
  input: z.strictObject({ destination: destinationField, channel: channelField.describe(channelHelp) }),
  output: z.object({ alert_destination: alertDestination, observed_at: z.iso.datetime() }),

  async run({ input, device, signal }) {
    const { value, observedAt } = await device.alerts.get(input.channel ?? null, Number(input.destination), { signal });
    return { alert_destination: value, observed_at: observedAt.toISOString() };
  },
});
