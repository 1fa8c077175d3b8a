import { z } from 'zod';
import { authBody, type Cloud, type CloudAuth } from '../../domain/cloud.ts';
import { Fault, told } from '../../domain/fault.ts';
import { Secret } from '../../domain/secret.ts';
import type { Log } from '../../ports/services.ts';
import type { Trusts } from '../../ports/trusts.ts';
import { garbled, unhelpful } from './failure.ts';
import type { Keystone, KeystoneAnswer } from './http.ts';
import type { CallerHeaders } from './on-behalf.ts';
import type { ServiceLogin, ServiceToken } from './service-login.ts';

interface Parts {
  readonly cloud: Pick<Cloud, 'auth'>;
  readonly ask: Keystone;
  readonly service: ServiceLogin;
  readonly headersFor: CallerHeaders;
  readonly log: Log;
}

type SignedIn = { readonly token: Secret } | { readonly why: string; readonly isGone: boolean };

const collection = '/OS-TRUST/trusts';
const made = z.object({ trust: z.object({ id: z.string() }) });
const known = z.object({ trust: z.object({ roles: z.array(z.object({ name: z.string() })) }) });
const refusal = z.object({ error: z.object({ message: z.string() }) });
const mostText = 300;

/**
 * What an answer means was seen at Keystone 22. A token by a trust is not revoked after its use: that writes a row which
 * Keystone holds every token against for as long as tokens live, and the token itself is in no file and no table.
 */
export const trusts = ({ cloud, ask, service, headersFor, log }: Parts): Trusts => {
  const pathOf = (id: string): string => `${collection}/${encodeURIComponent(id)}`;

  const signIn = async (id: string, signal: AbortSignal): Promise<SignedIn> => {
    const scope = { 'OS-TRUST:trust': { id } };
    const body = authBody({ ...passwordIn(cloud), scope });
    const answer = await ask({ method: 'POST', path: '/auth/tokens', body }, signal);
    if (answer.status === 401 || answer.status === 403) return whyRefused(id, answer.status, signal);
    if (answer.status !== 201) throw unhelpful(answer, 'a login by a trust');
    const token = answer.headers['x-subject-token'];
    if (typeof token !== 'string') throw garbled('an odd answer to a login by a trust');
    return { token: new Secret(token) };
  };

  /** Keystone says no more than no. Its user and project cannot be looked up with the role that Igor has; the trust can. */
  const whyRefused = async (id: string, status: number, signal: AbortSignal): Promise<SignedIn> => {
    const look = async ({ identityUrl: base, token }: ServiceToken): Promise<KeystoneAnswer> =>
      ask({ method: 'GET', base, path: pathOf(id), token }, signal);
    const own = await service.current(signal);
    let answer = await look(own);
    if (answer.status === 401) answer = await look(await service.renewed(own, signal));
    if (answer.status === 404)
      return { why: 'it was deleted or has expired, or its user or project was deleted', isGone: true };
    const trust = known.safeParse(answer.body);
    if (answer.status !== 200 || !trust.success) throw unhelpful(answer, 'a trust');
    if (status === 401) {
      // Unless it is our own password that is not taken any more, which this tells by its fault.
      await service.renewed(await service.current(signal), signal);
      return { why: 'its project is disabled', isGone: false };
    }
    const roles = trust.data.trust.roles.map(({ name }) => name).join(', ');
    return { why: `its user is disabled, or has lost one of the roles that he handed on (${roles})`, isGone: false };
  };

  const removedBy = async (id: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => {
    const { identityUrl: base } = await service.current(signal);
    const answer = await ask({ method: 'DELETE', base, path: pathOf(id), headers }, signal);
    if (answer.status === 204 || answer.status === 404) return true;
    if ([401, 403].includes(answer.status)) return false;
    throw unhelpful(answer, 'the end of a trust');
  };

  return {
    async tokenOf(id, signal) {
      const signedIn = await signIn(id, signal);
      if ('token' in signedIn) return signedIn.token;
      throw new Fault('trust-ended', `the trust does not hold: ${signedIn.why}`);
    },

    async make({ projectId, roles, expiresAt }, trustor, signal) {
      passwordIn(cloud);
      const { identityUrl: base, userId } = await service.current(signal);
      const trust = {
        trustor_user_id: trustor.identity.userId,
        trustee_user_id: userId,
        project_id: projectId,
        impersonation: true,
        roles: roles.map((name) => ({ name })),
        expires_at: expiresAt?.toISOString() ?? null,
        remaining_uses: null,
        allow_redelegation: false,
      };
      const headers = await headersFor(trustor, signal);
      const answer = await ask({ method: 'POST', base, path: collection, headers, body: { trust } }, signal);
      if (answer.status === 401)
        throw new Fault('unauthenticated', 'Keystone does not take this token for a trust: it may have ended');
      // A 404 is about a role that he holds by a group of his identity provider alone.
      if ([400, 403, 404].includes(answer.status))
        throw new Fault('forbidden', `Keystone lets you make no trust with this token: ${saidIn(answer)}`);
      if (answer.status !== 201) throw unhelpful(answer, 'a new trust');
      const body = made.safeParse(answer.body);
      if (!body.success) throw garbled('an odd body to a new trust');
      return body.data.trust.id;
    },

    async remove(id, asker, signal) {
      try {
        if (asker?.token && (await removedBy(id, await headersFor(asker, signal), signal))) return true;
        const own = await signIn(id, signal);
        if (!('token' in own)) return own.isGone;
        return await removedBy(id, { 'X-Auth-Token': own.token.reveal() }, signal);
      } catch (thrown) {
        log.debug({ trust: id, ...told(thrown) }, 'trust.unremoved');
        return false;
      }
    },
  };
};

/** Keystone gives no token by a trust to an application credential, nor to who shows a token of one. */
const passwordIn = ({ auth }: Pick<Cloud, 'auth'>): Extract<CloudAuth, { method: 'password' }> => {
  if (auth.method === 'password') return auth;
  throw new Fault(
    'misconfigured',
    "Igor's own credentials are no password, and Keystone lets only that act by a trust; set OS_USERNAME and OS_PASSWORD",
  );
};

/** Keystone's own sentence, which holds no token. */
const saidIn = ({ status, body }: KeystoneAnswer): string =>
  refusal.safeParse(body).data?.error.message.slice(0, mostText) ?? `it answered ${status}`;
