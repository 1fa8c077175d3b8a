import { z } from 'zod';
import { stream } from '../core/operation.ts';
import { pause } from '../core/waiting.ts';
import { powerState } from '../domain/power.ts';

const lookMs = 500;

/** What every replica's observations and changes bring, as the database has it. Nothing is asked of the controller. */
export const powerWatch = stream({
  on: 'machine',
  name: 'power.watch',
  summary: "Follow a machine's power state as it is observed (server-sent events)",
  method: 'get',
  path: '/machines/{machine}/power/events',
  permission: 'oob:power:watch',
  effect: 'read',
  uses: ['machines'],
  input: z.strictObject({}),
  event: z.object({
    state: powerState,
    observed_at: z.iso.datetime().nullable(),
    stale: z.boolean(),
    wanted: powerState.nullable(),
  }),

  async run({ caller, machine, machines, emit, signal }) {
    let last = '';
    while (!signal.aborted) {
      const { power } = await machines.get(machine.id, caller);
      const { state, observedAt, stale, wanted } = power;
      const event = { state, observed_at: observedAt?.toISOString() ?? null, stale, wanted };
      if (JSON.stringify(event) !== last) await emit(event);
      last = JSON.stringify(event);
      await pause(lookMs, signal);
    }
  },
});
