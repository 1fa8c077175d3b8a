import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { alertResult } from '../domain/alert-destination.ts';
import { channelField, channelHelp, destinationField } from './alert-destination-input.ts';

export const alertDestinationTest = operation({
  on: 'controller',
  name: 'alert-destination.test',
  summary: 'Have a controller send an alert to a place, to try it',
  method: 'post',
  path: '/controllers/{controller}/alert-destinations/{destination}/tests',
  permission: 'oob:alert-destination:test',
  effect: 'change',
  needs: ['alerts'],
  input: z.strictObject({ destination: destinationField, channel: channelField.describe(channelHelp) }),
  output: z.object({
    result: alertResult.describe(
      'sent: as the controller says; unanswered: nobody acknowledged it; undelivered; pending: it is still at it; untold',
    ),
    operation_id: z.uuid(),
  }),
  faults: ['conflict'],

  run: async ({ id, input, device, signal }) => ({
    result: await device.alerts.test(input.channel ?? null, Number(input.destination), { signal }),
    operation_id: id,
  }),
});
