import { z } from 'zod';
import type { Delegation } from './caller.ts';

/** `read` is not journalled; `reveal` is a read worth a row; `change` and `disrupt` are sent once. */
export type Effect = 'read' | 'reveal' | 'change' | 'disrupt';

/** `missed`: what the caller asked for exists beyond what it may see. */
export const recordKind = z.enum(['intent', 'outcome', 'denied', 'missed']);
export type RecordKind = z.infer<typeof recordKind>;

/** What the device did, whatever became of the answer. */
export const outcome = z.enum(['done', 'failed', 'unknown']);
export type Outcome = z.infer<typeof outcome>;

/** A row of the journal. Who and what are values, not references: a journal outlives what it tells of. */
export interface JournalRecord {
  readonly id: string;
  readonly actId: string;
  readonly kind: RecordKind;
  readonly at: Date;
  readonly operation: string;
  readonly effect: Effect;
  readonly requestId: string;
  readonly globalRequestId: string | null;
  readonly userId: string;
  readonly userName: string;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly roles: readonly string[];
  readonly permission: string;
  readonly targetKind: string;
  readonly targetId: string | null;
  readonly targetName: string | null;
  readonly targetProjectId: string | null;
  /** Where it was sent to: controllers' addresses. */
  readonly addresses: readonly string[];
  /** The decoded input, secrets masked. */
  readonly input: unknown;
  readonly outcome: Outcome | null;
  /** A fault's code, for `failed`, `unknown`, `denied` and `missed`. */
  readonly code: string | null;
  readonly detail: string | null;
  readonly replicaId: string;
  /** Where the request came from, as far as the trusted proxies tell. */
  readonly address: string | null;
  /** The rule's clause, the grant or the loan that decided; null for `missed`, of which nothing was decided. */
  readonly decidedBy: string | null;
  /** The service that passed the request on, by a token of its own. */
  readonly serviceId: string | null;
  readonly serviceName: string | null;
  /** Who the user is by the directory behind Keystone, where one is asked. */
  readonly personName: string | null;
  readonly personEmail: string | null;
  /** By what the token acted for somebody. */
  readonly delegation: Delegation | null;
  /** The operation's method and its path below `/v1`, with `{machine}` as in the document; null for queued work. */
  readonly method: string | null;
  readonly route: string | null;
}

/** Whether a fault after sending leaves it open what the device did. */
export const outcomeOf = (code: string): Outcome => (code === 'outcome-unknown' ? 'unknown' : 'failed');

/** One act as its rows tell it. */
export interface Act {
  readonly id: string;
  readonly operation: string;
  readonly state: 'running' | 'succeeded' | 'failed' | 'unknown';
  readonly userId: string;
  readonly projectId: string | null;
  readonly targetKind: string;
  readonly targetId: string | null;
  readonly targetName: string | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}
