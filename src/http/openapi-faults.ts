import type { Operation } from '../core/operation.ts';
import { faults, type FaultCode } from '../domain/fault.ts';

type Json = Record<string, unknown>;

/** When an operation may answer with a fault, by what the operation is. */
const cases = {
  always: () => true,
  body: ({ method }) => method !== 'get',
  found: ({ on }) => on !== 'service',
  machine: ({ on }) => on === 'machine',
  controller: (operation) => asksControllers(operation),
  change: (operation) => asksControllers(operation) && operation.effect !== 'read' && operation.effect !== 'reveal',
} as const satisfies Record<string, (operation: Operation) => boolean>;

/**
 * Where each fault is met. `own`: only where an operation declares it in `faults`; `connection`: before there is a request;
 * `path`: where no operation is; `result`: told of a target, with another status.
 */
const met: Readonly<Record<FaultCode, keyof typeof cases | 'own' | 'connection' | 'path' | 'result'>> = {
  'invalid-input': 'always',
  unauthenticated: 'always',
  forbidden: 'always',
  'not-found': 'found',
  'method-not-allowed': 'path',
  'not-acceptable': 'always',
  'request-timeout': 'connection',
  ambiguous: 'machine',
  conflict: 'own',
  'controller-busy': 'controller',
  'controller-unsupported': 'controller',
  'host-unconfigured': 'own',
  'in-use': 'own',
  'not-begun': 'result',
  'plan-outdated': 'own',
  'plan-required': 'own',
  'precondition-failed': 'always',
  'precondition-required': 'own',
  'trust-ended': 'own',
  'too-large': 'body',
  'unsupported-media-type': 'body',
  'too-many-requests': 'always',
  'headers-too-large': 'always',
  internal: 'always',
  'controller-refused': 'controller',
  'controller-login-refused': 'controller',
  'controller-suite-refused': 'controller',
  'controller-garbled': 'controller',
  'host-refused': 'result',
  'host-key-mismatch': 'result',
  'host-login-refused': 'result',
  'sessions-exhausted': 'controller',
  'identity-unreachable': 'always',
  'identity-timeout': 'always',
  'identity-failing': 'always',
  'identity-busy': 'always',
  'identity-garbled': 'always',
  'identity-login-refused': 'always',
  'identity-forbidden': 'always',
  misconfigured: 'connection',
  'directory-unavailable': 'always',
  'store-unavailable': 'always',
  stopping: 'always',
  'controller-unreachable': 'controller',
  'host-unreachable': 'result',
  'outcome-unknown': 'change',
};

const asksControllers = ({ needs = [], uses = [] }: Operation): boolean => needs.length > 0 || uses.includes('look');

/** What an operation may fail with, by status: the name of the answer among the components, and its codes. */
export const failuresOf = (operation: Operation): ReadonlyMap<number, Failure> => {
  const byStatus = new Map<number, { marks: Set<string>; codes: FaultCode[] }>();
  for (const [code, where] of Object.entries(met) as [FaultCode, string][]) {
    const isOwn = operation.faults?.includes(code) === true;
    const isMet = where in cases && cases[where as keyof typeof cases](operation);
    if (!isOwn && !isMet) continue;
    const { status } = faults[code];
    const known = byStatus.get(status) ?? { marks: new Set(), codes: [] };
    if (!isMet) known.marks.add(code);
    else if (where !== 'always') known.marks.add(where);
    known.codes.push(code);
    byStatus.set(status, known);
  }
  return new Map(
    [...byStatus].map(([status, { marks, codes }]) => [status, { name: [status, ...marks].join('-'), codes }]),
  );
};

export interface Failure {
  readonly name: string;
  readonly codes: readonly FaultCode[];
}

/** An answer of that status with any of these codes. */
export const failure = (status: number, codes: readonly FaultCode[], headers: Json): Json => {
  const schema = { $ref: '#/components/schemas/Error' };
  const lines = codes.map(
    (code) => `- \`${code}\`: ${faults[code].title}${faults[code].repeat ? '; may be repeated' : ''}`,
  );
  return {
    description: lines.join('\n'),
    'x-codes': codes,
    headers: {
      ...headers,
      ...(status === 401 && { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } }),
      ...(codes.some((code) => faults[code].repeat) && { 'Retry-After': { $ref: '#/components/headers/Retry-After' } }),
    },
    content: { 'application/json': { schema }, 'application/problem+json': { schema } },
  };
};
