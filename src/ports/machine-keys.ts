import type { Scope } from '../domain/caller.ts';
import type { Filter } from '../domain/filter.ts';
import type { MachineField } from '../domain/list-fields.ts';
import type { TagFilter } from '../domain/list-query.ts';
import type { Machine } from '../domain/machine.ts';

/** As much of a machine as tells whether it was meant. */
export interface MachineKey {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
}

/** Which machines are meant, many at a time, never beyond the scope. Each is one statement. */
export interface MachineKeys {
  /** Those that have one of these names, in any case, or one of these ids. */
  named(names: readonly string[], ids: readonly string[], scope: Scope): Promise<readonly MachineKey[]>;
  /** Those that carry some of these tags, each with the ones of them that it carries; at most `most`. */
  tagged(
    tags: readonly string[],
    most: number,
    scope: Scope,
  ): Promise<readonly (MachineKey & { readonly tags: readonly string[] })[]>;
  /** Those that fit; at most `most`. `among` are the ids that come into question; null: all. */
  fitting(
    query: {
      readonly filters: readonly Filter<MachineField>[];
      readonly tags: TagFilter;
      readonly among: readonly string[] | null;
      readonly most: number;
    },
    scope: Scope,
  ): Promise<readonly MachineKey[]>;
  /** The machines themselves, in whatever order, without those that are gone. */
  load(ids: readonly string[], scope: Scope): Promise<readonly Machine[]>;
}
