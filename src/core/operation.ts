import { z } from 'zod';
import type { Caller } from '../domain/caller.ts';
import type { Controller } from '../domain/controller.ts';
import type { Execution } from '../domain/execution.ts';
import type { FaultCode } from '../domain/fault.ts';
import type { Grant } from '../domain/grant.ts';
import type { Act, Effect } from '../domain/journal.ts';
import type { Machine } from '../domain/machine.ts';
import type { Selector } from '../domain/selector.ts';
import type { Selectors } from '../ports/selectors.ts';
import type { Decision, Permission, Policy } from '../domain/policy.ts';
import type { OperationSet } from '../domain/operation-set.ts';
import type { PowerState } from '../domain/power.ts';
import type { Schedule } from '../domain/schedule.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Subscriptions, Webhooks } from '../ports/subscriptions.ts';
import type { Capabilities, Capability, Driver, Visits } from '../ports/controller.ts';
import type { LogArchives } from '../ports/log-archives.ts';
import type { OperationSets } from '../ports/operation-sets.ts';
import type { Remote } from '../ports/remote.ts';
import type { Replicas } from '../ports/replicas.ts';
import type { Schedules } from '../ports/schedules.ts';
import type {
  Controllers,
  Executions,
  Grants,
  Groups,
  Journal,
  Lacks,
  Machines,
  OpenSessions,
  Projects,
  Reach,
  Samples,
} from '../ports/services.ts';
import type { Mandates } from './schedules/mandate.ts';
import type { Fleet } from './sets/fleet.ts';
import type { Progress } from './sets/progress.ts';
import type { EventFeed } from './event-feed.ts';
import type { Rotation } from './rotation.ts';
import type { GrantRegister } from './grants.ts';
import type { Mover } from './mover.ts';
import type { Mean, Select } from './selection.ts';
import type { Subject } from './subject.ts';

/** What an operation may be on: where its path begins, and what is found there. */
export interface Kinds {
  machine: { path: `/machines/{machine}${string}`; found: Machine };
  controller: { path: `/controllers/{controller}${string}`; found: Controller };
  execution: { path: `/executions/{execution}${string}`; found: Execution };
  grant: { path: `/grants/{grant}${string}`; found: Grant };
  selector: { path: `/selectors/{selector}${string}`; found: Selector };
  operation: { path: `/operations/{operation}${string}`; found: FoundOperation };
  schedule: { path: `/schedules/{schedule}${string}`; found: Schedule };
  subscription: { path: `/subscriptions/{subscription}${string}`; found: Subscription };
  service: { path: `/${string}`; found: null };
}
/** One that a request did to one thing, or one on a set. */
export type FoundOperation =
  { readonly act: Act; readonly set: null } | { readonly act: null; readonly set: OperationSet };
export type Kind = keyof Kinds;
export type Found<On extends Kind> = { readonly [K in On]: Kinds[K]['found'] };

/** What operations may use, each by naming it. */
export interface Services {
  readonly machines: Machines;
  readonly controllers: Controllers;
  readonly executions: Executions;
  readonly samples: Samples;
  readonly grants: Grants;
  readonly register: GrantRegister;
  readonly groups: Groups;
  /** Minutes within which a break-glass request must be approved. */
  readonly approvalMinutes: number;
  /** What a caller may do to machines. */
  readonly allowedActions: (caller: Caller) => (machine: Machine) => readonly Permission[];
  /** Tells operators of what must not go unseen. */
  readonly alarm: (event: Alarm, fields: object) => void;
  /** The rules alone, without what is granted: who may grant holds it by a rule. */
  readonly rules: Pick<Policy, 'permits' | 'grantedIn'>;
  readonly journal: Journal;
  /** Operations on sets. */
  readonly sets: OperationSets;
  readonly fleet: Fleet;
  readonly progress: Progress;
  readonly schedules: Schedules;
  /** What Igor may do in somebody's name while he is away. */
  readonly mandates: Mandates;
  readonly projects: Projects;
  /** The machines that somebody means, whatever he names them by. */
  readonly select: Select;
  /** The same, as their ids alone. */
  readonly meant: Mean;
  readonly selectors: Selectors;
  readonly reach: Reach;
  readonly remote: Remote;
  readonly logArchives: LogArchives;
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly lacks: Lacks;
  readonly openSessions: OpenSessions;
  readonly replicas: Pick<Replicas, 'list'>;
  /** What happened. */
  readonly feed: EventFeed;
  readonly subscriptions: Subscriptions;
  readonly webhooks: Pick<Webhooks, 'check'>;
  /** New passwords for Igor's own accounts. */
  readonly rotation: Rotation;
  /** Sessions beside those that a lease gives. */
  readonly visits: Visits;
  /** Changes of controllers' networks, which may cut us off. */
  readonly mover: Pick<Mover, 'change'>;
  /** Asks the device for its power and records it. */
  readonly look: (machine: Machine, signal: AbortSignal) => Promise<PowerState>;
  /** Commands that are sent raw because the operator insists: `06:52`. */
  readonly rawAllowed: ReadonlySet<string>;
  /** Milliseconds for which an observation counts as fresh. */
  readonly freshMs: number;
  /** Wakes the workers that run queued commands. */
  readonly wake: () => void;
  /** Whether a caller may do something to something, and what decides it. */
  readonly decide: (caller: Caller, permission: Permission, subject: Subject) => Decision;
}
type Service = keyof Services;

/** What is logged as a warning and counted, whoever did it. */
export type Alarm = 'break-glass.requested' | 'break-glass.approved';

/** What surrounds one act, whoever asked for it. */
export interface Ambit {
  /** The act's id, in the journal and under `/v1/operations`. */
  readonly id: string;
  readonly caller: Caller;
  /** The same one, by what is true of him now: a stream lasts long. */
  readonly latest: () => Caller;
  readonly signal: AbortSignal;
  /** An absolute link to a path of Igor's, as this caller reaches it. */
  readonly href: (path: string) => string;
  /** How long the caller wants to wait, in milliseconds; null: he did not say. */
  readonly patienceMs: number | null;
  /** The revision that `If-Match` names, if it names one. */
  readonly revision: number | null;
  /** `Idempotency-Key`: what was asked for with it before is not done again. */
  readonly idempotencyKey: string | null;
  /** Begins the answer of a stream that may have no event to send for long. */
  readonly open: () => void;
  /** Sends the next event of a stream; with an id by which a client goes on after it, on one line. */
  readonly emit: Emit;
  /** Refuses unless the caller also has this permission on what the operation is on; for inputs that ask for more. */
  readonly demand: (permission: Permission) => void;
  /** For the journal, beside the outcome: what was done in the course of it that the input does not tell. */
  readonly remark: (text: string) => void;
}

export type Emit<Event = unknown> = (event: Event, id?: string) => Promise<void>;

type Context<On extends Kind, Needs extends Capability, Uses extends Service, Input> = Omit<Ambit, 'open' | 'emit'> &
  Found<On> &
  Pick<Services, Uses> & { readonly input: Input; readonly device: Pick<Capabilities, Needs> };

/** How an output is answered, beside its body. */
export type SuccessStatus = 200 | 201 | 202 | 204;
export interface Answer {
  /** One of the declared; the first, if absent. */
  readonly status?: SuccessStatus;
  readonly location?: string;
  /** Of configuration, never of observations. */
  readonly revision?: number;
}

interface Declaration<
  On extends Kind,
  Needs extends Capability,
  Uses extends Service,
  I extends z.ZodObject,
  O extends z.ZodType,
> {
  readonly on: On;
  /** `thing.verb`: CLI words, `operationId`, journal and log key, metric label. */
  readonly name: `${string}.${string}`;
  /** For users: OpenAPI text, CLI help. */
  readonly summary: string;
  readonly permission: Permission;
  readonly effect: Effect;
  readonly needs?: readonly Needs[];
  readonly uses?: readonly Uses[];
  readonly input: I;
  /** Members of the input that the journal does not have: what they hold is not known until they are decoded further. */
  readonly withheld?: readonly (keyof z.output<I> & string)[];
  /** What is not declared here never leaves. */
  readonly output: O;
  /** Milliseconds that it may take longer than operations do, as its input asks; bounded by the input's own limits. */
  lastsMs?(input: z.output<I>): number;
  /**
   * Of what has no `needs` and may ask a device all the same: which capabilities it is going to use, so that it is passed on
   * to the replica that has the sessions.
   */
  asks?(context: Found<On> & Pick<Services, Uses> & { readonly input: z.output<I> }): readonly Capability[];
  run(context: Context<On, Needs, Uses, z.output<I>>): Promise<z.input<O>>;
}

interface Route<On extends Kind, O extends z.ZodType> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: Kinds[On]['path'];
  /** What a success may be answered with; 200, if absent. */
  readonly statuses?: readonly [SuccessStatus, ...SuccessStatus[]];
  /** What it may refuse with, beside what any operation of its shape may (http/openapi-faults.ts). */
  readonly faults?: readonly FaultCode[];
  readonly answer?: (output: z.output<O>) => Answer;
}

/** A declaration as the flow sees it, its types forgotten. */
export interface Step {
  readonly on: Kind;
  readonly name: string;
  /** Of what callers reach by a route of its own. */
  readonly method?: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path?: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly effect: Effect;
  readonly needs?: readonly Capability[];
  readonly uses?: readonly Service[];
  readonly input: z.ZodObject;
  readonly withheld?: readonly string[];
  readonly output: z.ZodType;
  lastsMs?(input: unknown): number;
  asks?(context: Services & Partial<Found<Kind>> & { readonly input: unknown }): readonly Capability[];
  run(context: Ambit & Services & Partial<Found<Kind>> & { input: unknown; device: Capabilities }): Promise<unknown>;
}

/** A step that callers reach by a route of their own. */
export interface Operation extends Step {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly statuses?: readonly [SuccessStatus, ...SuccessStatus[]];
  readonly faults?: readonly FaultCode[];
  /** Of a stream: what each of its events is. */
  readonly event?: z.ZodType;
  /** Of a stream: what may leave of an event, the same object for the same one. */
  readonly strip?: (event: unknown) => unknown;
  answer?(output: unknown): Answer;
}

/** Returns what it is given; exists so that TypeScript infers, and refuses what does not fit. */
export const operation = <
  On extends Kind,
  I extends z.ZodObject,
  O extends z.ZodType,
  Needs extends Capability = never,
  Uses extends Service = never,
>(
  declaration: Declaration<On, Needs, Uses, I, O> & Route<On, O>,
): Operation => declaration as Operation; // its run asks for less than the flow gives

/**
 * Likewise, for what is told bit by bit while a client listens. It runs until its signal ends it, which it also does when
 * what permitted it is taken away. A member `after` of its input makes it resumable: it is the id of the last event that the
 * client has seen, whether the query or `Last-Event-ID` brought it.
 */
export const stream = <On extends Kind, I extends z.ZodObject, E extends z.ZodType, Uses extends Service = never>({
  run,
  ...declaration
}: Omit<Declaration<On, never, Uses, I, z.ZodNull>, 'output' | 'run'> &
  Omit<Route<On, z.ZodNull>, 'statuses' | 'answer'> & {
    readonly event: E;
    run(
      context: Context<On, never, Uses, z.output<I>> & Pick<Ambit, 'open'> & { readonly emit: Emit<z.input<E>> },
    ): Promise<void>;
  }): Operation =>
  ({
    ...declaration,
    strip: strippedOnce(declaration.event),
    output: z.null(),
    run: async (context: Parameters<typeof run>[0]) => {
      await run(context);
      return null;
    },
  }) as Operation; // as above

/** What many are told is looked at once. */
const strippedOnce = (schema: z.ZodType): ((event: unknown) => unknown) => {
  const made = new WeakMap<object, unknown>();
  return (event) => {
    if (typeof event !== 'object' || event === null) return schema.parse(event);
    const known = made.get(event) ?? schema.parse(event);
    made.set(event, known);
    return known;
  };
};

/** Likewise, for work that only the queue asks for and that has no route. */
export const step = <
  On extends Kind,
  I extends z.ZodObject,
  O extends z.ZodType,
  Needs extends Capability = never,
  Uses extends Service = never,
>(
  declaration: Declaration<On, Needs, Uses, I, O>,
): Step => declaration as Step; // as above

/** Whether a client that has lost the stream can go on after the last event that it saw. */
export const isResumable = ({ event, input }: Operation): boolean => event !== undefined && 'after' in input.shape;

/**
 * Whether it changes the configuration of one thing, and so heeds the revision that `If-Match` names. What destroys something
 * that it does not keep heeds it too, and says so by the fault with which it refuses to be without.
 */
export const mindsRevision = ({ on, effect, needs = [], faults = [] }: Operation): boolean =>
  (effect === 'change' && on !== 'service' && on !== 'operation' && needs.length === 0) ||
  faults.includes('precondition-required');
