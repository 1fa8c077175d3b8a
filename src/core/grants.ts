import { isFor, type Identity } from '../domain/caller.ts';
import type { Grant } from '../domain/grant.ts';
import type { Grants } from '../ports/services.ts';

/** The grants that are not over, in memory, at most a second old: every request looks, and few things are granted. */
export interface GrantRegister {
  /** Those meant for this identity, in force or to be. */
  of(identity: Identity, groups: readonly string[]): Promise<readonly Grant[]>;
  /** Whether anything is granted to a group: only then is it worth asking for somebody's groups. */
  hasGroups(): Promise<boolean>;
  /** Those with a tag selector in a project; changing what they select on asks for the right to grant. */
  selecting(projectId: string): Promise<readonly Grant[]>;
  /** What was changed here counts here at once. */
  forget(): void;
}

const freshMs = 1_000;

interface Known {
  readonly version: string;
  readonly open: readonly Grant[];
  readonly hasGroups: boolean;
}

/** By `now`, in milliseconds of a clock that only goes forward. */
export const grantRegister = (grants: Pick<Grants, 'version' | 'open'>, now: () => number): GrantRegister => {
  let known: Known | null = null;
  let lookedAt = -Infinity;
  let flight: Promise<Known> | null = null;

  /** Grows when something is changed here, so that a look from before it counts for nobody after it. */
  let changes = 0;

  const look = async (): Promise<Known> => {
    const [startedAt, before] = [now(), changes];
    // The number first: what is changed between the two questions then shows in the next one.
    const version = await grants.version();
    const open = known?.version === version ? known.open : await grants.open();
    const found = { version, open, hasGroups: open.some(({ grantee }) => grantee.kind === 'group') };
    if (before === changes) {
      known = found;
      lookedAt = startedAt;
    }
    return found;
  };
  const current = async (): Promise<Known> => {
    if (known !== null && now() - lookedAt < freshMs) return known;
    if (flight !== null) return flight;
    const mine = look().finally(() => {
      if (flight === mine) flight = null;
    });
    flight = mine;
    return mine;
  };

  return {
    of: async (identity, groups) => (await current()).open.filter((grant) => isFor(grant, identity, groups)),
    hasGroups: async () => (await current()).hasGroups,
    selecting: async (projectId) =>
      (await current()).open.filter((grant) => grant.projectId === projectId && grant.machineId === null),
    forget() {
      changes += 1;
      lookedAt = -Infinity;
      flight = null;
    },
  };
};
