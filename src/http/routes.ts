import type { Socket } from 'node:net';
import { Router, type Response } from 'express';
import { execute, type Steps } from '../core/execute.ts';
import { fromStrings } from '../core/from-strings.ts';
import type { Answer, Operation, SuccessStatus } from '../core/operation.ts';
import { eventStream, eventTexts } from './event-stream.ts';
import { otherMethods } from './methods.ts';
import { arrivalOf } from './surround.ts';
import {
  departures,
  furtherParts,
  globalRequestId,
  goneSignal,
  idempotencyKeyOf,
  inputOf,
  patienceOf,
  revisionOf,
  serviceTokenOf,
  tokenOf,
  withParts,
} from './request.ts';

interface Options {
  readonly steps: Steps;
  readonly operations: readonly Operation[];
}

/** `{machine}` is Express's `:machine`. */
const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

/** A route for each operation, and 405 with `Allow` for the other methods of its path. */
export const routes = ({ steps, operations }: Options): Router => {
  const router = Router({ caseSensitive: true });
  const goneOf = departures();
  const textOf = eventTexts();
  for (const operation of operations) {
    const fromQuery = fromStrings(operation.input);
    router[operation.method](expressPath(operation.path), async (request, response) => {
      const { locals } = response;
      const { address, href, path } = arrivalOf(response);
      const noted = { operation: operation.name };
      locals['noted'] = noted;
      const events = operation.event === undefined ? null : eventStream(response, textOf);
      locals['events'] = events;
      const output = await execute(steps, operation, {
        credentials: {
          token: tokenOf(request),
          serviceToken: serviceTokenOf(request),
          method: request.method,
          path,
        },
        target: operation.on === 'service' ? '' : String(request.params[operation.on]),
        input: withParts(inputOf(request, operation, fromQuery), fromQuery(furtherParts(request.params, operation.on))),
        revision: revisionOf(request, operation),
        patienceMs: patienceOf(request),
        idempotencyKey: idempotencyKeyOf(request),
        requestId: String(locals['requestId']),
        globalRequestId: globalRequestId(request),
        address,
        href,
        open: () => events?.begin(),
        emit: async (event, id) => events?.emit(event, id),
        lasts: (ms) => bearSilence(request.socket, ms),
        gone: events === null ? goneOf(request) : goneSignal(response),
        note: (fields) => Object.assign(noted, fields),
      });
      if (events !== null) {
        events.end(null);
        return;
      }
      const answer = { status: operation.statuses?.[0] ?? 200, ...operation.answer?.(output) };
      send(response, output, answer, href);
    });
  }
  for (const [path, methods] of methodsByPath(operations)) {
    router.all(expressPath(path), otherMethods(methods));
  }
  return router;
};

/** A silent connection is cut off otherwise (listener.ts). Node gives the next request on it the usual time again. */
const bearSilence = (socket: Socket, ms: number): void => {
  const { timeout = 0 } = socket;
  if (timeout > 0) socket.setTimeout(timeout + ms);
};

const send = (
  response: Response,
  output: unknown,
  { status, location, revision }: Answer & { status: SuccessStatus },
  href: (path: string) => string,
): void => {
  response.status(status);
  if (location !== undefined) response.set('Location', href(location));
  if (revision !== undefined) response.set('ETag', `"${revision}"`);
  if (status === 204) response.end();
  else response.json(output);
};

const methodsByPath = (operations: readonly Operation[]): ReadonlyMap<string, readonly string[]> => {
  const methods = new Map<string, string[]>();
  for (const { path, method } of operations) {
    const allowed = methods.get(path) ?? [];
    allowed.push(...(method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    methods.set(path, allowed);
  }
  return methods;
};
