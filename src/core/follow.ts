import { randomUUID } from 'node:crypto';
import { asFault, told } from '../domain/fault.ts';
import { hostPort } from '../domain/host-port.ts';
import type { Visits } from '../ports/controller.ts';
import type { Move, Moves } from '../ports/moves.ts';
import type { Journal, Log, NewRecord } from '../ports/services.ts';
import { firstLookMs, type Mover } from './mover.ts';
import { pause } from './waiting.ts';

/** Goes on looking for controllers that were heard nowhere after a change of their network: once for all replicas. */
export interface Follower {
  start(): void;
  /** Begins no more looks; resolves when those under way have ended. */
  stop(): Promise<void>;
}

interface Ports {
  readonly mover: Mover;
  readonly moves: Moves;
  readonly visits: Pick<Visits, 'alone'>;
  readonly journal: Journal;
  readonly log: Log;
  /** Milliseconds after which a controller that is heard nowhere is given up. */
  readonly giveUpMs: number;
}

/** Who has the change turn meanwhile. */
type By = Parameters<Visits['alone']>[1];

const tickMs = 1_000;
const mostAtOnce = 8;
/** All that one look may take: two addresses, and putting back. */
const lookMs = 90_000;
const longestMs = 600_000;

export const follower = ({ mover, moves, visits, journal, log, giveUpMs }: Ports): Follower => {
  const end = new AbortController();
  const running = new Set<Promise<void>>();
  let rounds: Promise<void> = Promise.resolve();

  /** The rows are those of who asked for the change: it is still his. */
  const journalled = async <T>(move: Move, work: (by: By) => Promise<T>): Promise<T> => {
    const record = recordOf(move);
    await journal.append({ ...record, kind: 'intent', outcome: null });
    const settle = async (rest: Partial<NewRecord>): Promise<void> =>
      journal
        .append({ ...record, kind: 'outcome', outcome: 'done', ...rest })
        .catch((error: unknown) => log.error({ act: record.actId, ...told(error) }, 'journal.unsettled'));
    try {
      const done = await work({ operation: record.operation, actId: record.actId });
      await settle({});
      return done;
    } catch (thrown) {
      const { code, detail } = asFault(thrown);
      await settle({ outcome: code === 'outcome-unknown' ? 'unknown' : 'failed', code, detail });
      throw thrown;
    }
  };

  const look = async (move: Move): Promise<boolean> => {
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(lookMs)]);
    const found = await mover.find(move, signal);
    if (found === null) return false;
    await using there = found;
    const ending = await journalled(move, async (by) =>
      visits.alone(move.controllerId, by, async () => mover.conclude(move, there, signal), signal),
    );
    const { how, place, recorded } = ending;
    const address = hostPort(place.address, place.port);
    log.info({ controller: move.controllerId, act: move.actId, address, how, recorded }, 'controller.found-again');
    return true;
  };

  const giveUp = async (move: Move): Promise<void> => {
    await journalled(move, async () => moves.end(move.id, 'lost'));
    const places = [move.from, move.to].map(({ address, port }) => hostPort(address, port));
    log.warn({ controller: move.controllerId, act: move.actId, addresses: places }, 'controller.lost');
  };

  const follow = async (claim: Awaited<ReturnType<Moves['claim']>>[number]): Promise<void> => {
    const { id, controllerId } = claim;
    try {
      if (claim.isSuperseded) {
        await moves.end(id, 'superseded');
        return;
      }
      if (await look(claim)) return;
      if (Date.now() - claim.since.getTime() > giveUpMs) {
        await giveUp(claim);
        return;
      }
    } catch (error) {
      log.debug({ controller: controllerId, ...told(error) }, 'controller.not-found');
    }
    await moves.leave(id, Math.min(firstLookMs * 2 ** Math.min(claim.looks, 10), longestMs));
  };

  const round = async (): Promise<void> => {
    if (running.size >= mostAtOnce) return;
    for (const claim of await moves.claim(mostAtOnce - running.size)) {
      const work = follow(claim)
        .catch((error: unknown) => log.warn(told(error), 'controller.unfollowed'))
        .finally(() => running.delete(work));
      running.add(work);
    }
  };

  return {
    start() {
      let failing = false;
      rounds = (async () => {
        while (!end.signal.aborted) {
          const failed = await round().then(
            () => null,
            (error: unknown) => told(error),
          );
          // Once an outage, not once a second.
          if (failed !== null && !failing) log.warn(failed, 'controller.unfollowed');
          failing = failed !== null;
          await pause(tickMs, end.signal);
        }
      })();
    },
    async stop() {
      end.abort();
      await rounds;
      await Promise.allSettled(running);
    },
  };
};

const recordOf = (move: Move): Omit<NewRecord, 'kind' | 'outcome'> => {
  const { identity, requestId, globalRequestId } = move.caller;
  return {
    actId: randomUUID(),
    operation: 'network.settle',
    effect: 'change',
    permission: 'oob:network:update',
    requestId,
    globalRequestId,
    userId: identity.userId,
    userName: identity.userName,
    projectId: identity.projectId,
    projectName: identity.projectName,
    roles: identity.roles,
    targetKind: 'controller',
    targetId: move.controllerId,
    targetName: hostPort(move.from.address, move.from.port),
    targetProjectId: move.projectId,
    addresses: [...new Set([move.from, move.to].map(({ address, port }) => hostPort(address, port)))],
    input: { operation_id: move.actId, channel: move.channel },
    code: null,
    detail: null,
    address: null,
    decidedBy: `operation ${move.actId}`,
    serviceId: null,
    serviceName: null,
    personName: identity.person?.name ?? null,
    personEmail: identity.person?.email ?? null,
    delegation: identity.delegation,
    method: null,
    route: null,
  };
};
