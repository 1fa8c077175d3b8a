import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Steps } from '../core/execute.ts';
import type { Operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import type { Log } from '../ports/services.ts';
import { microversions, versionDocument, versionsDocument } from './discovery.ts';
import { negotiated } from './microversion.ts';
import { faultsPage } from './faults-page.ts';
import { faultOf, problem } from './problem.ts';
import { globalRequestId, newRequestId } from './request.ts';
import { routes } from './routes.ts';

export interface AppOptions {
  readonly steps: Steps;
  readonly operations: readonly Operation[];
  readonly serviceType: string;
  /** For `WWW-Authenticate`. */
  readonly authUri: string;
  readonly href: (path: string) => string;
  /** /openapi.json, as text. */
  readonly openapi: string;
  readonly log: Log;
  readonly observe: (operation: string, status: number, seconds: number) => void;
}

const mostBody = '256kb';

/** The whole HTTP interface. It translates and decides nothing. */
export const app = (options: AppOptions): Express => {
  const { steps, operations, serviceType, href, openapi } = options;
  const server = express();
  server.disable('x-powered-by');
  // An ETag covers configuration, never observations; Express would hash every body.
  server.disable('etag');
  server.set('query parser', 'simple');
  server.enable('case sensitive routing');

  server.use(surround(options));
  server.get('/', (_request, response) => void response.json(versionsDocument(href)));
  server.get('/v1', (_request, response) => void response.json(versionDocument(href)));
  server.get('/healthcheck', healthcheck);
  const faults = faultsPage();
  server.get('/docs/faults', (_request, response) => void response.type('html').send(faults));
  server.get('/openapi.json', (_request, response) => void response.type('application/json').send(openapi));
  server.use((request, response, next) => {
    response.set(
      'OpenStack-API-Version',
      `${serviceType} ${negotiated(header(request.headers['openstack-api-version']), serviceType)}`,
    );
    next();
  });
  server.use(
    '/v1',
    express.json({
      limit: mostBody,
      strict: true,
      inflate: false,
      type: ['application/json', 'application/merge-patch+json'],
    }),
  );
  server.use('/v1', routes({ steps, operations, href }));
  server.use(() => {
    throw new Fault('not-found', 'there is no such path');
  });
  server.use(failures(options));
  return server;
};

/** Ids before all else; one wide line, and the metrics, when the answer is out. */
const surround = ({ serviceType, log, observe }: AppOptions): RequestHandler => {
  return (request, response, next) => {
    const started = performance.now();
    const { path } = request; // later, a router shows its own part of it
    const requestId = newRequestId();
    response.locals['requestId'] = requestId;
    response.set({ 'X-Openstack-Request-Id': requestId, Vary: 'OpenStack-API-Version', 'Cache-Control': 'no-store' });
    response.once('close', () => {
      const ms = performance.now() - started;
      const { noted, code } = response.locals as { noted?: { operation: string }; code?: string };
      observe(noted?.operation ?? 'none', response.statusCode, ms / 1000);
      log.info(
        {
          request_id: requestId,
          global_request_id: globalRequestId(request) ?? undefined,
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
    response.set('OpenStack-API-Version', `${serviceType} ${microversions.min}`); // until another is agreed upon
    next();
  };
};

/** Liveness alone, as oslo.middleware answers it. */
const healthcheck: RequestHandler = (request, response) => {
  if (request.method === 'HEAD') response.status(204).end();
  else if (request.accepts(['text/plain', 'application/json']) === 'application/json')
    response.json({ detailed: false, reasons: ['OK'] });
  else response.type('text/plain').send('OK');
};

/** Every failure in the one body. Four parameters are what makes it Express's error handler. */
const failures = ({ serviceType, authUri, href, log }: AppOptions): ErrorRequestHandler => {
  return (thrown: unknown, request, response, _next) => {
    const fault = faultOf(thrown, (code, detail) => new Fault(code, detail));
    const requestId = String(response.locals['requestId']);
    response.locals['code'] = fault.code;
    if (fault.code === 'internal') log.error({ request_id: requestId, err: thrown }, 'request.broke');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (fault.status === 401) response.set('WWW-Authenticate', `Keystone uri="${authUri}"`);
    if (fault.retryAfter !== undefined) response.set('Retry-After', String(fault.retryAfter));
    const help = (code: string): string => `${href('/')}docs/faults#${code}`;
    response.set(fault.headers).status(fault.status);
    // keystoneauth reads an error body only when its type begins so.
    response.type(
      header(request.headers.accept)?.includes('application/problem+json') === true
        ? 'application/problem+json'
        : 'application/json',
    );
    response.send(JSON.stringify(problem(fault, { serviceType, requestId, help })));
  };
};

const header = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value;
