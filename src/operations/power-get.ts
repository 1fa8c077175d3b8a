import { z } from 'zod';
import { operation } from '../core/operation.ts';
import type { Machine } from '../domain/machine.ts';
import { powerState } from '../domain/power.ts';

/** From the last observation while it is fresh; the device is asked when it is not, or on `refresh`. */
export const powerGet = operation({
  on: 'machine',
  name: 'power.get',
  summary: 'Show the power state of a machine',
  method: 'get',
  path: '/machines/{machine}/power',
  permission: 'oob:power:get',
  effect: 'read',
  uses: ['look', 'freshMs'],
  input: z.strictObject({
    refresh: z.boolean().default(false).describe('Ask the device, however fresh the observation'),
  }),
  output: z.object({
    state: powerState,
    observed_at: z.iso.datetime().nullable(),
    stale: z.boolean().describe('A change was sent after the observation, or the device could not be asked'),
    wanted: powerState.nullable().describe('The state that the last change leads to, until it is seen'),
  }),

  asks: ({ machine: { power }, input, freshMs }) => (input.refresh || !isFresh(power, freshMs) ? ['power'] : []),

  async run({ machine: { power, ...machine }, input, look, freshMs, signal }) {
    const { state, observedAt, wanted } = power;
    const known = { state, observed_at: observedAt?.toISOString() ?? null, wanted };
    if (!input.refresh && isFresh(power, freshMs)) return { ...known, stale: false };
    try {
      const seen = await look({ power, ...machine }, signal);
      return {
        state: seen,
        observed_at: new Date().toISOString(),
        stale: false,
        wanted: wanted === seen ? null : wanted,
      };
    } catch (fault) {
      // An old observation beats none, unless the caller asked for the device itself.
      if (input.refresh || observedAt === null) throw fault;
      return { ...known, stale: true };
    }
  },
});

const isFresh = ({ observedAt, stale }: Machine['power'], freshMs: number): boolean =>
  observedAt !== null && !stale && Date.now() - observedAt.getTime() < freshMs;
