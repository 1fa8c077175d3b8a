import { Fault, told } from '../../domain/fault.ts';
import type { Life } from '../../ports/life.ts';
import type { Leases, Log } from '../../ports/services.ts';
import { pause } from '../waiting.ts';
import type { Holding } from './holding.ts';

interface Ports {
  readonly leases: Leases;
  readonly log: Log;
  readonly now: () => number;
  readonly life: Pick<Life, 'now' | 'insist'>;
  readonly held: ReadonlyMap<string, Holding>;
  /** Another replica may have it: what runs is cut off. */
  readonly lose: (held: Holding) => void;
  /** Another replica waits for it: kept no longer than what runs. */
  readonly yieldUp: (held: Holding) => void;
}

/** Whose a controller is, by the database. */
export interface Leasing {
  /**
   * Resolves when it is ours, to whether another replica had it. Faults: `controller-busy` when that one keeps it longer than
   * the patience, `store-unavailable` when this replica is cut off.
   */
  own(held: Holding, patienceMs: number, signal: AbortSignal): Promise<boolean>;
  isOurs(held: Holding): boolean;
  release(held: Holding): Promise<void>;
  /** Lets go of what another replica waits for. */
  heed(): Promise<void>;
  /** Loses what is not ours by the database, which it says to be while we live: deleted controllers, above all. */
  check(): Promise<void>;
}

const pollMs = 250;

export const leasing = ({ leases, log, now, life, held, lose, yieldUp }: Ports): Leasing => {
  /** A lease is worth what the life is in which it was taken. */
  const isOurs = ({ heldIn, lost }: Holding): boolean =>
    heldIn !== null && heldIn === life.now() && !lost.signal.aborted;
  /** Those under way, by controller: one that came after an acquisition would give away what is ours. */
  const releasing = new Map<string, Promise<void>>();

  const acquire = async (one: Holding): Promise<boolean> => {
    await releasing.get(one.id);
    const alive = life.now();
    const lease = await leases.acquire(one.id);
    if (lease === null || alive === null || alive !== life.now()) return false;
    one.fence = lease.fence;
    one.heldSince = now();
    one.heldIn = alive;
    return true;
  };

  const giveUp = async (id: string): Promise<void> => {
    const done = leases
      .release(id)
      // It stays ours in the database, until another replica asks for it.
      .catch((error: unknown) => log.warn({ controller: id, ...told(error) }, 'lease.unreleased'))
      .finally(() => {
        if (releasing.get(id) === done) releasing.delete(id);
      });
    releasing.set(id, done);
    await done;
  };

  return {
    isOurs,
    async own(one, patienceMs, signal) {
      const until = now() + patienceMs;
      let waited = false;
      while (!isOurs(one)) {
        if (one.lost.signal.aborted) throw elsewhere();
        await life.insist(signal);
        one.acquiring ??= acquire(one).finally(() => (one.acquiring = null));
        if (await one.acquiring) continue;
        if (now() >= until || signal.aborted) throw elsewhere();
        waited = true;
        await pause(pollMs, signal);
      }
      return waited;
    },
    async release(one) {
      if (one.heldIn === null) return;
      one.heldIn = null;
      await giveUp(one.id);
    },
    async heed() {
      if (life.now() === null) return;
      for (const id of await leases.wanted()) {
        const one = held.get(id);
        if (one !== undefined) yieldUp(one);
        // Its release was lost on the way.
        else await giveUp(id);
      }
    },
    async check() {
      const asked = now();
      const ours = [...held.values()].filter(isOurs);
      if (ours.length === 0) return;
      const astray = new Set(await leases.astray(ours.map(({ id }) => id)));
      // What was let go, or taken anew, while the question was under way is none of its answer's business.
      for (const one of ours) if (astray.has(one.id) && isOurs(one) && one.heldSince < asked) lose(one);
    },
  };
};

const elsewhere = (): Fault => new Fault('controller-busy', 'another replica holds this controller', { retryAfter: 2 });
