import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { instant } from '../domain/instant.ts';
import { link } from '../domain/link.ts';
import { sensorId } from '../domain/sensor.ts';

const time = (about: string) =>
  z
    .string()
    .max(64)
    .refine((text) => instant(text) !== null, 'must be a time such as 2026-11-20T10:00:00Z')
    .optional()
    .describe(about);

/** Of a machine no more is kept than fits one answer. */
export const sensorSampleList = operation({
  on: 'machine',
  name: 'sensor-sample.list',
  summary: 'List what a sensor of a machine showed, the oldest first',
  method: 'get',
  path: '/machines/{machine}/sensors/{sensor}/samples',
  permission: 'oob:sensor-sample:list',
  effect: 'read',
  uses: ['samples'],
  input: z.strictObject({
    sensor: sensorId,
    since: time('Read then or later'),
    until: time('Read before that'),
  }),
  output: z.object({
    samples: z.array(z.object({ at: z.iso.datetime(), value: z.number() })),
    links: z.array(link),
  }),

  async run({ machine, input: { sensor, since = '', until = '' }, samples, href }) {
    const found = await samples.list(machine.id, sensor, { since: instant(since), until: instant(until) });
    const query = new URLSearchParams(Object.entries({ since, until }).filter(([, text]) => text !== ''));
    const self = `/v1/machines/${machine.id}/sensors/${sensor}/samples${query.size > 0 ? `?${query.toString()}` : ''}`;
    return {
      samples: found.map(({ at, value }) => ({ at: at.toISOString(), value })),
      links: [{ rel: 'self', href: href(self) }],
    };
  },
});
