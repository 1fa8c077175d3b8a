import { asFault, Fault, told } from '../domain/fault.ts';
import type { Bell } from '../ports/bell.ts';
import type { Life } from '../ports/life.ts';
import type { PassedBack, Relay, Relays } from '../ports/relays.ts';
import type { Leases, Log } from '../ports/services.ts';
import type { Callers } from './callers.ts';
import { deadline } from './deadline.ts';
import { decode } from './decode.ts';
import { perform, type Steps } from './execute.ts';
import type { Keeper } from './lease.ts';
import type { Operation } from './operation.ts';
import { pause } from './waiting.ts';

/** Carries out what other replicas pass on, for this one holds the controllers. */
export interface RelayWork {
  start(): void;
  /** From now on it refuses, so that whoever asks looks elsewhere. */
  drain(): void;
  /** Resolves when all is answered, or cut off by the signal. */
  stop(signal: AbortSignal): Promise<void>;
}

interface Ports {
  readonly replicaId: string;
  readonly steps: Steps;
  readonly operations: readonly Operation[];
  readonly callers: Pick<Callers, 'passed'>;
  readonly relays: Relays;
  readonly keeper: Pick<Keeper, 'has'>;
  readonly leases: Pick<Leases, 'holder'>;
  readonly bell: Pick<Bell, 'on'>;
  readonly life: Pick<Life, 'now'>;
  readonly log: Log;
  readonly carriedOut: () => void;
}

const pollMs = 500;
const mostAtOnce = 64;
/** Milliseconds between attempts to answer: as long as somebody may wait. */
const againMs: readonly number[] = [100, 500, 1_000, 2_000, 4_000];

export const relayWork = (ports: Ports): RelayWork => {
  const { replicaId, steps, callers, relays, keeper, leases, bell, life, log, carriedOut } = ports;
  const operations = new Map(ports.operations.map((operation) => [operation.name, operation]));
  const cut = new AbortController();
  /** By relay, what ends the reads that nobody waits for any more. */
  const running = new Map<string, { readonly gone: AbortController; readonly work: Promise<void> }>();
  let timer: NodeJS.Timeout | undefined;
  let silence: (() => void) | undefined;
  let claiming: Promise<void> | null = null;
  let again = false;
  let draining = false;
  let failing = false;

  const carryOut = async (relay: Relay, operation: Operation, gone: AbortSignal): Promise<PassedBack> => {
    const { target, revision, patienceMs, base } = relay;
    let actId: string | null = null;
    try {
      const input = decode(operation.input, relay.input);
      using limit = deadline(operation.effect, patienceMs ?? 0, gone);
      limit.extend(operation.lastsMs?.(input) ?? 0);
      const output = await perform(steps, {
        caller: await callers.passed(relay.caller),
        operation,
        target,
        input,
        revision,
        patienceMs,
        href: (path) => `${base}${path}`,
        emit: async () => undefined,
        isStream: false,
        idempotencyKey: null,
        signal: AbortSignal.any([limit.signal, cut.signal]),
        note: (fields) => (actId = typeof fields['act'] === 'string' ? fields['act'] : actId),
      });
      return { actId, output: operation.output.parse(output) };
    } catch (thrown) {
      const { code, detail, retryAfter = null, headers } = asFault(thrown);
      if (code === 'internal') log.error({ relay: relay.id, operation: operation.name, err: thrown }, 'relay.broke');
      return { actId, fault: { code, detail, retryAfter, headers } };
    }
  };

  const insistently = async (write: () => Promise<void>): Promise<void> => {
    for (const ms of againMs) {
      try {
        await write();
        return;
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'store-unavailable') throw error;
        await pause(ms, new AbortController().signal);
      }
    }
    await write();
  };

  const runOne = async (relay: Relay, gone: AbortSignal): Promise<void> => {
    const operation = operations.get(relay.operation);
    // Another release of Igor may know what this one does not; and what was held may have been let go meanwhile.
    const isOurs =
      operation !== undefined &&
      !draining &&
      (keeper.has(relay.controllerId) || (await leases.holder(relay.controllerId)) === null);
    if (!isOurs) {
      await insistently(async () => relays.refuse(relay));
      return;
    }
    const startedAt = performance.now();
    const answer = await carryOut(relay, operation, gone);
    await insistently(async () => relays.answer(relay, answer));
    carriedOut();
    log.info(
      {
        relay: relay.id,
        from: relay.from,
        request_id: relay.caller.requestId,
        operation: operation.name,
        act: answer.actId,
        ...('fault' in answer && { code: answer.fault.code }),
        ms: Math.round(performance.now() - startedAt),
      },
      'relay.answered',
    );
  };

  const claim = async (): Promise<void> => {
    while (life.now() !== null && !cut.signal.aborted) {
      const found = await relays.claim(mostAtOnce);
      for (const relay of found) {
        const gone = new AbortController();
        const work = runOne(relay, gone.signal)
          .catch((error: unknown) => log.error({ relay: relay.id, ...told(error) }, 'relay.unanswered'))
          .finally(() => running.delete(relay.id));
        running.set(relay.id, { gone, work });
      }
      if (found.length < mostAtOnce) return;
    }
  };

  const wake = (): void => {
    again = claiming !== null;
    if (again) return;
    claiming = claim()
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          if (!failing) log.warn(told(error), 'relay.unclaimed');
          failing = true;
        },
      )
      .finally(() => {
        claiming = null;
        if (again) wake();
      });
  };

  /** Who does not wait any more has erased his row. */
  const look = async (): Promise<void> => {
    const ids = [...running.keys()];
    if (ids.length === 0) return;
    const standing = await relays.standing(ids);
    for (const id of ids) if (!standing.has(id)) running.get(id)?.gone.abort();
  };

  return {
    start() {
      silence = bell.on('relays', (said) => {
        if (said === null || said.startsWith(`asked ${replicaId} `)) wake();
      });
      timer = setInterval(() => {
        wake();
        look().catch((error: unknown) => log.debug(told(error), 'relay.unseen'));
      }, pollMs);
      wake();
    },
    drain() {
      draining = true;
    },
    async stop(signal) {
      draining = true;
      clearInterval(timer);
      await claiming;
      signal.addEventListener('abort', () => cut.abort(), { once: true });
      if (signal.aborted) cut.abort();
      await Promise.allSettled([...running.values()].map(async ({ work }) => work));
      silence?.();
    },
  };
};
