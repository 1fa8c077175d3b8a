/** Every way to fail, in one table. The key is the code that documents, clients and logs use; statuses stand nowhere else. */
export const faults = {
  'invalid-input': { status: 400, title: 'The request does not fit', repeat: false },
  unauthenticated: { status: 401, title: 'Unauthorized', repeat: false },
  forbidden: { status: 403, title: 'Forbidden', repeat: false },
  'not-found': { status: 404, title: 'Not found', repeat: false },
  'method-not-allowed': { status: 405, title: 'Method not allowed', repeat: false },
  'not-acceptable': { status: 406, title: 'Version not acceptable', repeat: false },
  'request-timeout': { status: 408, title: 'The request took too long to arrive', repeat: true },
  ambiguous: { status: 409, title: 'The name fits several', repeat: false },
  conflict: { status: 409, title: 'Conflict', repeat: false },
  'controller-busy': { status: 409, title: 'Another change holds this controller', repeat: true },
  'controller-unsupported': { status: 409, title: 'The controller cannot do that', repeat: false },
  'host-unconfigured': { status: 409, title: 'The machine has no SSH endpoint', repeat: false },
  'in-use': { status: 409, title: 'Something still runs there', repeat: true },
  'not-begun': { status: 409, title: 'It was not begun', repeat: true },
  'precondition-failed': { status: 412, title: 'Changed in the meantime', repeat: false },
  'trust-ended': { status: 409, title: 'The trust that it acts by does not hold', repeat: false },
  'plan-outdated': { status: 412, title: 'The plan is another one now', repeat: false },
  'too-large': { status: 413, title: 'The body is too large', repeat: false },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type', repeat: false },
  'precondition-required': { status: 428, title: 'If-Match is wanted', repeat: false },
  'plan-required': { status: 428, title: 'A plan must be seen first', repeat: false },
  'too-many-requests': { status: 429, title: 'Too many requests', repeat: true },
  'headers-too-large': { status: 431, title: 'The header is too large', repeat: false },
  internal: { status: 500, title: 'Internal error', repeat: false },
  'controller-refused': { status: 502, title: 'The controller refused', repeat: false },
  'controller-login-refused': { status: 502, title: 'The controller does not take our credentials', repeat: false },
  'controller-suite-refused': { status: 502, title: 'The controller takes none of the cipher suites', repeat: false },
  'controller-garbled': { status: 502, title: 'The controller gave no answer we understand', repeat: false },
  'host-refused': { status: 502, title: 'The host refused', repeat: false },
  'host-key-mismatch': { status: 502, title: 'The host shows another key', repeat: false },
  'host-login-refused': { status: 502, title: 'The host does not take our key', repeat: false },
  'sessions-exhausted': { status: 503, title: 'The controller has no session free', repeat: true },
  'identity-unreachable': { status: 503, title: 'Keystone cannot be reached', repeat: true },
  'identity-timeout': { status: 503, title: 'Keystone does not answer in time', repeat: true },
  'identity-failing': { status: 503, title: 'Keystone fails', repeat: true },
  'identity-busy': { status: 503, title: 'Keystone has too much to do', repeat: true },
  'identity-garbled': { status: 503, title: 'Keystone gave no answer we understand', repeat: true },
  'identity-login-refused': { status: 503, title: "Keystone does not take this service's credentials", repeat: true },
  'identity-forbidden': { status: 503, title: 'Keystone does not let this service validate tokens', repeat: true },
  misconfigured: { status: 503, title: 'The configuration does not lead to the service', repeat: false },
  'directory-unavailable': { status: 503, title: 'Keycloak does not answer', repeat: true },
  'store-unavailable': { status: 503, title: 'The database does not answer', repeat: true },
  stopping: { status: 503, title: 'This replica is stopping', repeat: true },
  'controller-unreachable': { status: 504, title: 'The controller does not answer; nothing was changed', repeat: true },
  'host-unreachable': { status: 504, title: 'The host does not answer; nothing was run', repeat: true },
  'outcome-unknown': { status: 504, title: 'It was sent, and no answer seen', repeat: false },
} as const satisfies Record<string, { status: number; title: string; repeat: boolean }>;

export type FaultCode = keyof typeof faults;

export interface FaultOptions {
  readonly cause?: unknown;
  /** Whole seconds after which a repetition makes sense. */
  readonly retryAfter?: number;
  /** Further headers that the answer needs, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The controller itself said that it cannot do this, so it need not be asked again. */
  readonly toldByController?: boolean;
}

/** The only error thrown on purpose. Callers branch on `code`; what arrives as something else is `internal`. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly detail: string;
  readonly retryAfter: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly toldByController: boolean;

  constructor(code: FaultCode, detail?: string, options: FaultOptions = {}) {
    super(`${code}: ${detail ?? faults[code].title}`, { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.detail = detail ?? faults[code].title;
    this.retryAfter = options.retryAfter;
    this.headers = options.headers ?? {};
    this.toldByController = options.toldByController ?? false;
  }

  get status(): number {
    return faults[this.code].status;
  }
}

/** What was thrown, as fields of a log line: the trace only of what nobody threw on purpose. */
export const told = (thrown: unknown): object =>
  thrown instanceof Fault && thrown.code !== 'internal'
    ? { code: thrown.code, detail: thrown.detail }
    : { err: thrown };

/** What was thrown, as a Fault: a foreign error is a bug of ours, and its text is for the log alone. */
export const asFault = (thrown: unknown): Fault =>
  thrown instanceof Fault ? thrown : new Fault('internal', undefined, { cause: thrown });
