import { Fault, told } from '../../domain/fault.ts';
import type { Leases, Log } from '../../ports/services.ts';
import { pause } from '../waiting.ts';
import type { Holding } from './holding.ts';

interface Ports {
  readonly leases: Leases;
  readonly log: Log;
  readonly now: () => number;
  /** Milliseconds that a lease lasts unless renewed; as the database has it. */
  readonly leaseMs: number;
  readonly held: ReadonlyMap<string, Holding>;
  /** Another replica may have it: what runs is cut off. */
  readonly lose: (held: Holding) => void;
  /** Another replica waits for it: kept no longer than what runs. */
  readonly yieldUp: (held: Holding) => void;
}

/** Whose a controller is, by the database. */
export interface Leasing {
  /** Resolves when it is ours, to whether another replica had it. Faults: `controller-busy` when that one keeps it longer than the patience. */
  own(held: Holding, patienceMs: number, signal: AbortSignal): Promise<boolean>;
  isOurs(held: Holding): boolean;
  release(held: Holding): Promise<void>;
  /** Prolongs all that are ours, in one statement. */
  renew(): Promise<void>;
  /** Lets go of what another replica waits for. */
  heed(): Promise<void>;
}

const pollMs = 250;

export const leasing = ({ leases, log, now, leaseMs, held, lose, yieldUp }: Ports): Leasing => {
  const isOurs = ({ heldUntil, lost }: Holding): boolean => heldUntil > now() && !lost.signal.aborted;

  const acquire = async (one: Holding): Promise<boolean> => {
    const asked = now();
    const lease = await leases.acquire(one.id);
    if (lease === null) return false;
    // Another replica had it meanwhile: what we took for true may be so no more.
    if (one.fence !== 0n && one.fence !== lease.fence) {
      lose(one);
      await leases.release(one.id);
      return false;
    }
    one.fence = lease.fence;
    one.heldSince = now();
    one.heldUntil = asked + leaseMs;
    return true;
  };

  const ours = (): readonly Holding[] => [...held.values()].filter(({ heldUntil }) => heldUntil > 0);

  return {
    isOurs,
    async own(one, patienceMs, signal) {
      const until = now() + patienceMs;
      let waited = false;
      while (!isOurs(one)) {
        if (one.lost.signal.aborted) throw elsewhere();
        one.acquiring ??= acquire(one).finally(() => (one.acquiring = null));
        if (await one.acquiring) continue;
        if (now() >= until || signal.aborted) throw elsewhere();
        waited = true;
        await pause(pollMs, signal);
      }
      return waited;
    },
    async release(one) {
      if (one.heldUntil === 0) return;
      one.heldUntil = 0;
      await leases
        .release(one.id)
        .catch((error: unknown) => log.warn({ controller: one.id, ...told(error) }, 'lease.unreleased'));
    },
    async renew() {
      const asked = now();
      const all = ours();
      if (all.length === 0) return;
      try {
        const { lost, wanted } = await leases.renew(all.map(({ id }) => id));
        const [gone, asking] = [new Set(lost), new Set(wanted)];
        for (const one of all) {
          // What was let go, or taken anew, while the question was under way is none of its answer's business.
          if (one.heldUntil === 0 || one.heldUntil > asked + leaseMs) continue;
          if (gone.has(one.id)) lose(one);
          else one.heldUntil = asked + leaseMs;
          if (asking.has(one.id)) yieldUp(one);
        }
      } catch (error) {
        // Cut off from the database: let go of a controller before another replica can take it.
        log.warn(told(error), 'lease.unrenewed');
        for (const one of all) if (one.heldUntil < now() + leaseMs / 3) lose(one);
      }
    },
    async heed() {
      if (ours().length === 0) return;
      for (const id of await leases.wanted()) {
        const one = held.get(id);
        if (one !== undefined) yieldUp(one);
      }
    },
  };
};

const elsewhere = (): Fault => new Fault('controller-busy', 'another replica holds this controller', { retryAfter: 2 });
