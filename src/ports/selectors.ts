import type { Caller, Scope } from '../domain/caller.ts';
import type { SelectorField } from '../domain/list-fields.ts';
import type { Selector } from '../domain/selector.ts';
import type { Page, PageQuery } from './services.ts';

export type NewSelector = Omit<Selector, 'id' | 'revision' | 'createdAt' | 'updatedAt'>;
export type SelectorChange = Partial<Pick<Selector, 'name' | 'description' | 'expression' | 'tags' | 'filter'>>;

/** Saved selections. None names itself, by whatever way; one that another names neither goes nor is called otherwise. */
export interface Selectors {
  /** By its id, or by its name in the caller's own project. Faults: `not-found`. */
  get(idOrName: string, caller: Caller): Promise<Selector>;
  /** Those of a project that have one of these names, in any case, or one of these ids; in one statement. */
  among(words: readonly string[], projectId: string): Promise<readonly Selector[]>;
  /** Faults: `invalid-input` for an unknown marker. */
  list(query: PageQuery<SelectorField>, scope: Scope): Promise<Page<Selector>>;
  /** Faults: `conflict` when the name is taken, the project has too many, or selectors would name themselves. */
  create(selector: NewSelector): Promise<Selector>;
  /** `change` is asked for what becomes of it as it is now. Faults: as above, `precondition-failed`, `in-use`, `not-found`. */
  update(id: string, change: (current: Selector) => SelectorChange, revision: number | null): Promise<Selector>;
  /** Faults: `precondition-failed`, `in-use` while another one names it, `not-found`. */
  delete(id: string, revision: number | null): Promise<void>;
}
