import type { Dispatcher as Undici } from 'undici';

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
 * A dispatcher for Node's own `fetch`, which alone reads answers of any size and knows no CA file. Version 7 of undici is
 * what Node 20 and 22 (6 inside), 24 (7) and 26 (8) all take: it knows the handlers of before and after.
 */
export const bounded = async ({ ca, mostBytes, connections }: Options): Promise<Dispatcher> => {
  const { Agent } = await import('undici'); // for those alone who use it
  const agent = new Agent({ connections, maxResponseSize: mostBytes, ...(ca !== null && { connect: { ca } }) });
  const plain = agent.compose((dispatch) => (request, handler) => dispatch(request, plainOnly(handler)));
  // The types of Node's fetch are those of another version of the same package.
  return plain as unknown as Dispatcher;
};

/** The bound counts what comes over the wire, of which 300 bytes may unpack to 200 MB: nothing packed is taken. */
const plainOnly = (handler: Undici.DispatchHandler): Undici.DispatchHandler => ({
  onRequestStart: (...given) => handler.onRequestStart?.(...given),
  onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
  onResponseStart(controller, status, headers, message) {
    if (headers['content-encoding'] !== undefined) throw new Error('a packed answer');
    handler.onResponseStart?.(controller, status, headers, message);
  },
  onResponseData: (...given) => handler.onResponseData?.(...given),
  onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
  onResponseError: (...given) => handler.onResponseError?.(...given),
});
