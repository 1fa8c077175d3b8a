import { powerAction, stateAfter } from '../domain/power.ts';
import type { Life } from '../ports/life.ts';
import type { Log, Observations, Tokens } from '../ports/services.ts';
import { audit, missed } from './audit.ts';
import { authenticate } from './authenticate.ts';
import type { Callers } from './callers.ts';
import type { Leased, LocatedAct, Steps } from './execute.ts';
import type { Keeper } from './lease.ts';
import { locators } from './locate.ts';
import type { Observer } from './observe.ts';
import type { Services } from './operation.ts';
import type { Relayer } from './relay.ts';
import { rateLimit } from './rate.ts';
import { seats } from './seats.ts';
import type { Pace } from './sets/pace.ts';
import { vigil } from './vigil.ts';

interface Parts {
  readonly services: Services;
  readonly tokens: Tokens;
  readonly callers: Callers;
  readonly keeper: Keeper;
  readonly observer: Observer;
  readonly observations: Observations;
  readonly life: Pick<Life, 'insist'>;
  readonly relayer: Pick<Relayer, 'pass'>;
  readonly pace: Pick<Pace, 'attend'>;
  readonly log: Log;
  /** Of one caller; 0: as many as he likes. */
  readonly requestsPerMinute: number;
  /** Whether plain reads are journalled too. */
  readonly auditReads: boolean;
  /** Milliseconds that an open stream goes on while Keystone cannot tell whether its token still stands. */
  readonly graceMs: number;
}

/** How long a change waits for another on the same controller, when the caller does not say. */
const usualPatienceMs = 10_000;

/** Of one user: as many screens as somebody may look at. */
const mostStreams = 100;

/** Joins the parts to the steps of the flow. */
export const steps = (parts: Parts): Steps => {
  const { services, tokens, callers, keeper, observer, observations, life, pace, log, auditReads, graceMs } = parts;
  const find = locators(services);
  const ledger = { ...services, log, reads: auditReads };
  const audited = audit(ledger);

  return {
    services,
    authenticate: authenticate({ tokens }),
    admit: rateLimit(parts.requestsPerMinute),
    seat: seats(mostStreams),
    attend: pace.attend,
    scope: callers.of,
    rescope: callers.again,
    locate: async (kind, name, caller) => find[kind](name, caller),
    async audit(act, work) {
      // What a replica writes down that is taken for dead is soon told to have an unknown end.
      if (act.operation.effect !== 'read') await life.insist(act.signal);
      return audited(act, work);
    },
    missed: missed(ledger),
    decide: services.decide,
    async relay(act) {
      const { operation, located, undecoded } = act;
      if (undecoded === undefined || act.isStream) return null;
      const { input } = act;
      const needs = operation.needs ?? operation.asks?.({ ...services, ...located.found, input }) ?? [];
      const controller = keeper.elsewhere({ needs, bindings: located.bindings });
      return controller === null ? null : parts.relayer.pass(act, undecoded, controller);
    },
    async lease(act) {
      const { operation, located, id, patienceMs, bulk = false, signal } = act;
      const { needs = [], effect, name } = operation;
      const changes = effect === 'change' || effect === 'disrupt';
      if (needs.length === 0) return { ...nothing, signal };
      const { bindings } = located;
      const wish = { needs, bindings, changes, operation: name, actId: id, isBulk: bulk, signal };
      const leased = await keeper.lease({ ...wish, patienceMs: patienceMs ?? usualPatienceMs });
      return changes ? followed(leased, act, observer) : leased;
    },
    watch: vigil({ tokens, callers, decide: services.decide, graceMs }),
    async outdate(act) {
      const { machine } = act.located.found;
      if (machine !== undefined && changesPower(act)) await observations.outdate(machine.id, wanted(act));
    },
  };
};

const nothing: Omit<Leased, 'signal'> = {
  device: {} as Leased['device'], // nothing was needed, and the declaration lets nothing be used
  waited: false,
  learn: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

/** The reading comes after the change, once the turn is given back, and elsewhere. */
const followed = (leased: Leased, act: LocatedAct, observer: Observer): Leased => ({
  ...leased,
  async [Symbol.asyncDispose]() {
    await leased[Symbol.asyncDispose]();
    const { machine } = act.located.found;
    if (machine !== undefined && changesPower(act)) observer.readBack(machine, wanted(act));
  },
});

const changesPower = ({ operation }: LocatedAct): boolean =>
  operation.effect === 'disrupt' && operation.needs?.includes('power') === true;

const wanted = ({ input }: LocatedAct): ReturnType<typeof stateAfter> => {
  const action = powerAction.safeParse(input['target']);
  return action.success ? stateAfter(action.data) : null;
};
