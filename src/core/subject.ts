import type { Machine } from '../domain/machine.ts';
import type { PolicyTarget } from '../domain/policy.ts';

/** What rules look at, and the machine that a grant or a loan may open. */
export interface Subject {
  /** A `Kind`. */
  readonly kind: string;
  readonly target: PolicyTarget;
  readonly machine: Machine | null;
}

export const about = (kind: string, target: PolicyTarget): Subject => ({ kind, target, machine: null });

/** A machine, as what an act is on. */
export const ofMachine = (machine: Machine): Subject => ({
  kind: 'machine',
  target: { project_id: machine.projectId, project_domain_id: machine.projectDomainId },
  machine,
});
