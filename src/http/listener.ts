import { createServer as createPlain, type RequestListener, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { Duplex } from 'node:stream';
import { hostPort } from '../domain/host-port.ts';
import type { Log } from '../ports/services.ts';
import { refusals, type RefusalOptions } from './refusals.ts';
import type { Certificate } from './certificate.ts';
import type { Messages } from './messages.ts';

/** How long a client may take, in milliseconds, and how many there may be. */
export interface Limits {
  /** For the header of a request to arrive. */
  readonly headersMs: number;
  /** For the whole request to arrive. */
  readonly requestMs: number;
  /** How often the two above are looked at. */
  readonly checkMs: number;
  /** For a TLS handshake. */
  readonly handshakeMs: number;
  /** Without a byte in either direction, while an answer is under way: longer than any answer takes. */
  readonly silenceMs: number;
  /** Between two requests on one connection; longer than a proxy keeps it, so that Igor is not the one who closes. */
  readonly idleMs: number;
  readonly connections: number;
}

export const usualLimits: Omit<Limits, 'connections'> = {
  headersMs: 15_000,
  requestMs: 30_000,
  checkMs: 2_000,
  handshakeMs: 10_000,
  silenceMs: 300_000,
  idleMs: 65_000,
};

/** More than a token and an application's own fields take. */
const mostHeaderBytes = 32_768;
/** Connections refused for want of room are told of once in so long. */
const tellMs = 60_000;

interface Options extends RefusalOptions {
  readonly handler: RequestListener;
  /** As the handler wants them; Node's own, if absent. */
  readonly messages?: Messages;
  /** Null: plain HTTP. */
  readonly certificate: Certificate | null;
  readonly limits: Limits;
}

export interface Listener {
  /** Resolves to `host:port`, which is another than was asked for when that was port 0. */
  listen(at: string): Promise<string>;
  /** No new connections, and each is closed as soon as it is idle; resolves when the last answer is out, or cut off by the signal. */
  close(end: AbortSignal): Promise<void>;
}

/** The one way in. What Node itself refuses is answered in the words of everything else. */
export const listener = (options: Options): Listener => {
  const { handler, certificate, limits, log } = options;
  const settings = {
    maxHeaderSize: mostHeaderBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.idleMs,
    // The handler refuses it, with a body.
    requireHostHeader: false,
    // Else the second of two is dropped in silence.
    joinDuplicateHeaders: true,
    ...options.messages,
  };
  const secure =
    certificate === null
      ? null
      : createSecure({
          ...settings,
          ...certificate.pair(),
          minVersion: 'TLSv1.2',
          handshakeTimeout: limits.handshakeMs,
        });
  const server: Server = secure ?? createPlain(settings);
  server.maxHeadersCount = 0; // by size here, and by number in the handler; Node would drop the rest in silence
  server.maxConnections = limits.connections;
  server.timeout = limits.silenceMs;
  const refusal = refusals(options);
  server.on('request', (request, response) => {
    refusal.note(request, response);
    handler(request, response);
  });
  // An expectation that we do not know is passed over (RFC 9110 §10.1.1).
  server.on('checkExpectation', handler);
  server.on('clientError', refusal.broken);
  server.on('connect', (_request, socket) => refusal.connect(socket));
  server.on('tlsClientError', (error: Error) => log.debug({ err: error.message }, 'tls.failed'));
  tellDrops(server, limits.connections, log);
  const sockets = following(server);
  const unfollow = secure === null ? undefined : certificate?.follow(secure);

  return {
    listen: async (at) => listen(server, at),
    async close(end) {
      unfollow?.();
      await closed(server, end, sockets);
    },
  };
};

/** `certificate` is for the main listener alone; the other one, for operators, uses these two as they are. */
export const listen = async (server: Server, at: string): Promise<string> => {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(at) ?? [];
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? hostPort(bound.address, bound.port) : at;
};

export const closed = async (
  server: Server,
  end: AbortSignal,
  sockets: ReadonlySet<Duplex> = new Set(),
): Promise<void> =>
  new Promise((resolve) => {
    const sweeping = setInterval(() => {
      if (!end.aborted) {
        server.closeIdleConnections();
        return;
      }
      server.closeAllConnections();
      // Those that have not finished their handshake, of which HTTP knows nothing yet.
      for (const socket of sockets) socket.destroy();
    }, 20);
    server.close(() => {
      clearInterval(sweeping);
      resolve();
    });
  });

/** The open connections. */
const following = (server: Server): ReadonlySet<Duplex> => {
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
};

const tellDrops = (server: Server, most: number, log: Log): void => {
  let told = -tellMs;
  let dropped = 0;
  server.on('drop', () => {
    dropped++;
    if (performance.now() - told < tellMs) return;
    log.warn({ dropped, most }, 'connections.dropped');
    told = performance.now();
    dropped = 0;
  });
};
