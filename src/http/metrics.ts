import http, { type Server } from 'node:http';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

import type { BrokerCounts } from '../core/broker/index.ts';
import { brokerMetrics } from './broker-metrics.ts';
import { replicaMetrics, type RelayCounts } from './replica-metrics.ts';

export interface Metrics {
  readonly observe: (operation: string, status: number, seconds: number) => void;
  readonly unknownOutcomes: (count: number) => void;
  readonly alarmed: (event: string) => void;
  /** What became of an attempt to send an event to who has subscribed to it. */
  readonly delivery: (result: string) => void;
  /** What the session broker counts; `controllers` is asked at each scrape. */
  readonly broker: (controllers: () => Promise<ReadonlyMap<string, number>>) => BrokerCounts;
  /** What is counted of passing on; `replicas` is asked at each scrape. */
  readonly replicas: (count: () => Promise<ReadonlyMap<string, number>>) => RelayCounts;
  /** A version of the policy file was read: whether it is in force now. */
  readonly policyRead: (isInForce: boolean) => void;
  /** How far the journal is chained. */
  readonly chain: (standing: {
    readonly headAt: Date | null;
    readonly oldestUnchained: Date | null;
    readonly broken: boolean;
  }) => void;
  /** /metrics, and /ready with the causes why not; a listener of its own, for operators alone. */
  listener(ready: () => Promise<readonly string[]>): Server;
}

/** How long a scrape waits to know whether Igor is ready. */
const scrapeMs = 1_000;

export const metrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'igor_request_seconds',
    help: 'Requests by operation and status',
    labelNames: ['operation', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  const unknown = new Counter({
    name: 'igor_outcomes_unknown_total',
    help: 'Changes whose outcome is not known',
    registers: [registry],
  });
  const deliveries = new Counter({
    name: 'igor_deliveries_total',
    help: 'Attempts to send an event to who has subscribed to it, by what became of them',
    labelNames: ['result'],
    registers: [registry],
  });
  const alarms = new Counter({
    name: 'igor_alarms_total',
    help: 'Events that operators should look at',
    labelNames: ['event'],
    registers: [registry],
  });
  const policyFailures = new Counter({
    name: 'igor_policy_reload_failures_total',
    help: 'Versions of the policy file that could not be used; the last good one stays in force',
    registers: [registry],
  });
  const policyCurrent = new Gauge({
    name: 'igor_policy_current',
    help: '1 when the policy file as it is now is in force',
    registers: [registry],
  });
  policyCurrent.set(1);
  const policyLoaded = new Gauge({
    name: 'igor_policy_loaded_timestamp_seconds',
    help: 'When the rules in force were read',
    registers: [registry],
  });
  policyLoaded.setToCurrentTime();
  const readiness = new Gauge({
    name: 'igor_ready',
    help: '1 when tokens can be validated and the database answers',
    registers: [registry],
  });

  let oldestUnchained: Date | null = null;
  const head = new Gauge({
    name: 'igor_audit_head_timestamp_seconds',
    help: 'When the last batch of the journal was chained, in Unix time',
    registers: [registry],
  });
  new Gauge({
    name: 'igor_audit_unchained_seconds',
    help: 'Age of the oldest row of the journal that is not chained yet; 0: there is none',
    registers: [registry],
    collect() {
      this.set(oldestUnchained === null ? 0 : Math.max(0, (Date.now() - oldestUnchained.getTime()) / 1000));
    },
  });
  const broken = new Gauge({
    name: 'igor_audit_chain_broken',
    help: '1 when somebody has changed the chain of the journal',
    registers: [registry],
  });

  return {
    chain(standing) {
      if (standing.headAt !== null) head.set(standing.headAt.getTime() / 1000);
      oldestUnchained = standing.oldestUnchained;
      broken.set(standing.broken ? 1 : 0);
    },
    observe: (operation, status, seconds) => requests.observe({ operation, status }, seconds),
    unknownOutcomes: (count) => unknown.inc(count),
    broker: (controllers) => brokerMetrics(registry, controllers),
    replicas: (count) => replicaMetrics(registry, count),
    alarmed: (event) => alarms.inc({ event }),
    delivery: (result) => deliveries.inc({ result }),
    policyRead(isInForce) {
      policyCurrent.set(isInForce ? 1 : 0);
      if (isInForce) policyLoaded.setToCurrentTime();
      else policyFailures.inc();
    },
    listener: (ready) =>
      http.createServer((request, response) => {
        const answer = async (): Promise<void> => {
          const asked = ready().then((causes) => {
            readiness.set(causes.length === 0 ? 1 : 0);
            return causes;
          });
          if (request.url === '/metrics') {
            // A silent Keystone must not cost the scrape: the gauge then shows what was found before.
            await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, scrapeMs).unref())]);
            response.setHeader('Content-Type', registry.contentType);
            response.end(await registry.metrics());
          } else if (request.url === '/ready') {
            const causes = await asked;
            response.statusCode = causes.length === 0 ? 200 : 503;
            response.setHeader('Content-Type', 'application/json');
            response.end(JSON.stringify({ ready: causes.length === 0, causes }));
          } else {
            response.statusCode = 404;
            response.end();
          }
        };
        answer().catch(() => response.destroy());
      }),
  };
};
