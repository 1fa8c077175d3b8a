import type { Cloud } from '../../domain/cloud.ts';
import type { Groups, Log, Projects, Tokens } from '../../ports/services.ts';
import type { Trusts } from '../../ports/trusts.ts';
import { told } from '../../domain/fault.ts';
import { breaker } from './breaker.ts';
import { groups } from './groups.ts';
import { keystone } from './http.ts';
import { askFor, callerHeaders } from './on-behalf.ts';
import { projects } from './projects.ts';
import { serviceLogin, type ServiceLogin } from './service-login.ts';
import { tokenCache, type TokenCacheOptions } from './token-cache.ts';
import { trusts } from './trusts.ts';
import { validation } from './validate.ts';

interface Options extends TokenCacheOptions {
  /** For one question, and for a validation with all that it takes. */
  readonly deadlineSeconds: number;
  readonly serviceType: string;
  readonly log: Log;
  readonly now: () => number;
}

/** All that a service asks Keystone for. */
export interface Identities {
  readonly service: ServiceLogin;
  readonly tokens: Tokens;
  readonly projects: Projects;
  readonly groups: Groups;
  readonly trusts: Trusts;
  /** Resolves when tokens can be validated. */
  check(): Promise<void>;
  /** Says in the log whether they can. */
  report(): Promise<void>;
}

/** What Keystone's default rules ask of who validates the tokens of others. */
const suffices = (roles: readonly string[]): boolean =>
  ['service', 'admin', 'reader'].some((role) => roles.includes(role));

export const identities = (cloud: Cloud, options: Options): Identities => {
  const { deadlineSeconds: seconds, serviceType, log, now } = options;
  const ask = breaker(keystone(cloud, seconds), { now, log });
  const service = serviceLogin(cloud, ask, log, now);
  const validate = validation(ask, service, { serviceType, seconds, log });
  const headersFor = callerHeaders(service);
  const inName = askFor(ask, service, headersFor);
  return {
    service,
    tokens: tokenCache(validate, options),
    projects: projects(inName),
    groups: groups(inName, options.seconds),
    trusts: trusts({ cloud, ask, service, headersFor, log }),
    check: validate.check,
    async report() {
      try {
        await validate.check();
        const { roles, identityUrl: url } = await service.current(AbortSignal.timeout(seconds * 1000));
        // Whether we may is only seen with somebody else's token.
        if (suffices(roles)) log.info({ url }, 'keystone.ready');
        else log.warn({ url, roles }, 'keystone.rights-doubtful');
      } catch (thrown) {
        log.warn(told(thrown), 'keystone.unready');
      }
    },
  };
};
