import { z } from 'zod';
import type { Caller } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import { projectId } from '../domain/host-name.ts';
import type { Machine } from '../domain/machine.ts';
import type { Policy } from '../domain/policy.ts';
import type { NewGrant } from '../ports/services.ts';
import { grantedPermissions, mustHold, withAlways } from './grant-input.ts';

export const lesseeInput = z
  .strictObject({ project_id: projectId, permissions: grantedPermissions })
  .nullable()
  .describe('The project that it is lent to, until it is taken back');

/** The loan that a machine's `lessee` stands for. Faults: `forbidden` for what the lender does not hold, `invalid-input`. */
export const loanTo = (
  lessee: z.output<typeof lesseeInput>,
  machine: Machine,
  caller: Caller,
  rules: Pick<Policy, 'permits'>,
): NewGrant | null => {
  if (lessee === null) return null;
  if (lessee.project_id === machine.projectId)
    throw new Fault('invalid-input', 'machine.lessee.project_id: owns the machine already');
  const permissions = withAlways(lessee.permissions);
  mustHold(rules, caller, permissions, machine.projectId);
  const { userId, userName } = caller.identity;
  return {
    kind: 'loan',
    projectId: machine.projectId,
    machineId: machine.id,
    tags: [],
    permissions,
    grantee: { kind: 'project', id: lessee.project_id },
    from: new Date(),
    until: null,
    timeZone: 'UTC',
    hours: [],
    reason: 'lessee',
    grantedBy: { id: userId, name: userName },
    approveBy: null,
    minutes: null,
  };
};
