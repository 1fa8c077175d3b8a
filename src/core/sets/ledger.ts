import { Fault, told } from '../../domain/fault.ts';
import type { OperationSets, Place, Settlement } from '../../ports/operation-sets.ts';
import type { Log } from '../../ports/services.ts';
import { gathered } from '../gathered.ts';

type Beginning = Parameters<OperationSets['begin']>[1][number];

/** What this replica tells the database of targets, for each set together what comes together. */
export interface Ledger {
  /** Whether it is still ours to do. */
  begin(beginning: Beginning): Promise<boolean>;
  /** Tries for minutes while the database is away: what was done is known nowhere else. */
  settle(settlement: Settlement): Promise<void>;
  /** Likewise. */
  giveBack(place: Place): Promise<void>;
}

interface Ports {
  readonly sets: Pick<OperationSets, 'begin' | 'settle' | 'giveBack'>;
  readonly log: Log;
}

/** Long enough for a database to be restarted. What then is not told becomes `unknown`. */
const retrySeconds: readonly number[] = [0.25, 0.5, 1, 2, 5, 10, 30, 60];

export const ledger = ({ sets, log }: Ports): Ledger => {
  const begun = new WeakSet<Beginning>();
  const beginnings = perSet<Beginning>(async (setId, items) => {
    const ours = await sets.begin(setId, items);
    for (const item of items) if (ours.has(item.position)) begun.add(item);
  });
  const insistently = async (setId: string, write: () => Promise<void>): Promise<void> => {
    for (const seconds of [...retrySeconds, null])
      try {
        await write();
        return;
      } catch (error) {
        if (seconds === null || !(error instanceof Fault) || error.code !== 'store-unavailable') throw error;
        log.warn({ set: setId, ...told(error) }, 'operation.settled-late');
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      }
  };
  return {
    async begin(beginning) {
      await beginnings(beginning);
      return begun.has(beginning);
    },
    settle: perSet<Settlement>(async (setId, items) => insistently(setId, async () => sets.settle(setId, items))),
    giveBack: perSet<Place>(async (setId, items) => insistently(setId, async () => sets.giveBack(setId, items))),
  };
};

/** One statement at a time for each set; what arrives meanwhile goes with the next. */
const perSet = <T extends { readonly setId: string }>(
  write: (setId: string, items: readonly T[]) => Promise<void>,
): ((item: T) => Promise<void>) => {
  const open = new Map<string, { readonly add: (items: readonly T[]) => Promise<void>; users: number }>();
  return async (item) => {
    const { setId } = item;
    const one = open.get(setId) ?? { add: gathered<T>(async (items) => write(setId, items)), users: 0 };
    open.set(setId, one);
    one.users += 1;
    try {
      await one.add([item]);
    } finally {
      one.users -= 1;
      if (one.users === 0) open.delete(setId);
    }
  };
};
