import { Counter, Gauge, type Registry } from 'prom-client';
import { inTime } from '../core/waiting.ts';

/** What is counted of requests that one replica passes on to another. */
export interface RelayCounts {
  /** Passed on, by what came of it. */
  readonly passed: (ending: 'answered' | 'undone' | 'lost') => void;
  /** Carried out for another. */
  readonly carriedOut: () => void;
}

/** How long a scrape waits for the database to count. */
const countMs = 1_000;

export const replicaMetrics = (registry: Registry, count: () => Promise<ReadonlyMap<string, number>>): RelayCounts => {
  const registers = [registry];
  new Gauge({
    name: 'igor_replicas',
    help: 'Replicas by state, whichever is asked; dead: ended without a farewell, in the last day',
    labelNames: ['state'],
    registers,
    async collect() {
      // A database that is away must not cost the scrape: what was counted before is shown.
      const counts = await inTime(count(), countMs, () => new Error('uncounted')).catch(() => null);
      for (const [state, number] of counts ?? []) this.set({ state }, number);
    },
  });
  const passed = new Counter({
    name: 'igor_relays_passed_total',
    help: 'Requests passed on to the replica that holds their controller, by what came of it',
    labelNames: ['ending'],
    registers,
  });
  const carriedOut = new Counter({
    name: 'igor_relays_carried_out_total',
    help: 'Requests carried out for other replicas',
    registers,
  });
  return { passed: (ending) => passed.inc({ ending }), carriedOut: () => carriedOut.inc() };
};
