import type { PolicyTarget } from '../domain/policy.ts';

/** What rules look at, and the machine that a grant or a loan may open. */
export interface Subject {
  /** A `Kind`. */
  readonly kind: string;
  readonly target: PolicyTarget;
  readonly machine: MachineMarks | null;
}

/** Of a machine, what decides who may do something to it. */
export interface MachineMarks {
  readonly id: string;
  readonly projectId: string;
  readonly projectDomainId: string;
  readonly tags: readonly string[];
}

export const about = (kind: string, target: PolicyTarget): Subject => ({ kind, target, machine: null });

/** A machine, as what an act is on. */
export const ofMachine = (machine: MachineMarks): Subject => ({
  kind: 'machine',
  target: { project_id: machine.projectId, project_domain_id: machine.projectDomainId },
  machine,
});
