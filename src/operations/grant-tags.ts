import type { GrantRegister } from '../core/grants.ts';
import type { Machine } from '../domain/machine.ts';
import type { Permission } from '../domain/policy.ts';

/** Whoever puts on or takes off a tag that grants select on gives or takes permissions, and so must be one who may grant. */
export const mayRetag = async (
  machine: Pick<Machine, 'projectId' | 'tags'>,
  tags: readonly string[],
  register: GrantRegister,
  demand: (permission: Permission) => void,
): Promise<void> => {
  const changed = new Set([
    ...tags.filter((tag) => !machine.tags.includes(tag)),
    ...machine.tags.filter((tag) => !tags.includes(tag)),
  ]);
  if (changed.size === 0) return;
  const selecting = await register.selecting(machine.projectId);
  if (selecting.some((grant) => grant.tags.some((tag) => changed.has(tag)))) demand('oob:grant:create');
};
