import { setMaxListeners } from 'node:events';
import { bindingRoles } from '../../domain/controller.ts';
import { asFault, told } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import type { Orphan, Processes, SessionJournal } from '../../ports/broker.ts';
import type { Capabilities } from '../../ports/controller.ts';
import type { Keeper } from '../lease.ts';
import { joined, pause } from '../waiting.ts';

/** Closes what replicas that are gone have left open at controllers. */
export interface Orphanage {
  start(): void;
  stop(): Promise<void>;
}

interface Ports {
  readonly keeper: Pick<Keeper, 'lease' | 'account' | 'drop'>;
  readonly journal: Pick<SessionJournal, 'orphans' | 'handles' | 'postpone' | 'end'>;
  readonly processes: Processes;
  readonly log: Log;
}

const tickMs = 2_000;
const mostAtOnce = 32;
const mostClaimed = 1_000;
const lookMs = 30_000;
/** A process whose Igor has died logs out by itself, within 12 s on a BMC that is silent; killed, it cannot. */
const graceMs = 13_000;
const giveUpMs = 3_600_000;

export const orphanage = ({ keeper, journal, processes, log }: Ports): Orphanage => {
  const end = new AbortController();
  setMaxListeners(0, end.signal); // one for each that is seen to
  let running: Promise<void> = Promise.resolve();

  /** Under the controller's lease, so that nobody opens a session meanwhile that looks like what was left. */
  const close = async (controllerId: string, found: readonly Orphan[], signal: AbortSignal): Promise<void> => {
    const account = await keeper.account(controllerId);
    if (account === null) return;
    const binding = { controllerId, address: account.address, revision: 0, roles: bindingRoles, selector: null };
    const wish = { needs: ['sessions'], bindings: [binding], changes: true, operation: 'session.sweep' } as const;
    await using leased = await keeper.lease({ ...wish, actId: found[0]?.id ?? '', patienceMs: 5_000, signal });
    const table = (await leased.device.sessions.list({ signal })).value;
    const live = new Set(await journal.handles(controllerId));
    for (const handle of left(table, account.username, found, live)) {
      await leased.device.sessions.close(handle, { signal }).catch((thrown: unknown) => {
        if (asFault(thrown).code !== 'not-found') throw thrown; // it has gone meanwhile
      });
      log.info({ controller: controllerId, handle }, 'session.swept');
    }
  };

  const see = async (controllerId: string, found: readonly Orphan[]): Promise<void> => {
    const alive = found.filter(({ process }) => process !== null && processes.isAlive(process));
    if (alive.some(({ goneMs }) => goneMs < graceMs)) {
      for (const { id } of found) await journal.postpone(id, tickMs);
      return;
    }
    for (const { process } of alive) if (process !== null) processes.kill(process);
    using limit = joined([end.signal, AbortSignal.timeout(lookMs)]);
    try {
      await close(controllerId, found, limit.signal);
      for (const { id } of found) await journal.end(id);
      // Who has swept leaves nothing standing about either.
      await keeper.drop(controllerId);
    } catch (thrown) {
      if (end.signal.aborted) return;
      const { code } = asFault(thrown);
      for (const { id, goneMs, tries } of found) {
        const isOver = goneMs > giveUpMs || code === 'controller-unsupported';
        if (isOver) {
          log.warn({ controller: controllerId, session: id, ...told(thrown) }, 'session.given-up');
          await journal.end(id);
        } else await journal.postpone(id, Math.min(600_000, 10_000 * 2 ** Math.min(tries, 10)));
      }
    }
  };

  const round = async (): Promise<boolean> => {
    const orphans = await journal.orphans(mostClaimed);
    const byController = new Map<string, Orphan[]>();
    for (const orphan of orphans)
      byController.set(orphan.controllerId, [...(byController.get(orphan.controllerId) ?? []), orphan]);
    const queue = [...byController];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !end.signal.aborted; next = queue.shift())
        await see(...next).catch((error: unknown) => log.warn(told(error), 'session.unswept'));
    };
    await Promise.all(Array.from({ length: mostAtOnce }, work));
    return orphans.length === mostClaimed;
  };

  const rounds = async (): Promise<void> => {
    let failing = false;
    while (!end.signal.aborted) {
      let more = false;
      try {
        more = await round();
        failing = false;
      } catch (error) {
        if (!failing) log.warn(told(error), 'session.sweep-failed');
        failing = true;
      }
      if (!more) await pause(tickMs, end.signal);
    }
  };

  return {
    start() {
      running = rounds();
    },
    async stop() {
      end.abort();
      await running;
    },
  };
};

type Table = Awaited<ReturnType<Capabilities['sessions']['list']>>['value'];

/**
 * The handles of what was left: of our account, from our address, and not of a session that is in use. A handle names
 * another session once its own has ended, so the handle alone proves nothing.
 */
export const left = (
  { sessions, current }: Table,
  username: string,
  found: readonly Pick<Orphan, 'handle'>[],
  live: ReadonlySet<number>,
): readonly number[] => {
  const own = sessions.find(({ handle }) => handle === current);
  const wanted = new Set(found.map(({ handle }) => handle));
  // Of one that died between its login and our noting of it, nobody knows the handle.
  const anyHandle = wanted.has(null) && own !== undefined;
  return sessions
    .filter(({ handle }) => handle !== current && !live.has(handle) && (anyHandle || wanted.has(handle)))
    .filter(({ userName, userId }) => (userName === null ? userId === own?.userId : userName === username))
    .filter(({ address }) => own === undefined || address === own.address)
    .map(({ handle }) => handle);
};
