import { randomUUID } from 'node:crypto';
import { Fault } from '../../domain/fault.ts';
import type { Log, Tokens } from '../../ports/services.ts';
import type { Trusts } from '../../ports/trusts.ts';
import type { Callers } from '../callers.ts';
import { insist, type Fleet } from '../sets/fleet.ts';
import type { Mandates } from './mandate.ts';

interface Parts {
  readonly trusts: Trusts;
  readonly tokens: Tokens;
  readonly callers: Pick<Callers, 'recalled'>;
  readonly fleet: Pick<Fleet, 'plan'>;
  readonly log: Log;
}

/** A set that is looked up anew may have grown. */
export const mostGrowth = 2;

export const mandates = ({ trusts, tokens, callers, fleet, log }: Parts): Mandates => {
  const callerBy: Mandates['callerBy'] = async (trustId, signal) => {
    const token = await trusts.tokenOf(trustId, signal);
    const requestId = `req-${randomUUID()}`;
    const identity = await tokens
      .validate(token, { allowExpired: false, address: null, requestId }, signal)
      .catch((thrown: unknown) => {
        throw thrown instanceof Fault && thrown.code === 'unauthenticated' ? disowned() : thrown;
      });
    return callers.recalled({ identity, groups: [], requestId, globalRequestId: null });
  };
  const end: Mandates['end'] = async (trustId, caller, signal) => {
    const isGone = await trusts.remove(trustId, caller, signal);
    if (!isGone) log.warn({ trust: trustId }, 'schedule.trust-left');
    return isGone;
  };

  return {
    callerBy,
    end,
    async make(caller, wish, { seen, agreed, expiresAt }, signal) {
      const { projectId, roles, delegation, userName } = caller.identity;
      if (delegation !== null)
        throw new Fault(
          'forbidden',
          'Keystone lets neither application credentials nor trusts hand on what they may: sign in as yourself',
        );
      if (projectId === null)
        throw new Fault('forbidden', 'a trust is for a project: sign in to the one in which it is to act');
      const plan = await fleet.plan(caller, wish);
      if (plan.secretParameters !== null) throw new Fault('invalid-input', `operation.parameters: ${noSecrets}`);
      const isAgreed = agreed !== null && plan.targets.length <= agreed * mostGrowth;
      if (seen !== null || !isAgreed) insist(plan, seen);

      const trustId = await trusts.make({ projectId, roles, expiresAt }, caller, signal);
      try {
        await fleet.plan(await callerBy(trustId, signal), wish);
        return { trustId, roles, targets: plan.targets.length };
      } catch (thrown) {
        await end(trustId, caller, signal);
        throw thrown instanceof Fault && (thrown.code === 'forbidden' || thrown.code === 'not-found')
          ? new Fault(
              'forbidden',
              `a schedule acts by the roles of ${userName}, not by what is granted to him: ${thrown.detail}`,
            )
          : thrown;
      }
    },
  };
};

export const noSecrets = 'a schedule keeps no secret, since it would have to keep it for as long as it runs';

const disowned = (): Fault =>
  new Fault('trust-ended', 'the trust does not hold: its token is not taken, or the directory knows its user no more');
