import type { Identity } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Log } from '../../ports/services.ts';
import { garbled, unhelpful } from './failure.ts';
import { gate } from './gate.ts';
import type { Keystone, KeystoneAnswer } from './http.ts';
import { unwelcome, type ServiceLogin, type ServiceToken } from './service-login.ts';
import { identityOf, tokenBody } from './token-body.ts';

export interface ValidationOptions {
  readonly serviceType: string;
  /** Within so many there is an answer: of the login, the wait and the question together. */
  readonly seconds: number;
  readonly log: Log;
}

export interface Asked {
  /** Whether a token that has ended serves too, within Keystone's `allow_expired_window`. */
  readonly allowExpired: boolean;
  /** For Keystone's log. */
  readonly requestId: string | null;
}

/** Asks Keystone whose a token is. Faults: `unauthenticated`, and those of a Keystone in trouble. */
export interface Validation {
  ask(token: Secret, asked: Asked): Promise<Identity>;
  /** Resolves when tokens can be validated, as far as is known without one of somebody else's. Faults as above. */
  check(): Promise<void>;
}

const atOnce = 16;
const mostWaiting = 512;
/** How often it is said in the log that we are not let. */
const sayMs = 10_000;

export const invalid = (): Fault => new Fault('unauthenticated', 'The request you have made requires authentication.');

/**
 * GET, never HEAD, which the role `service` may not do, and with the catalogue, which access rules are held against.
 * Keystone's 404 is about the caller's token, its 401 about ours, its 403 about our rights.
 */
export const validation = (ask: Keystone, service: ServiceLogin, options: ValidationOptions): Validation => {
  const { serviceType, seconds, log } = options;
  const through = gate(atOnce, mostWaiting);
  /** That the last question about somebody's token was not let. */
  let unwanted: Fault | null = null;
  let saidAt = -Infinity;

  const question = async (
    { identityUrl, token: own }: ServiceToken,
    token: Secret,
    { allowExpired, requestId }: Asked,
    signal: AbortSignal,
  ): Promise<KeystoneAnswer> => {
    const headers = {
      'X-Subject-Token': token.reveal(),
      'OpenStack-Identity-Access-Rules': '1',
      ...(requestId !== null && { 'X-Openstack-Request-Id': requestId }),
    };
    const path = allowExpired ? '/auth/tokens?allow_expired=1' : '/auth/tokens';
    return ask({ method: 'GET', base: identityUrl, path, token: own, headers }, signal);
  };
  const refused = (status: number): Fault => {
    const now = performance.now();
    if (now - saidAt > sayMs) {
      saidAt = now;
      log.error({ status }, 'keystone.validation-refused');
    }
    return status === 401 ? unwelcome() : forbidden();
  };
  const validated = async (token: Secret, asked: Asked, signal: AbortSignal): Promise<Identity> => {
    const own = await service.current(signal);
    let answer = await question(own, token, asked, signal);
    if (answer.status === 401) answer = await question(await service.renewed(own, signal), token, asked, signal);
    switch (answer.status) {
      case 200: {
        const body = tokenBody.safeParse(answer.body);
        if (!body.success) throw garbled('an odd body to a validation');
        return identityOf(body.data, serviceType);
      }
      case 404:
        throw invalid();
      case 401:
      case 403:
        throw refused(answer.status);
      default:
        throw unhelpful(answer, 'a validation');
    }
  };

  return {
    async ask(token, asked) {
      const signal = AbortSignal.timeout(seconds * 1000);
      try {
        const identity = await through(async () => validated(token, asked, signal), signal);
        unwanted = null;
        return identity;
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code === 'identity-forbidden') unwanted = thrown;
        throw thrown;
      }
    },
    async check() {
      const signal = AbortSignal.timeout(seconds * 1000);
      const { token } = await service.current(signal);
      await validated(token, { allowExpired: false, requestId: null }, signal);
      // Everybody may validate his own token: it does not show that we may validate others'.
      if (unwanted !== null) throw unwanted;
    },
  };
};

const forbidden = (): Fault =>
  new Fault('identity-forbidden', 'Keystone does not let the service user validate tokens', { retryAfter: 30 });
