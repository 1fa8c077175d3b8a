import type { Scope } from '../../domain/caller.ts';
import type { Where } from './filters.ts';

/** Which machines lie within a scope, as a condition on the row `m`; null: all of them. */
export interface Visible {
  readonly condition: string;
  readonly values: readonly unknown[];
  /** Tells conditions of different text apart, for the names of prepared statements. */
  readonly shape: string;
}

/** By its parameters from `$first` on. A grant counts for machines of the project that gave it alone. */
export const visible = (scope: Scope, first: number): Visible | null => {
  if (scope.kind === 'all') return null;
  const parts: string[] = [];
  const values: unknown[] = [];
  const parameter = (value: unknown): string => {
    values.push(value);
    return `$${first + values.length - 1}`;
  };
  if (scope.kind === 'project') parts.push(`m.project_id = ${parameter(scope.projectId)}`);
  if (scope.kind === 'domain') parts.push(`m.project_domain_id = ${parameter(scope.domainId)}`);
  if (scope.grants.length > 0)
    parts.push(`EXISTS (SELECT 1 FROM grants g WHERE g.id = ANY(${parameter(scope.grants)}::uuid[]) AND g.project_id = m.project_id
      AND (g.machine_id = m.id OR g.machine_id IS NULL AND m.tags @> g.tags))`);
  const condition = parts.length === 0 ? 'false' : `(${parts.join(' OR ')})`;
  return { condition, values, shape: `${scope.kind}${scope.grants.length > 0 ? '+grants' : ''}` };
};

/** The same, among other conditions. */
export const within = (to: Where, scope: Scope): void => {
  const seen = visible(scope, to.values.length + 1);
  if (seen === null) return;
  for (const value of seen.values) to.parameter(value);
  to.require(seen.condition);
};
