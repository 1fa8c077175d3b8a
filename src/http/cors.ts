import cors from 'cors';
import type { RequestHandler } from 'express';

/** What a page of another origin may read of an answer, beside what every page may. */
const exposed = [
  'X-Openstack-Request-Id',
  'OpenStack-API-Version',
  'Location',
  'ETag',
  'Retry-After',
  'WWW-Authenticate',
  'Link',
];
const allowed = [
  'X-Auth-Token',
  'X-Service-Token',
  'Content-Type',
  'OpenStack-API-Version',
  'X-Openstack-Request-Id',
  'If-Match',
  'Prefer',
  'Idempotency-Key',
];
/** How long a browser keeps what a preflight told it. */
const keptSeconds = 3600;

/**
 * Lets pages of these origins ask. Who asks shows a token in a header, which no browser adds by itself, so cookies and the
 * like are never allowed. A preflight is answered for every path and without a token, since a browser sends none with it.
 */
export const crossOrigin = (origins: readonly string[]): RequestHandler => {
  if (origins.length === 0) return (_request, _response, next) => next();
  const answer = cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'],
    allowedHeaders: allowed,
    exposedHeaders: exposed,
    maxAge: keptSeconds,
    optionsSuccessStatus: 204,
  });
  return (request, response, next) => {
    // Of itself the package takes every OPTIONS for a preflight.
    const isOther = request.method === 'OPTIONS' && request.headers['access-control-request-method'] === undefined;
    if (isOther) next();
    else answer(request, response, next);
  };
};
