import type { Caller, Identity, Person, Scope } from '../domain/caller.ts';
import type { BindingRole, Controller, Credential } from '../domain/controller.ts';
import type { Execution, ExecutionTarget } from '../domain/execution.ts';
import type { Act, JournalRecord } from '../domain/journal.ts';
import type { Grant } from '../domain/grant.ts';
import type { Filter } from '../domain/filter.ts';
import type { ControllerField, MachineField, RecordField } from '../domain/list-fields.ts';
import type { SortKey, TagFilter } from '../domain/list-query.ts';
import type { Machine, SshEndpoint } from '../domain/machine.ts';
import type { PowerState } from '../domain/power.ts';
import type { Secret } from '../domain/secret.ts';
import type { Condition } from './broker.ts';

/** A page of a collection: at most `limit`, after the item whose id is `marker`. */
export interface PlaceQuery {
  readonly limit: number;
  readonly marker: string | null;
}

/** Of what fits every filter. */
export interface PageQuery<Field extends string> extends PlaceQuery {
  readonly filters: readonly Filter<Field>[];
  /** By the first; what it leaves equal, by the next. */
  readonly sort: readonly SortKey<Field>[];
  readonly withCount: boolean;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly isLast: boolean;
  /** Of all that fits, when that was asked for. */
  readonly count: number | null;
}

export interface MachineQuery extends PageQuery<MachineField> {
  readonly tags: TagFilter;
  /** The ids that come into question; null: all. */
  readonly among: readonly string[] | null;
}

export interface NewController {
  readonly projectId: string | null;
  readonly driver: string;
  readonly address: string;
  readonly port: number;
  readonly credential: Credential;
  readonly options: Readonly<Record<string, unknown>>;
  /** Null: as the setting says. */
  readonly maxSessions: number | null;
}

export interface NewBinding {
  readonly controller: { readonly id: string } | NewController;
  readonly roles: readonly BindingRole[];
  readonly selector: string | null;
}

export interface NewSsh extends SshEndpoint {
  readonly privateKey: Secret;
}

type Described = 'name' | 'projectId' | 'projectDomainId' | 'description' | 'tags' | 'ports' | 'maintenance';

export interface NewMachine extends Pick<Machine, Described> {
  readonly bindings: readonly NewBinding[];
  readonly ssh: NewSsh | null;
}

/** What may change of a machine; an absent member stays. */
export type MachineChange = Partial<
  Omit<NewMachine, 'ssh'> & { readonly ssh: NewSsh | SshEndpoint | null; readonly loan: NewGrant | null }
>;

/** Reads and writes machines, never beyond the scope. An id or a name serves; a name resolves in `projectId` first. */
export interface Machines {
  /** Faults: `not-found`, `ambiguous`. */
  get(idOrName: string, caller: Caller): Promise<Machine>;
  /** Faults: `invalid-input` for an unknown marker. */
  list(query: MachineQuery, scope: Scope): Promise<Page<Machine>>;
  /** Faults: `conflict` when the name or a controller's address is taken. */
  create(machine: NewMachine): Promise<Machine>;
  /** Faults: `precondition-failed` when `revision` is given and no longer the current one, `conflict`, `not-found`. */
  update(id: string, change: MachineChange, revision: number | null): Promise<Machine>;
  /**
   * Also drops controllers that were its alone. Faults: `precondition-failed`, `in-use` while something other than
   * the act `actId` runs on it.
   */
  delete(id: string, revision: number | null, actId: string): Promise<void>;
  /** For the journal alone: whether something by that name exists beyond what a caller may see. */
  beyond(idOrName: string): Promise<{ readonly id: string; readonly projectId: string } | null>;
  /** Opens the sealed private key. */
  privateKey(id: string): Promise<Secret>;
}

export interface Controllers {
  get(id: string, scope: Scope): Promise<Controller & { readonly machineProjects: readonly string[] }>;
  /** Faults: `invalid-input` for an unknown marker. */
  list(query: PageQuery<ControllerField>, scope: Scope): Promise<Page<Controller>>;
  create(controller: NewController): Promise<Controller>;
  update(id: string, change: Partial<Omit<NewController, 'credential'>>, revision: number | null): Promise<Controller>;
  /** Faults: `in-use` while a machine is bound to it. */
  delete(id: string, revision: number | null): Promise<void>;
  setCredential(id: string, credential: Credential, revision: number | null): Promise<void>;
  beyond(id: string): Promise<{ readonly id: string; readonly projectId: string | null } | null>;
  /** What it takes to log in, opened, and whether that makes sense now; for the lease keeper alone. Null when the controller is gone. */
  endpoint(id: string): Promise<{
    readonly controller: Controller;
    readonly credential: Credential;
    readonly standing: Condition;
  } | null>;
}

export type NewRecord = Omit<JournalRecord, 'id' | 'at' | 'replicaId'>;

export interface JournalQuery extends PageQuery<RecordField> {
  /** Id or name of a machine, or of whatever else was the target. */
  readonly machine: string | null;
  readonly since: Date | null;
}

/** Append-only. */
export interface Journal {
  append(record: NewRecord): Promise<void>;
  /** Faults: `invalid-input` for an unknown marker. */
  list(query: JournalQuery, scope: Scope): Promise<Page<JournalRecord>>;
  act(id: string, caller: Caller): Promise<Act | null>;
  /** Appends the outcome `unknown` to each intent whose replica is gone; the number of them. */
  sweep(): Promise<number>;
}

/** A controller's work is done by the one replica that holds its lease, which it does as long as it lives or until it releases it. */
export interface Leases {
  /** Takes or keeps the lease. Null: another replica holds it, and is told that it is wanted (`wanted <holder>`, by the bell for relays). The fence grows with each change of holder. */
  acquire(controllerId: string): Promise<{ readonly fence: bigint } | null>;
  /** Another replica that holds it, is alive and not about to leave; null: there is none. */
  holder(controllerId: string): Promise<string | null>;
  /** Of these, those that are not ours after all: the controller was deleted, or the database has lost what it had said. */
  astray(controllerIds: readonly string[]): Promise<readonly string[]>;
  /** Of ours, those that another replica waits for. */
  wanted(): Promise<readonly string[]>;
  release(controllerId: string): Promise<void>;
}

/** What controllers said that they cannot do. */
export interface Lacks {
  of(
    controllerId: string,
  ): Promise<readonly { readonly operation: string; readonly learntAt: Date; readonly detail: string }[]>;
}

/** The sessions that Igor has with controllers, in whichever replica. */
export interface OpenSessions {
  of(controllerId: string): Promise<
    readonly {
      /** Null: not told. */
      readonly handle: number | null;
      readonly purpose: string;
      readonly replicaId: string;
      readonly openedAt: Date;
    }[]
  >;
}

/** As much of a machine as observing needs. */
export type ObservedMachine = Pick<Machine, 'id' | 'bindings'>;

/** A controller that is due for a look, and the machines whose power it tells. */
export interface ObservedController {
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
  readonly revision: number;
  readonly machineIds: readonly string[];
}

export interface PowerReading {
  readonly machineId: string;
  readonly state: PowerState;
  /** Milliseconds since the device was asked, and since it answered. */
  readonly askedMs: number;
  readonly answeredMs: number;
}

export interface Observations {
  /** In one statement. What was asked before the last change of that machine was sent tells nothing, and is passed over. */
  power(readings: readonly PowerReading[]): Promise<void>;
  /** What was observed is from before a change that is about to be sent. */
  outdate(machineId: string, wanted: PowerState | null): Promise<void>;
  /**
   * Claims controllers that are due for a look, for this replica alone; of those that answer, or of those that did not
   * last time. Not those that another one's lease keeps from it, nor those that refused our credentials.
   */
  claimDue(intervalMs: number, most: number, of: 'alive' | 'dead'): Promise<readonly ObservedController[]>;
}

/** What sensors showed, for a while: some 2000 readings of a machine, no two of them within ten seconds. */
export interface Samples {
  /** Keeps values by the ids of their sensors, unless some of that machine were kept just before. */
  keep(machineId: string, readings: Readonly<Record<string, number>>): Promise<void>;
  /** The oldest first; null: from the first, to the last. */
  list(
    machineId: string,
    sensorId: string,
    between: { readonly since: Date | null; readonly until: Date | null },
  ): Promise<readonly { readonly at: Date; readonly value: number }[]>;
  /**
   * Claims machines whose sensors are due to be read, for this replica alone; not those that another one's lease keeps
   * from it, nor those whose controller does not let us in or does not answer.
   */
  claimDue(intervalMs: number, most: number): Promise<readonly ObservedMachine[]>;
  /** Removes some that are more than so many hours old; the number of them. */
  prune(hours: number): Promise<number>;
}

export interface ExecutionClaim {
  readonly executionId: string;
  readonly machineId: string;
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly caller: RecordedCaller;
}

/** A caller as a queue keeps it: without its token. */
export interface RecordedCaller {
  readonly identity: Identity;
  readonly groups: readonly string[];
  readonly requestId: string;
  readonly globalRequestId: string | null;
}

export interface Executions {
  create(
    caller: RecordedCaller,
    command: readonly string[],
    timeoutMs: number,
    machines: readonly Machine[],
  ): Promise<Execution>;
  get(id: string, caller: Caller): Promise<Execution>;
  /** Claims queued targets for this replica. */
  claim(most: number): Promise<readonly ExecutionClaim[]>;
  settle(executionId: string, target: Omit<ExecutionTarget, 'machineName'>): Promise<void>;
  /** Targets that ran in a replica that is gone become `unknown`. */
  sweep(): Promise<number>;
  /** Removes some that were asked for more than so many days ago and have ended; the number of them. */
  prune(days: number): Promise<number>;
  beyond(id: string): Promise<{ readonly id: string; readonly projectId: string | null } | null>;
}

export type NewGrant = Omit<Grant, 'id' | 'approvedBy' | 'revokedAt' | 'revision' | 'createdAt'>;

/** What may change of a grant; an absent member stays. */
export type GrantChange = Partial<Pick<Grant, 'permissions' | 'hours' | 'reason'> & { readonly until: Date }>;

export interface GrantQuery extends PlaceQuery {
  readonly machineId: string | null;
  readonly projectId: string | null;
  /** Whether the caller may read those of the projects in his scope, beside his own. */
  readonly mayReadProject: boolean;
}

export interface Grants {
  /** Another one after each change of any grant. */
  version(): Promise<string>;
  /** Those that are not over. */
  open(): Promise<readonly Grant[]>;
  /** Faults: `not-found`, also for one that the caller has nothing to do with. */
  get(id: string, caller: Caller): Promise<Grant>;
  list(query: GrantQuery, caller: Caller): Promise<readonly Grant[]>;
  /** Faults: `conflict` when the project has too many. */
  create(grant: NewGrant): Promise<Grant>;
  update(id: string, change: GrantChange, revision: number | null): Promise<Grant>;
  /** Faults: `conflict` when it does not wait for one, or for this person's. */
  approve(id: string, approver: Grant['grantedBy']): Promise<Grant>;
  revoke(id: string, revision: number | null): Promise<Grant>;
}

/** In whose name something is asked for. */
export type Asker = Pick<Caller, 'identity' | 'token' | 'requestId' | 'globalRequestId'>;

/** Whose groups Keystone lists. */
export interface Groups {
  /**
   * Ids of the user's groups, asked with his own token and remembered as long as its validation. Null where Keystone refuses,
   * and for application credentials and trusts.
   */
  of(asker: Asker, signal: AbortSignal): Promise<readonly string[] | null>;
}

/** Questions to Keystone on a caller's behalf. */
export interface Projects {
  /** Null: there is none, or this caller may not see it. */
  find(
    projectId: string,
    asker: Asker,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly domainId: string; readonly name: string } | null>;
}

/** Whether an address lies where Igor may reach. */
export interface Reach {
  /** The addresses of a host, all of them permitted. Faults: `invalid-input` naming the reason. */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** How a token is to be validated. */
export interface TokenQuestion {
  /** Whether one that has ended serves too, for Keystone's `allow_expired_window`: only where a service passes it on. */
  readonly allowExpired: boolean;
  /** Whose refused tokens are counted; null: nobody's. */
  readonly address: string | null;
  /** For Keystone's log. */
  readonly requestId: string | null;
}

/** Validates tokens. Faults: `unauthenticated`, `too-many-requests`, and the `identity-…` of a Keystone in trouble. */
export interface Tokens {
  /** Trusts for a while what was found before. */
  validate(token: Secret, question: TokenQuestion, signal: AbortSignal): Promise<Identity>;
}

/** What a directory says of a user. */
export type Standing =
  { readonly state: 'active'; readonly person: Person } | { readonly state: 'disabled' | 'absent' | 'ambiguous' };

/** Whom an identity provider's users are looked up with. */
export interface Directory {
  /** By the name that Keystone has for the user. Faults: `directory-unavailable`. */
  standingOf(userName: string): Promise<Standing>;
}

export interface Log {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
  child(fields: object): Log;
}
