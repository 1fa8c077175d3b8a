/** What bounds an answer of `fetch`; given as its `dispatcher`. */
export type Dispatcher = NonNullable<RequestInit['dispatcher']>;

interface Options {
  /** Certificates to trust in place of the system's. */
  readonly ca: string | null;
  /** Of an answer's body. */
  readonly mostBytes: number;
  /** Connections at the same time; what comes beyond waits. */
  readonly connections: number;
}

/**
 * A dispatcher for Node's own `fetch`, which alone reads answers of any size and knows no CA file. Its class is not
 * exported: it is that of the dispatcher in use, by the symbol under which the package undici, of which Node's is a copy,
 * shares it. Where that is not there, this throws, and Igor does not start with Keycloak configured.
 */
export const bounded = ({ ca, mostBytes, connections }: Options): Dispatcher => {
  new Headers(); // Node sets the dispatcher when fetch is first used
  const inUse: unknown = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'));
  if (!hasAgentClass(inUse))
    throw new Error('the fetch of this Node cannot be bounded; see the setting IGOR_KEYCLOAK_URL');
  const agent = new inUse.constructor({
    connections,
    maxResponseSize: mostBytes,
    ...(ca !== null && { connect: { ca } }),
  });
  return agent.compose((dispatch) => (request, handler) => dispatch(request, plainOnly(handler)));
};

interface Handler {
  onHeaders?(status: number, headers: readonly Buffer[], ...rest: unknown[]): boolean;
}
type Dispatch = (request: unknown, handler: Handler) => boolean;
type AgentClass = new (options: object) => Dispatcher & {
  compose(interceptor: (dispatch: Dispatch) => Dispatch): Dispatcher;
};

const hasAgentClass = (inUse: unknown): inUse is { readonly constructor: AgentClass } =>
  typeof inUse === 'object' && inUse !== null && inUse.constructor.name === 'Agent' && 'compose' in inUse;

/** The bound counts what comes over the wire, of which 300 bytes may unpack to 200 MB: nothing packed is taken. */
const plainOnly = (handler: Handler): Handler => {
  const guarded = Object.create(handler) as Handler;
  guarded.onHeaders = (status, headers, ...rest) => {
    const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toString('latin1').toLowerCase());
    if (names.includes('content-encoding')) throw new Error('a packed answer');
    return handler.onHeaders?.call(guarded, status, headers, ...rest) ?? true;
  };
  return guarded;
};
