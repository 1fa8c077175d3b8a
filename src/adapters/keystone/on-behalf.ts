import { Fault } from '../../domain/fault.ts';
import type { Asker } from '../../ports/services.ts';
import type { Keystone, KeystoneAnswer } from './http.ts';
import type { ServiceLogin } from './service-login.ts';

/** The headers of a question to an OpenStack service in a caller's name. */
export type CallerHeaders = (asker: Asker, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;

/**
 * The caller's token, and our own beside it: what takes long goes on when the caller's ends, and an application
 * credential's access rules do not stand in the way. The request's global id, so that one search finds it everywhere.
 * Faults: `unauthenticated` when the caller's token is not at hand, and those of a Keystone in trouble.
 */
export const callerHeaders =
  (service: ServiceLogin): CallerHeaders =>
  async ({ token, requestId, globalRequestId }, signal) => {
    if (token === null) throw new Fault('unauthenticated', 'this was asked for without a token at hand');
    const { token: own } = await service.current(signal);
    return {
      'X-Auth-Token': token.reveal(),
      'X-Service-Token': own.reveal(),
      'X-Openstack-Request-Id': globalRequestId ?? requestId,
    };
  };

/** A question to Keystone itself in a caller's name. Faults as above; every status is an answer. */
export type AskFor = (path: string, asker: Asker, signal: AbortSignal) => Promise<KeystoneAnswer>;

export const askFor =
  (ask: Keystone, service: ServiceLogin, headersFor: CallerHeaders): AskFor =>
  async (path, asker, signal) => {
    const { identityUrl: base } = await service.current(signal);
    return ask({ method: 'GET', base, path, headers: await headersFor(asker, signal) }, signal);
  };
