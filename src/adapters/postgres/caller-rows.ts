import type { Identity } from '../../domain/identity.ts';
import type { RecordedCaller } from '../../ports/services.ts';

/** A caller as JSON has it. */
export interface StoredCaller extends Omit<RecordedCaller, 'identity' | 'groups'> {
  /** Absent in what an earlier release queued. */
  readonly groups?: readonly string[];
  readonly identity: Omit<Identity, 'expiresAt'> & { readonly expiresAt: string };
}

export const callerOf = ({ identity, groups = [], ...rest }: StoredCaller): RecordedCaller => ({
  ...rest,
  groups,
  identity: { ...identity, expiresAt: new Date(identity.expiresAt) },
});
