import type { Identity } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Log } from '../../ports/services.ts';
import { unavailable, type Keystone } from './http.ts';
import type { ServiceLogin } from './service-login.ts';
import { identityOf, tokenBody } from './token-body.ts';

/** Asks Keystone whose a token is. Faults: `unauthenticated`, `identity-unavailable`, `identity-misconfigured`. */
export type Validate = (token: Secret) => Promise<Identity>;

export const invalid = (): Fault => new Fault('unauthenticated', 'The request you have made requires authentication.');

/**
 * GET, never HEAD, which the role `service` may not do. Keystone's 404 is about the caller's token, its 401 about ours, its
 * 403 about our rights. We do not enforce access rules yet, and so do not claim to by the header that Keystone asks
 * for: a token restricted by them is refused.
 */
export const validation = (ask: Keystone, service: ServiceLogin, serviceType: string, log: Log): Validate => {
  const question = async (token: Secret, own: Secret) =>
    ask(
      { method: 'GET', path: '/auth/tokens', token: own, headers: { 'X-Subject-Token': token.reveal() } },
      new AbortController().signal,
    );

  return async (token) => {
    const own = await service.current();
    let answer = await question(token, own.token);
    if (answer.status === 401) answer = await question(token, (await service.renewed(own)).token);
    switch (answer.status) {
      case 200: {
        const body = tokenBody.safeParse(answer.body);
        if (!body.success) throw unavailable('an odd body to a validation');
        return identityOf(body.data, serviceType);
      }
      case 404:
        throw invalid();
      case 401:
      case 403:
        log.error({ status: answer.status }, 'keystone.validation-refused');
        throw new Fault('identity-misconfigured', 'Keystone does not let the service user validate tokens', {
          retryAfter: 30,
        });
      default:
        throw unavailable(`status ${answer.status} to a validation`, retryAfterOf(answer.headers['retry-after']));
    }
  };
};

const retryAfterOf = (header: unknown): number | undefined => {
  const seconds = Number(header);
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, 300) : undefined;
};
