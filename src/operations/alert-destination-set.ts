import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { alertDestination } from '../domain/alert-destination.ts';
import { channelField, channelHelp, destinationField, destinationInput } from './alert-destination-input.ts';

export const alertDestinationSet = operation({
  on: 'controller',
  name: 'alert-destination.set',
  summary: 'Set one place that a controller sends its alerts to',
  method: 'put',
  path: '/controllers/{controller}/alert-destinations/{destination}',
  permission: 'oob:alert-destination:set',
  effect: 'change',
  needs: ['alerts'],
  input: z.strictObject({
    destination: destinationField,
    channel: channelField.describe(channelHelp),
    alert_destination: destinationInput,
  }),
  output: z.object({ alert_destination: alertDestination, operation_id: z.uuid() }),

  async run({ id, input, device, signal }) {
    const { channel = null, destination, alert_destination: setting } = input;
    return {
      alert_destination: await device.alerts.set(channel, Number(destination), setting, { signal }),
      operation_id: id,
    };
  },
});
