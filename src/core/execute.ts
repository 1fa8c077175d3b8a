import { randomUUID } from 'node:crypto';
import type { Caller, Identity } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import type { Decision, Permission } from '../domain/policy.ts';
import type { Secret } from '../domain/secret.ts';
import type { Capabilities } from '../ports/controller.ts';
import { deadline } from './deadline.ts';
import { decode, isStorable } from './decode.ts';
import type { Located } from './locate.ts';
import type { Emit, Kind, Operation, Services, Step } from './operation.ts';
import type { Subject } from './subject.ts';

/** What a request shows of who sends it. */
export interface Credentials {
  readonly token: Secret | null;
  /** Of the service that passes it on. */
  readonly serviceToken: Secret | null;
  readonly method: string;
  /** Decoded, as the client sent it: with the path under which Igor is mounted. Access rules look at it. */
  readonly path: string;
}

/** What a request brings, whatever carried it. */
export interface Request {
  readonly credentials: Credentials;
  /** The part of the path that names what the operation is on; empty for the service. */
  readonly target: string;
  readonly input: unknown;
  readonly revision: number | null;
  /** How long the caller wants to wait, in milliseconds; null: he did not say. */
  readonly patienceMs: number | null;
  readonly requestId: string;
  readonly globalRequestId: string | null;
  /** Where it came from. */
  readonly address: string | null;
  /** Sent again with the same, it is not done again. */
  readonly idempotencyKey: string | null;
  /** An absolute link to a path of Igor's, as this client reaches it. */
  readonly href: (path: string) => string;
  /** Begins the answer, if this is for a stream. */
  readonly open: () => void;
  /** Sends an event, if this is for a stream; resolves when the next may be sent. */
  readonly emit: Emit;
  /** Aborted when the client goes away. */
  readonly gone: AbortSignal;
  /** The answer may take so many milliseconds longer than answers do. */
  readonly lasts: (ms: number) => void;
  /** Adds fields to the one line that is logged of this request. */
  readonly note: (fields: Readonly<Record<string, unknown>>) => void;
}

/** One thing to be done, decoded, by a caller. */
export interface Act {
  readonly caller: Caller;
  readonly operation: Step;
  readonly target: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly revision: number | null;
  readonly patienceMs: number | null;
  readonly idempotencyKey: string | null;
  readonly href: Request['href'];
  readonly open?: Request['open'];
  readonly emit: Request['emit'];
  /** Of a stream, which what permitted it must outlast. */
  readonly isStream: boolean;
  /** One of many of a set: where places are few, what somebody waits for goes first. */
  readonly bulk?: boolean;
  readonly signal: AbortSignal;
  readonly note: Request['note'];
  /** Its input as it arrived, to be passed on to the replica that holds the controller; absent: it is done here. */
  readonly undecoded?: unknown;
  /** Right before anything is sent, with the act's id; refuses by throwing. */
  readonly begin?: (actId: string) => Promise<void>;
}

/** With what it is on, and whether it is permitted there. */
export type LocatedAct = Act & { readonly id: string; readonly located: Located; readonly decision: Decision };

/** An open way to what an act needs; disposing gives it back. */
export interface Leased extends AsyncDisposable {
  readonly device: Capabilities;
  /** Whether others were before it, so that what was true at the asking may have changed. */
  readonly waited: boolean;
  /** The act's signal, which also ends when the lease is lost. */
  readonly signal: AbortSignal;
  /** Keeps in mind what the act failed with, where the controller said that it cannot do it at all. Never throws. */
  learn(thrown: unknown): Promise<void>;
}

/** Watches, while a stream is open, that what opened it still holds. */
export interface Vigil extends Disposable {
  /** As the rules, his roles and grants were when they were last looked at, less than two seconds ago. */
  caller(): Caller;
  /** Aborted, with a Fault that tells why, once it does not. */
  readonly signal: AbortSignal;
}

/** As much of a request as it takes to know who sends it. */
export type Arrived = Pick<Request, 'credentials' | 'address' | 'requestId' | 'globalRequestId'>;

/** Who sends a request, and the service that passed it on. */
export interface Authenticated {
  readonly identity: Identity;
  readonly service: Identity | null;
}

/** What the flow is made of; each step refuses by throwing a Fault. */
export interface Steps {
  readonly services: Services;
  authenticate(request: Arrived, signal: AbortSignal): Promise<Authenticated>;
  /** Refuses who asks too often. */
  admit(identity: Identity): Promise<void>;
  /** A place for a stream, given back when it ends. */
  seat(identity: Identity): Disposable;
  /** Has what is done in bulk stand back for somebody who waits, until disposed of. */
  attend(): Disposable;
  scope(authenticated: Authenticated, request: Request, signal: AbortSignal): Promise<Caller>;
  /** The same caller, with what the rules and grants give him now. */
  rescope(caller: Caller): Promise<Caller>;
  locate(kind: Kind, name: string, caller: Caller): Promise<Located>;
  /** Writes the intent before, and what became of it after with what the work remarks; refusals too. */
  audit<T>(act: LocatedAct, work: (remark: (text: string) => void) => Promise<T>): Promise<T>;
  /** Journals what the caller asked for and may not see. */
  missed(act: Act, id: string, fault: unknown): Promise<void>;
  decide(caller: Caller, permission: Permission, subject: Subject): Decision;
  /** Has it carried out, audit and all, by the replica that holds the controller; null: that is this one, or may be. */
  relay(act: LocatedAct): Promise<{ readonly output: unknown } | null>;
  lease(act: LocatedAct): Promise<Leased>;
  /** Keeps an eye on what permits a stream, as long as it lasts. */
  watch(act: LocatedAct): Vigil;
  /** Marks what was observed as from before the change. */
  outdate(act: LocatedAct): Promise<void>;
}

/** A request's way: authenticate, admit, scope, decode, perform, strip. Resolves to what may leave. */
export const execute = async (steps: Steps, operation: Operation, request: Request): Promise<unknown> => {
  const { event } = operation;
  using limit = deadline(operation.effect, event === undefined ? (request.patienceMs ?? 0) : streamMs, request.gone);
  const { signal } = limit;
  const authenticated = await steps.authenticate(request, signal);
  const { userId, projectId } = authenticated.identity;
  request.note({ effect: operation.effect, user: userId, project: projectId });
  await steps.admit(authenticated.identity);
  using _waits = event === undefined ? steps.attend() : steps.seat(authenticated.identity);
  const caller = await steps.scope(authenticated, request, signal);
  const input = decode(operation.input, request.input);
  const longerMs = operation.lastsMs?.(input) ?? 0;
  if (longerMs > 0) {
    limit.extend(longerMs);
    request.lasts(longerMs);
  }
  const emit: Request['emit'] = async (told, eventId) => request.emit(operation.strip?.(told), eventId);
  const isStream = event !== undefined;
  const own = { operation, input, undecoded: request.input };
  const output = await perform(steps, { ...request, ...own, caller, emit, isStream, signal });
  return operation.output.parse(output);
};

/** The only way to do anything: a request, a queued target and each target of a set take it alike. */
export const perform = async (steps: Steps, act: Act): Promise<unknown> => {
  const { caller, operation, target, input, revision, patienceMs, idempotencyKey, href } = act;
  if (!isStorable(target)) throw new Fault('not-found', `there is no such ${operation.on}`);
  const id = randomUUID();
  const located = await steps.locate(operation.on, target, caller).catch(async (fault: unknown) => {
    await steps.missed(act, id, fault);
    throw fault;
  });
  if (located.id !== null)
    act.note({ [located.kind]: located.id, controllers: located.bindings.map(({ address }) => address) });
  const decision = steps.decide(caller, operation.permission, located.subject);
  act.note({ by: decision.by });
  const whole = { ...act, id, located, decision };
  const demand = (permission: Permission): void =>
    insist(caller, permission, steps.decide(caller, permission, located.subject));

  if (decision.permitted) {
    const elsewhere = await steps.relay(whole);
    if (elsewhere !== null) return elsewhere.output;
  }
  return steps.audit(whole, async (remark) => {
    insist(caller, operation.permission, decision);
    const asked = performance.now();
    await using leased = await steps.lease(whole);
    if (leased.waited) {
      // It may have been given away meanwhile, or a grant have ended.
      const now = await steps.rescope(caller);
      insist(now, operation.permission, steps.decide(now, operation.permission, await located.now()));
    }
    await act.begin?.(id);
    await steps.outdate(whole);
    const { device } = leased;
    using vigil = act.isStream ? steps.watch(whole) : null;
    const signal = vigil === null ? leased.signal : AbortSignal.any([leased.signal, vigil.signal]);
    act.note({ act: id, lease_ms: Math.round(performance.now() - asked) });
    const latest = (): Caller => vigil?.caller() ?? caller;
    const ambit = {
      id,
      caller,
      latest,
      revision,
      patienceMs,
      idempotencyKey,
      href,
      open: act.open ?? (() => undefined),
      emit: act.emit,
      signal,
      demand,
      remark,
    };
    // Awaited here: returned as a promise, it would run on after the lease is given back.
    const output = await operation
      .run({ ...steps.services, ...located.found, ...ambit, input, device })
      .catch(async (thrown: unknown) => {
        await leased.learn(thrown);
        throw thrown;
      });
    vigil?.signal.throwIfAborted(); // with the reason
    return output;
  });
};

/** No stream is longer: who listens comes again, and is then asked again who he is. */
const streamMs = 24 * 3_600_000;

const insist = ({ identity }: Caller, permission: Permission, { permitted }: Decision): void => {
  if (!permitted) throw new Fault('forbidden', `${permission} is not among what ${identity.userName} may do here`);
};
