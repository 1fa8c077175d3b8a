import type { Identity } from '../../domain/caller.ts';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';
import { garbled, unhelpful } from './failure.ts';
import type { Keystone } from './http.ts';
import { identityOf, tokenBody } from './token-body.ts';

/**
 * Whose a token is, asked with that token alone, which everybody may about his own. Faults: `unauthenticated`,
 * and those of a Keystone in trouble.
 */
export const ownToken = async (
  ask: Keystone,
  token: Secret,
  serviceType: string,
  signal: AbortSignal,
): Promise<Identity> => {
  // Without the second header Keystone says nothing of a token that is limited by access rules.
  const headers = { 'X-Subject-Token': token.reveal(), 'OpenStack-Identity-Access-Rules': '1' };
  const answer = await ask({ method: 'GET', path: '/auth/tokens', token, headers }, signal);
  const { status } = answer;
  if ([401, 403, 404].includes(status))
    throw new Fault('unauthenticated', `Keystone does not say whose this token is (${status}): it may have ended`);
  if (status !== 200) throw unhelpful(answer, 'a question about a token');
  const read = tokenBody.safeParse(answer.body);
  if (!read.success) throw garbled('what it says of the token is not what Keystone says');
  return identityOf(read.data, serviceType);
};
