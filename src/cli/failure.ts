import { z } from 'zod';
import { faults, type Fault } from '../domain/fault.ts';
import { foldHosts } from '../domain/selection/fold.ts';
import { plain } from './screen.ts';

/** Why something did not happen, as the service, or the way to it, told. */
export interface Failure {
  /** Null: no answer came. */
  readonly status: number | null;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | null;
}

/** `The controller does not answer; nothing was changed (controller-unreachable, req-…)` */
export const sentence = ({ code, title, detail, requestId }: Failure): string => {
  const what = detail === '' || detail === title ? title : `${title}: ${detail}`;
  return plain(`${what} (${[code, ...(requestId === null ? [] : [requestId])].join(', ')})`);
};

/** A failure in JSON answers. */
export const failureBody = ({ status, code, title, detail, requestId }: Failure): object => ({
  error: { status, code, title, detail, request_id: requestId },
});

/** From an answer that may come from Igor, or from a proxy before it. */
export const answered = (status: number, body: unknown, header: unknown): Failure => {
  const item = lenient(z.object({ errors: z.tuple([z.looseObject({})]).rest(z.unknown()) }), body)?.errors[0];
  const inner = lenient(z.object({ error: z.looseObject({}) }), body)?.error;
  const requestId = text(item?.['request_id']) ?? text(header) ?? null;
  // `out-of-band.controller-busy`: the service type is no news.
  const code = text(item?.['code'])?.split('.').at(-1) ?? `http-${status}`;
  const title = text(item?.['title']) ?? text(inner?.['title']) ?? `Igor's address answered with status ${status}`;
  const detail = text(item?.['detail']) ?? text(inner?.['message']) ?? '';
  return { status, code, title, detail, requestId };
};

/** Not sent, or only asked: nothing has changed. */
export const unreachable = (endpoint: string, why: string): Failure =>
  local('igor-unreachable', `Igor does not answer at ${endpoint}`, why);

/** A change was sent, and no answer seen. */
export const unknownOutcome = (why: string): Failure => local('outcome-unknown', faults['outcome-unknown'].title, why);

/** As an execution keeps it. */
export const recorded = ({ code, detail }: { readonly code: string; readonly detail: string }): Failure =>
  local(code, Object.hasOwn(faults, code) ? faults[code as keyof typeof faults].title : code, detail); // it is a key

export const unfinished = (state: string, execution: string): Failure =>
  local(state, `No end was seen; igor api execution get ${execution} tells more`, '');

export const interrupted: Failure = Object.freeze({
  status: null,
  code: 'interrupted',
  title: 'Interrupted; nothing was changed',
  detail: '',
  requestId: null,
});

export const noSuchMachine: Failure = Object.freeze({
  status: 404,
  code: 'not-found',
  title: faults['not-found'].title,
  detail: 'you see no machine of this name',
  requestId: null,
});

export const noneFits: Failure = Object.freeze({ ...noSuchMachine, detail: 'no machine that you see fits' });

const mostNamed = 500;

/** What was named beside a group, an operator or a filter, and is not there. */
export const unknownNames = (unknown: readonly string[]): Failure => {
  const folded = foldHosts(unknown);
  const named = folded.length > mostNamed ? `${folded.slice(0, mostNamed)}…` : folded;
  const kind = unknown.some((name) => name.startsWith('@')) ? 'machine, selector or tag' : 'machine';
  return { ...noSuchMachine, detail: `you see no ${kind} ${named}; nothing was done` };
};
export const noSuchOperation: Failure = Object.freeze({
  ...noSuchMachine,
  detail: 'you have asked for no operation on a set',
});

export const noController: Failure = Object.freeze({
  status: 409,
  code: 'controller-unsupported',
  title: faults['controller-unsupported'].title,
  detail: 'the machine has no controller',
  requestId: null,
});

export const notUnderstood = (requestId: string | null = null): Failure => ({
  ...local('not-understood', 'The answer is not what this version of igor understands', ''),
  requestId,
});

/** Exit codes: 0 all went well, 1 some target failed, 3 no way in, 4 of some it is not known what became, 130 interrupted. */
export const exitCode = (failures: readonly Failure[]): number => {
  const codes = new Set(failures.map(({ code }) => code));
  if (codes.size === 0) return 0;
  if (codes.has('interrupted')) return 130;
  if ([...codes].some(isNoWayIn)) return 3;
  return codes.has('outcome-unknown') ? 4 : 1;
};

const isNoWayIn = (code: string): boolean =>
  ['unauthenticated', 'misconfigured', 'igor-unreachable'].includes(code) || code.startsWith('identity-');

/** A way in that is closed to us. */
export const locked = ({ code, detail }: Fault): Failure =>
  code === 'stopping' ? interrupted : { ...local(code, faults[code].title, detail), status: faults[code].status };

const local = (code: string, title: string, detail: string): Failure => ({
  status: null,
  code,
  title,
  detail,
  requestId: null,
});

const lenient = <T>(schema: z.ZodType<T>, value: unknown): T | undefined => schema.safeParse(value).data;

const mostText = 2000;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, mostText) : undefined;
