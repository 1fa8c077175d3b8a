import { isDeepStrictEqual } from 'node:util';
import type { GrantRegister } from '../core/grants.ts';
import type { Caller } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import type { Machine } from '../domain/machine.ts';
import type { Permission } from '../domain/policy.ts';
import type { MachineChange, Machines } from '../ports/services.ts';
import { mayRetag } from './grant-tags.ts';
import { mostTags } from './machine-input.ts';

interface Change {
  readonly caller: Caller;
  readonly machine: Machine;
  readonly machines: Machines;
  readonly register: GrantRegister;
  readonly demand: (permission: Permission) => void;
  /** The revision that `If-Match` names. */
  readonly revision: number | null;
}

/** How often it begins anew when others change the machine meanwhile. */
const mostTries = 5;

/**
 * The one way in which a machine's tags change, alone or with other fields: what they become is worked out from what they
 * are, and written only if they still are that. Faults: `precondition-failed`, `invalid-input` for too many.
 */
export const retag = async (
  { caller, machine, machines, register, demand, revision }: Change,
  wanted: (tags: readonly string[]) => readonly string[],
  others: Omit<MachineChange, 'tags'> = {},
): Promise<Machine> => {
  let current = machine;
  for (let tries = 1; ; tries += 1) {
    if (revision !== null && revision !== current.revision)
      throw new Fault('precondition-failed', `the machine is at revision ${current.revision} now`);
    const tags = [...new Set(wanted(current.tags))];
    if (tags.length > mostTags) throw new Fault('invalid-input', `tags: a machine has at most ${mostTags}`);
    if (isDeepStrictEqual(tags, current.tags) && Object.keys(others).length === 0) return current;
    await mayRetag(current, tags, register, demand);
    try {
      return await machines.update(current.id, { ...others, tags }, current.revision);
    } catch (thrown) {
      const isOvertaken = thrown instanceof Fault && thrown.code === 'precondition-failed';
      if (!isOvertaken || tries === mostTries) throw thrown;
      current = await machines.get(current.id, caller);
    }
  }
};
