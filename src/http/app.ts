import express, { type Express, type RequestHandler } from 'express';
import type { Steps } from '../core/execute.ts';
import type { Operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import type { Log } from '../ports/services.ts';
import { arrivals, type ArrivalOptions } from './arrival.ts';
import { crossOrigin } from './cors.ts';
import { versionDocument, versionsDocument } from './discovery.ts';
import { failures } from './failures.ts';
import { faultsPage } from './faults-page.ts';
import { otherMethods } from './methods.ts';
import { negotiated } from './microversion.ts';
import { insistOnUtf8 } from './request.ts';
import { routes } from './routes.ts';
import { arrivalOf, surround, type Locals } from './surround.ts';

export interface AppOptions extends ArrivalOptions {
  readonly steps: Steps;
  readonly operations: readonly Operation[];
  readonly serviceType: string;
  /** For `WWW-Authenticate`. */
  readonly authUri: string;
  /** A link where no request tells how its client reaches Igor. */
  readonly href: (path: string) => string;
  /** /openapi.json, as text. */
  readonly openapi: string;
  /** Whose pages may ask. */
  readonly corsOrigins: readonly string[];
  readonly log: Log;
  readonly observe: (operation: string, status: number, seconds: number) => void;
}

const mostBody = '256kb';

/** The whole HTTP interface. It translates and decides nothing. */
export const app = (options: AppOptions): Express => {
  const { steps, operations, serviceType, openapi } = options;
  const server = express();
  server.disable('x-powered-by');
  // An ETag covers configuration, never observations; Express would hash every body.
  server.disable('etag');
  server.set('query parser', 'simple');
  server.enable('case sensitive routing');

  server.use(surround(options));
  server.use(crossOrigin(options.corsOrigins));
  server.use(arrive(options));
  const faults = faultsPage();
  const documents: Readonly<Record<string, RequestHandler>> = {
    '/': (_request, response) => void response.json(versionsDocument(arrivalOf(response).href)),
    '/v1': (_request, response) => void response.json(versionDocument(arrivalOf(response).href)),
    '/healthcheck': healthcheck,
    '/docs/faults': (_request, response) => void response.type('html').send(faults),
    '/openapi.json': (_request, response) => void response.type('application/json').send(openapi),
  };
  for (const [path, show] of Object.entries(documents)) {
    server.get(path, show);
    server.all(path, otherMethods(['GET', 'HEAD']));
  }
  server.use((request, response, next) => {
    const version = negotiated(header(request.headers['openstack-api-version']), serviceType);
    response.set('OpenStack-API-Version', `${serviceType} ${version}`);
    next();
  });
  const bodies = express.json({
    limit: mostBody,
    strict: true,
    inflate: false,
    type: ['application/json', 'application/merge-patch+json'],
  });
  const inUtf8: RequestHandler = (request, _response, next) => {
    insistOnUtf8(request);
    next();
  };
  for (const method of ['post', 'put', 'patch', 'delete'] as const) server[method](/^\/v1\//, inUtf8, bodies);
  server.use('/v1', routes({ steps, operations }));
  server.use(() => {
    throw new Fault('not-found', 'there is no such path');
  });
  server.use(failures(options));
  return server;
};

/** What stands between client and Igor is seen through here, once; whatever comes after looks at the outcome alone. */
const arrive = (options: ArrivalOptions): RequestHandler => {
  const read = arrivals(options);
  return (request, response, next) => {
    const arrival = read(request);
    (response.locals as Locals).arrival = arrival;
    request.url = arrival.url;
    next();
  };
};

/** Liveness alone, as oslo.middleware answers it. */
const healthcheck: RequestHandler = (request, response) => {
  response.vary('Accept');
  if (request.method === 'HEAD') response.status(204).end();
  else if (request.accepts(['text/plain', 'application/json']) === 'application/json')
    response.json({ detailed: false, reasons: ['OK'] });
  else response.type('text/plain').send('OK');
};

const header = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value;
