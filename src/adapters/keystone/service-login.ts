import type { Cloud } from '../../domain/cloud.ts';
import { Fault } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import type { Keystone } from './http.ts';
import { login, type Login } from './login.ts';

/** The service user's own login: shared by all, renewed before it ends. */
export interface ServiceLogin {
  /** Faults: `identity-misconfigured` when the credentials are refused, `identity-unavailable`. */
  current(): Promise<Login>;
  /** Keystone refused this one: a newer login, made once however many ask. */
  renewed(refused: Login): Promise<Login>;
}

/** Renewed in the background from this share of its life on, while it still serves. */
const renewAt = 0.8;

export const serviceLogin = (cloud: Cloud, ask: Keystone, log: Log): ServiceLogin => {
  let held: Login | null = null;
  let flight: Promise<Login> | null = null;

  const renew = async (): Promise<Login> => {
    // Nobody's own signal: the flight is everybody's, and the client bounds it.
    flight ??= login(cloud, new AbortController().signal, ask)
      .then((made) => (held = made))
      .catch((thrown: unknown) => {
        if (!(thrown instanceof Fault) || thrown.code !== 'unauthenticated') throw thrown;
        log.error({ auth_url: cloud.authUrl }, 'keystone.service-user-refused');
        throw new Fault('identity-misconfigured', "Keystone does not take the service user's credentials", {
          retryAfter: 30,
        });
      })
      .finally(() => (flight = null));
    return flight;
  };

  return {
    async current() {
      const now = Date.now();
      if (held === null || held.expiresAt.getTime() <= now) return renew();
      const life = held.expiresAt.getTime() - held.issuedAt.getTime();
      if (now > held.issuedAt.getTime() + life * renewAt) {
        renew().catch((error: unknown) => log.warn({ err: error }, 'keystone.unrenewed'));
      }
      return held;
    },
    renewed: async (refused) => (held !== null && held !== refused ? held : renew()),
  };
};
