import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Fault } from '../domain/fault.ts';
import type { Log } from '../ports/services.ts';
import { microversions } from './discovery.ts';
import { problem } from './problem.ts';
import { newRequestId } from './request.ts';

export interface RefusalOptions {
  readonly serviceType: string;
  /** A link as clients reach Igor when no proxy tells otherwise; of the one refused nothing is known. */
  readonly href: (path: string) => string;
  readonly log: Log;
}

/** After the answer, for the client to read it although it may still be sending. */
const lingerMs = 1_000;

/** What is refused before there is a request: in the one body, with an id, and the connection is closed. */
export const refusals = ({ serviceType, href, log }: RefusalOptions) => {
  const latest = new WeakMap<Duplex, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  const refused = new WeakSet<Duplex>();

  const answer = (socket: Duplex, fault: Fault, cause: string | undefined): void => {
    const requestId = newRequestId();
    const help = (code: string): string => `${href('/')}docs/faults#${code}`;
    const body = JSON.stringify(problem(fault, { serviceType, requestId, help }));
    const head = [
      `HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status] ?? ''}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Openstack-Request-Id: ${requestId}`,
      `OpenStack-API-Version: ${serviceType} ${microversions.min}`,
      'Vary: OpenStack-API-Version',
      'Cache-Control: no-store',
      ...Object.entries(fault.headers).map(([name, value]) => `${name}: ${value}`),
      'Connection: close',
    ];
    const client = 'remoteAddress' in socket ? socket.remoteAddress : undefined;
    log.info({ request_id: requestId, client, status: fault.status, code: fault.code, cause }, 'request.refused');
    socket.on('error', () => undefined);
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };

  return {
    /** Remembers the last request of a connection, whose answer must not be mixed up with a refusal. */
    note: (request: IncomingMessage, response: ServerResponse): void => {
      latest.set(request.socket, { request, response });
    },

    /** What came is no request, or did not come in time. */
    broken: (error: Error & { readonly code?: string }, socket: Duplex): void => {
      if (refused.has(socket)) return;
      refused.add(socket);
      const { code } = error;
      const refuse = (): void => (socket.writable ? answer(socket, faultOf(code), code) : void socket.destroy());
      const current = latest.get(socket);
      if (code === 'ECONNRESET' || code === 'EPIPE') socket.destroy();
      else if (current === undefined || current.response.writableFinished) refuse();
      // It came whole, so what is broken is the next one: its own answer first.
      else if (current.request.complete) current.response.once('close', refuse);
      // Its body is broken. With others before it, or with half an answer out, there is no place left for a refusal.
      else if (current.response.headersSent || current.response.socket === null) socket.destroy();
      else refuse();
    },

    /** Igor is no proxy. */
    connect: (socket: Duplex): void =>
      answer(
        socket,
        new Fault('method-not-allowed', 'this service is no proxy', { headers: { Allow: 'GET, HEAD, OPTIONS' } }),
        undefined,
      ),
  };
};

const faultOf = (code = ''): Fault => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Fault('headers-too-large', 'the header is larger than this service reads');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Fault('too-large', 'body: its chunk extensions are larger than this service reads');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Fault('request-timeout', 'the request did not arrive whole in time');
    default:
      return new Fault('invalid-input', 'the request is not well-formed HTTP');
  }
};
