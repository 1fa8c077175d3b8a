import { Counter, Gauge, type Registry } from 'prom-client';
import type { BrokerCounts } from '../core/broker/index.ts';
import { inTime } from '../core/waiting.ts';
import { controllerHealths } from '../domain/controller.ts';

/** How long a scrape waits for the database to count. */
const countMs = 1_000;

export const brokerMetrics = (
  registry: Registry,
  controllers: () => Promise<ReadonlyMap<string, number>>,
): BrokerCounts => {
  const registers = [registry];
  new Gauge({
    name: 'igor_controllers',
    help: 'Controllers by health; of the whole fleet, whichever replica is asked',
    labelNames: ['health'],
    registers,
    async collect() {
      // A database that is away must not cost the scrape: what was counted before is shown.
      const counts = await inTime(controllers(), countMs, () => new Error('uncounted')).catch(() => null);
      if (counts !== null) for (const health of controllerHealths) this.set({ health }, counts.get(health) ?? 0);
    },
  });
  const open = new Gauge({
    name: 'igor_sessions_open',
    help: 'Sessions of this replica on controllers, with those being opened and closed',
    registers,
  });
  const logins = new Counter({
    name: 'igor_controller_logins_total',
    help: 'Logins at controllers that led to a standing session',
    registers,
  });
  const joins = new Counter({
    name: 'igor_reads_joined_total',
    help: 'Reads that shared the call of another',
    registers,
  });
  return {
    sessions: (count) => open.set(count),
    loggedIn: () => logins.inc(),
    joined: () => joins.inc(),
  };
};
