import { randomUUID } from 'node:crypto';
import type { Caller, Identity } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import { ownedBy, type Permission, type PolicyTarget } from '../domain/policy.ts';
import type { Secret } from '../domain/secret.ts';
import type { Capabilities } from '../ports/controller.ts';
import { deadline } from './deadline.ts';
import { decode, isStorable } from './decode.ts';
import type { Located } from './locate.ts';
import type { Kind, Operation, Services, Step } from './operation.ts';

/** What a request brings, whatever carried it. */
export interface Request {
  readonly token: Secret | null;
  /** The part of the path that names what the operation is on; empty for the service. */
  readonly target: string;
  readonly input: unknown;
  readonly revision: number | null;
  /** How long the caller wants to wait, in milliseconds; null: he did not say. */
  readonly patienceMs: number | null;
  readonly requestId: string;
  readonly globalRequestId: string | null;
  /** Aborted when the client goes away. */
  readonly gone: AbortSignal;
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
  readonly signal: AbortSignal;
  readonly note: Request['note'];
}

export type LocatedAct = Act & { readonly id: string; readonly located: Located };

/** An open way to what an act needs; disposing gives it back. */
export interface Leased extends AsyncDisposable {
  readonly device: Capabilities;
  /** Whether others were before it, so that what was true at the asking may have changed. */
  readonly waited: boolean;
  /** The act's signal, which also ends when the lease is lost. */
  readonly signal: AbortSignal;
}

/** What the flow is made of; each step refuses by throwing a Fault. */
export interface Steps {
  readonly services: Services;
  authenticate(token: Secret | null, signal: AbortSignal): Promise<Identity>;
  scope(identity: Identity, request: Pick<Request, 'token' | 'requestId' | 'globalRequestId'>): Caller;
  locate(kind: Kind, name: string, caller: Caller): Promise<Located>;
  /** Writes the intent before, and what became of it after; refusals too. */
  audit<T>(act: LocatedAct, work: () => Promise<T>): Promise<T>;
  /** Journals what the caller asked for and may not see. */
  missed(act: Act, id: string, fault: unknown): Promise<void>;
  /** Faults: `forbidden`, naming the permission. */
  authorize(caller: Caller, permission: Permission, target: PolicyTarget): void;
  lease(act: LocatedAct): Promise<Leased>;
  /** Marks what was observed as from before the change. */
  outdate(act: LocatedAct): Promise<void>;
}

/** A request's way: authenticate, scope, decode, perform, strip. Resolves to what may leave. */
export const execute = async (steps: Steps, operation: Operation, request: Request): Promise<unknown> => {
  using limit = deadline(operation.effect, request.patienceMs ?? 0, request.gone);
  const { signal } = limit;
  const caller = steps.scope(await steps.authenticate(request.token, signal), request);
  const { userId, projectId } = caller.identity;
  request.note({ effect: operation.effect, user: userId, project: projectId });
  const input = decode(operation.input, request.input);
  const output = await perform(steps, { ...request, caller, operation, input, signal });
  return operation.output.parse(output);
};

/** The only way to do anything: a request, a queued target and each target of a set take it alike. */
export const perform = async (steps: Steps, act: Act): Promise<unknown> => {
  const { caller, operation, target, input, revision, patienceMs } = act;
  if (!isStorable(target)) throw new Fault('not-found', `there is no such ${operation.on}`);
  const id = randomUUID();
  const located = await steps.locate(operation.on, target, caller).catch(async (fault: unknown) => {
    await steps.missed(act, id, fault);
    throw fault;
  });
  if (located.id !== null)
    act.note({ [located.kind]: located.id, controllers: located.bindings.map(({ address }) => address) });
  const whole = { ...act, id, located };
  const demand = (permission: Permission): void => steps.authorize(caller, permission, ownedBy(located.projectId));

  return steps.audit(whole, async () => {
    demand(operation.permission);
    const asked = performance.now();
    await using leased = await steps.lease(whole);
    if (leased.waited) steps.authorize(caller, operation.permission, await located.now()); // it may have been given away
    await steps.outdate(whole);
    const { device, signal } = leased;
    act.note({ act: id, lease_ms: Math.round(performance.now() - asked) });
    const ambit = { id, caller, revision, patienceMs, signal, demand };
    // Awaited here: returned as a promise, it would run on after the lease is given back.
    return await operation.run({ ...steps.services, ...located.found, ...ambit, input, device });
  });
};
