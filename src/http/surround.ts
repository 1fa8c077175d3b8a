import type { RequestHandler, Response } from 'express';
import type { Log } from '../ports/services.ts';
import { pathOf, type Arrival } from './arrival.ts';
import { microversions } from './discovery.ts';
import type { EventStream } from './event-stream.ts';
import { globalRequestId, newRequestId } from './request.ts';

export interface Surroundings {
  readonly serviceType: string;
  readonly log: Log;
  readonly observe: (operation: string, status: number, seconds: number) => void;
}

/** What is known of a request while it is answered; less when it was refused early. */
export interface Locals {
  requestId: string;
  arrival?: Arrival;
  noted?: { operation: string };
  /** Of a stream, once it has begun. */
  events?: EventStream | null;
  /** Of the fault it was answered with. */
  code?: string;
}

/** How the request came in, for whatever stands behind the reading of that. */
export const arrivalOf = (response: Response): Arrival => {
  const { arrival } = response.locals as Locals;
  if (arrival === undefined) throw new Error('a request was answered before it was read');
  return arrival;
};

/** Of a path, in the log. */
const mostLogged = 1024;

/** Ids before all else; one wide line, and the metrics, when the answer is out. */
export const surround = ({ serviceType, log, observe }: Surroundings): RequestHandler => {
  return (request, response, next) => {
    const started = performance.now();
    const path = pathOf(request.originalUrl).slice(0, mostLogged); // without the query, where somebody may put a token
    const peer = request.socket.remoteAddress;
    const requestId = newRequestId();
    const locals: Locals = Object.assign(response.locals, { requestId });
    response.set({
      'X-Openstack-Request-Id': requestId,
      'OpenStack-API-Version': `${serviceType} ${microversions.min}`, // until another is agreed upon
      Vary: 'OpenStack-API-Version',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    response.once('close', () => {
      const ms = performance.now() - started;
      const { noted, code, arrival } = locals;
      observe(noted?.operation ?? 'none', response.statusCode, ms / 1000);
      log.info(
        {
          request_id: requestId,
          global_request_id: globalRequestId(request) ?? undefined,
          client: arrival?.address ?? peer,
          method: request.method,
          path,
          ...noted,
          status: response.statusCode,
          code,
          whole: response.writableFinished,
          ms: Math.round(ms * 10) / 10,
        },
        'request.ended',
      );
    });
    next();
  };
};
