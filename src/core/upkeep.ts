import { told } from '../domain/fault.ts';
import type { Chain, ChainHead, ChainStanding } from '../ports/chain.ts';
import type { Events } from '../ports/events.ts';
import type { LogArchives } from '../ports/log-archives.ts';
import type { OperationSets } from '../ports/operation-sets.ts';
import type { Schedules } from '../ports/schedules.ts';
import type { Outbox } from '../ports/subscriptions.ts';
import type { Executions, Log, Samples } from '../ports/services.ts';

/** What the service does for its own records, beside its callers: it chains the journal, tells of grants that have ended, and removes what is too old. */
export interface Upkeep {
  start(): void;
  /** Begins nothing more; resolves when what is under way has ended. */
  stop(): Promise<void>;
}

interface Parts {
  readonly chain: Chain;
  readonly executions: Pick<Executions, 'prune'>;
  readonly sets: Pick<OperationSets, 'prune'>;
  readonly schedules: Pick<Schedules, 'prune'>;
  readonly archives: Pick<LogArchives, 'prune'>;
  readonly log: Log;
  /** Told after each round. */
  readonly show: (standing: ChainStanding & { readonly broken: boolean }) => void;
  /** Between two rounds of the chain; 0: it is not made. */
  readonly chainMs: number;
  /** Days that rows are kept; 0: for ever. */
  readonly journalDays: number;
  readonly executionDays: number;
  readonly operationDays: number;
  readonly archiveDays: number;
  readonly events: Pick<Events, 'prune' | 'tellEnded'>;
  /** Days that events are kept. */
  readonly eventDays: number;
  readonly outbox: Pick<Outbox, 'prune'>;
  /** Days that deliveries are kept after they have ended. */
  readonly deliveryDays: number;
  readonly samples: Pick<Samples, 'prune'>;
  /** Hours that readings of sensors are kept. */
  readonly sampleHours: number;
}

interface Prunable {
  readonly prune: (age: number) => Promise<number>;
}

const pruneMs = 3_600_000;
/** A grant that ends by itself is told of so much later at most. */
const endedMs = 2_000;
/** One removal after another, with a breath between, so that the database has time for others. */
const breathMs = 50;

export const upkeep = (parts: Parts): Upkeep => {
  const { chain, executions, archives, log, show, chainMs, journalDays, executionDays, archiveDays } = parts;
  const { samples, sampleHours, sets, schedules, operationDays, events, eventDays, outbox, deliveryDays } = parts;
  const timers = new Set<NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let stopping = false;
  let broken: string | null = null;

  /** Once, however often it is met. */
  const alarm = (detail: string): void => {
    if (detail !== broken) log.error({ detail }, 'audit.chain-broken');
    broken = detail;
  };

  const extend = async (): Promise<void> => {
    for (let more = true; more && !stopping;) {
      const round = await chain.extend();
      if (round.state === 'broken') alarm(round.detail);
      else if (round.state !== 'elsewhere') broken = null;
      if (round.state === 'held') log.warn({}, 'audit.chain-held');
      if (round.state === 'extended') log.info(fieldsOf(round.head), 'audit.chained');
      more = round.state === 'extended' && round.isFull;
    }
    show({ ...(await chain.standing()), broken: broken !== null });
  };

  const prune = async (): Promise<void> => {
    for (let more = journalDays > 0; more && !stopping;) {
      const round = await chain.prune(journalDays);
      if (round.state === 'broken') log.error({ detail: round.detail }, 'audit.unpruned');
      more = round.state === 'pruned';
      if (round.state === 'pruned')
        log.info(
          { through_batch: round.throughBatch, through_sequence: round.throughSequence, rows: round.rows },
          'audit.pruned',
        );
      if (more) await breath();
    }
    await thin(executions, executionDays, 'execution.pruned');
    await thin(sets, operationDays, 'operation.pruned');
    await thin(schedules, operationDays, 'schedule.pruned');
    await thin(archives, archiveDays, 'archive.pruned');
    await thin(samples, sampleHours, 'sample.pruned');
    await thin(events, eventDays, 'event.pruned');
    await thin(outbox, deliveryDays, 'delivery.pruned');
  };

  let telling = true;
  const tellEnded = async (): Promise<void> => {
    try {
      await events.tellEnded();
      telling = true;
    } catch (error) {
      // Once an outage, not every other second.
      if (telling) log.warn(told(error), 'upkeep.grants-untold');
      telling = false;
    }
  };

  /** Some at a time, until none is too old. */
  const thin = async (store: Prunable, age: number, event: string): Promise<void> => {
    for (let more = age > 0; more && !stopping;) {
      const removed = await store.prune(age);
      if (removed > 0) log.info({ removed }, event);
      more = removed > 0;
      if (more) await breath();
    }
  };

  /** One after another, and the next only when the last has ended. */
  const every = (ms: number, firstMs: number, work: () => Promise<void>): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      const run = work()
        .catch((error: unknown) => log.warn(told(error), 'upkeep.failed'))
        .finally(() => {
          running.delete(run);
          if (!stopping) every(ms, ms, work);
        });
      running.add(run);
    }, firstMs);
    timers.add(timer);
  };

  return {
    start() {
      if (chainMs > 0) every(chainMs, Math.min(chainMs, 1_000), extend);
      every(endedMs, endedMs, tellEnded);
      // At a time of each replica's own, and not in the turmoil of a start.
      every(pruneMs, 60_000 + Math.random() * 60_000, prune);
    },
    async stop() {
      stopping = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(running);
    },
  };
};

const fieldsOf = ({ batch, fromSequence, toSequence, rows, head, keyId }: ChainHead): object => ({
  batch,
  from_sequence: fromSequence,
  to_sequence: toSequence,
  rows,
  head,
  key: keyId,
});

const breath = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, breathMs));
