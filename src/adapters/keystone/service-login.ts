import { apiUrl, type Cloud } from '../../domain/cloud.ts';
import { asFault, Fault, told } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import { late } from './failure.ts';
import type { Keystone } from './http.ts';
import { endpointIn, login, type Login } from './login.ts';

/** Signed in as the service user, and where Keystone is asked from then on: ends in /v3. */
export type ServiceToken = Login & { readonly identityUrl: string };

/** The service user's own login: shared by all, renewed before it ends. */
export interface ServiceLogin {
  /** Faults: `identity-login-refused`, and those of a Keystone in trouble. */
  current(signal: AbortSignal): Promise<ServiceToken>;
  /** Keystone refused this one: a newer login, made once however many ask. */
  renewed(refused: ServiceToken, signal: AbortSignal): Promise<ServiceToken>;
}

/** Renewed in the background from this share of its life on, while it still serves. */
const renewAt = 0.8;
/** Credentials that were refused are not offered again for so long: Keystone may lock the user. */
const refusedMs = 10_000;
/** Another failure is everybody's for so long. */
const failedMs = 1_000;
/** A new token that is not taken either is no reason for a newer one, for so long. */
const renewedMs = 5_000;

export const serviceLogin = (cloud: Cloud, ask: Keystone, log: Log, now = () => performance.now()): ServiceLogin => {
  let held: ServiceToken | null = null;
  let flight: Promise<ServiceToken> | null = null;
  let failed: { readonly fault: Fault; readonly until: number } | null = null;
  let forcedAt = -Infinity;

  const make = async (): Promise<ServiceToken> => {
    // Nobody's own signal: the flight is everybody's, and the client bounds it.
    const made = await login(cloud, new AbortController().signal, ask);
    const listed = endpointIn(made.catalog, 'identity', { ...cloud, interface: cloud.identityInterface });
    const identityUrl = listed === null ? cloud.authUrl : apiUrl(listed);
    if (identityUrl !== held?.identityUrl) announce(identityUrl, listed !== null);
    return { ...made, identityUrl };
  };
  const announce = (url: string, isListed: boolean): void => {
    const fields = { url, interface: cloud.identityInterface, region: cloud.region };
    if (isListed) log.info(fields, 'keystone.endpoint-found');
    else log.warn(fields, 'keystone.endpoint-missing');
  };
  const renew = async (): Promise<ServiceToken> => {
    if (failed !== null && now() < failed.until) throw failed.fault;
    flight ??= make()
      .then((made) => {
        failed = null;
        held = made;
        return made;
      })
      .catch((thrown: unknown) => {
        const fault = inOurName(asFault(thrown));
        const isRefused = fault.code === 'identity-login-refused';
        const fields = { auth_url: cloud.authUrl, ...told(fault) };
        if (isRefused) log.error(fields, 'keystone.service-user-refused');
        else log.warn(fields, 'keystone.login-failed');
        failed = { fault, until: now() + (isRefused ? refusedMs : failedMs) };
        throw fault;
      })
      .finally(() => (flight = null));
    return flight;
  };

  return {
    async current(signal) {
      const at = Date.now();
      if (held === null || held.expiresAt.getTime() <= at) return unlessAborted(renew(), signal);
      const life = held.expiresAt.getTime() - held.issuedAt.getTime();
      // What goes wrong is logged where it happens.
      if (at > held.issuedAt.getTime() + life * renewAt) renew().catch(() => undefined);
      return held;
    },
    async renewed(refused, signal) {
      if (held !== null && held !== refused) return held;
      if (flight === null && now() - forcedAt < renewedMs) throw unwelcome();
      if (flight === null) forcedAt = now();
      return unlessAborted(renew(), signal);
    },
  };
};

/** A caller must not take it for his own credentials that are refused. */
const inOurName = (fault: Fault): Fault =>
  fault.code === 'unauthenticated'
    ? new Fault('identity-login-refused', "Keystone does not take the service user's credentials", { retryAfter: 10 })
    : fault;

/** Keystone gives tokens that it does not take. */
export const unwelcome = (): Fault =>
  new Fault('identity-login-refused', "Keystone does not take the service user's own token", { retryAfter: 5 });

/** The work is everybody's; each of them may stop waiting for it. */
export const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const leave = (): void => reject(late());
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
