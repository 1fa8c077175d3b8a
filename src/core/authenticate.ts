import { isAllowed } from '../domain/access-rules.ts';
import type { Identity } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import type { Secret } from '../domain/secret.ts';
import type { Tokens } from '../ports/services.ts';
import type { Arrived, Steps } from './execute.ts';

interface Ports {
  readonly tokens: Tokens;
}

/** What makes a service of a user: its token counts in `X-Service-Token`. */
const serviceRole = 'service';

/**
 * Who sends a request. A service's token comes first: a bad one is refused beside a good user's, and a good one lets a user's
 * token serve that has ended, or whose access rules are about what the user sends himself. Everything that is wrong is
 * answered alike. Faults: `unauthenticated`, and those of the validation.
 */
export const authenticate = ({ tokens }: Ports): Steps['authenticate'] => {
  const validated = async (token: Secret, request: Arrived, allowExpired: boolean, signal: AbortSignal) => {
    const requestId = request.globalRequestId ?? request.requestId;
    return tokens.validate(token, { allowExpired, address: request.address, requestId }, signal);
  };
  const serviceOf = async (token: Secret, request: Arrived, signal: AbortSignal): Promise<Identity> => {
    const service = await validated(token, request, false, signal);
    if (!service.roles.includes(serviceRole) || !mayCome(service, request)) throw unauthenticated();
    return service;
  };

  return async (request, signal) => {
    const { token, serviceToken } = request.credentials;
    if (token === null) throw unauthenticated();
    const service = serviceToken === null ? null : await serviceOf(serviceToken, request, signal);
    const identity = await validated(token, request, service !== null, signal);
    if (service === null && !mayCome(identity, request)) throw unauthenticated();
    return { identity, service };
  };
};

const mayCome = ({ accessRules }: Identity, { credentials: { method, path } }: Arrived): boolean =>
  isAllowed(accessRules, method, path);

const unauthenticated = (): Fault => new Fault('unauthenticated', 'The request you have made requires authentication.');
