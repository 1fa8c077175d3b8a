import type { ErrorRequestHandler } from 'express';
import { Fault } from '../domain/fault.ts';
import type { Log } from '../ports/services.ts';
import { faultOf, problem } from './problem.ts';
import type { Locals } from './surround.ts';

interface Options {
  readonly serviceType: string;
  readonly authUri: string;
  readonly href: (path: string) => string;
  readonly log: Log;
}

/** Every failure in the one body. Four parameters are what makes it Express's error handler. */
export const failures = ({ serviceType, authUri, href, log }: Options): ErrorRequestHandler => {
  return (thrown: unknown, request, response, _next) => {
    const fault = faultOf(thrown, (code, detail) => new Fault(code, detail));
    const locals = response.locals as Locals;
    const { requestId } = locals;
    locals.code = fault.code;
    if (fault.code === 'internal') log.error({ request_id: requestId, err: thrown }, 'request.broke');
    const link = locals.arrival?.href ?? href;
    const help = (code: string): string => `${link('/')}docs/faults#${code}`;
    const body = problem(fault, { serviceType, requestId, help });
    if (response.headersSent) {
      if (locals.events) locals.events.end(body);
      else response.destroy();
      return;
    }
    if (fault.status === 401) response.set('WWW-Authenticate', `Keystone uri="${authUri}"`);
    if (fault.retryAfter !== undefined) response.set('Retry-After', String(fault.retryAfter));
    response.set(fault.headers).status(fault.status);
    // keystoneauth reads an error body only when its type begins so.
    const wantsProblem = request.headers.accept?.includes('application/problem+json') === true;
    response.vary('Accept').type(wantsProblem ? 'application/problem+json' : 'application/json');
    response.send(JSON.stringify(body));
  };
};
