import type { ControllerHealth } from '../../domain/controller.ts';
import { asFault, told, type Fault, type FaultCode } from '../../domain/fault.ts';
import type { Condition, Conditions } from '../../ports/broker.ts';
import type { Log } from '../../ports/services.ts';
import { backOffMs } from './breaker.ts';
import type { Holding } from './holding.ts';

/** Keeps what each conversation told of a controller: in memory, and for all replicas in the database when it changes. */
export interface Health {
  /** It answered; `answerMs` where one question was asked, so that it tells how fast it is. */
  answered(held: Holding, answerMs: number | null): Promise<void>;
  /** `wasLogin`: there was no session yet, so it is the controller that does not answer, or refuses us. */
  failed(held: Holding, thrown: unknown, wasLogin: boolean): Promise<void>;
}

interface Ports {
  readonly conditions: Conditions;
  readonly log: Log;
  readonly now: () => number;
}

const slowMs = 2_000;
/** As the database has it. */
const refusedMs = 300_000;

/** What a fault says of the controller; those that are not here say nothing of it. */
const healthAfter: Partial<Record<FaultCode, ControllerHealth>> = {
  'controller-unreachable': 'unreachable',
  'controller-login-refused': 'credentials',
  'controller-suite-refused': 'credentials',
  'sessions-exhausted': 'saturated',
  'controller-garbled': 'garbled',
};

export const health = ({ conditions, log, now }: Ports): Health => {
  const note = async (
    held: Holding,
    next: ControllerHealth,
    change: Partial<Condition>,
    fault: Fault | null,
    write: (revision: number) => Promise<void>,
  ): Promise<void> => {
    const { known, id } = held;
    if (known === null) return;
    const before = known.standing;
    held.known = { ...known, readAt: now(), standing: { ...before, ...change, health: next } };
    if (before.health !== next) {
      const fields = { controller: id, address: known.controller.address, from: before.health, to: next };
      log.info({ ...fields, ...(fault && { code: fault.code, detail: fault.detail }) }, 'controller.health-changed');
    }
    // The device has said what it said: that it cannot be written down fails nobody.
    await write(known.controller.revision).catch((error: unknown) =>
      log.warn({ controller: id, ...told(error) }, 'controller.health-unwritten'),
    );
  };

  return {
    async answered(held, answerMs) {
      held.heardAt = now();
      const standing = held.known?.standing;
      // A session that was open before the account was refused tells nothing of the next login.
      if (standing === undefined || standing.refused !== null) return;
      const isSteady = standing.health === 'ok' || standing.health === 'slow';
      const next = answerMs === null ? (isSteady ? standing.health : 'ok') : answerMs > slowMs ? 'slow' : 'ok';
      if (next === standing.health && standing.failures === 0) return;
      await note(held, next, { failures: 0, retryMs: null }, null, async (revision) =>
        conditions.healthy(held.id, revision, next),
      );
    },
    async failed(held, thrown, wasLogin) {
      const fault = asFault(thrown);
      const next = healthAfter[fault.code];
      const standing = held.known?.standing;
      if (next === undefined || standing === undefined) return;
      if (next !== 'unreachable') held.heardAt = now();
      if (next === 'credentials') {
        const refused = { at: new Date(), checkMs: refusedMs };
        await note(held, next, { refused }, fault, async (revision) => conditions.refused(held.id, revision));
      } else if (next === 'unreachable' && wasLogin) {
        const failures = standing.failures + 1;
        const retryMs = backOffMs(failures);
        await note(held, next, { failures, retryMs }, fault, async (revision) =>
          conditions.unreachable(held.id, revision, failures, retryMs),
        );
      } else if (next !== standing.health && standing.refused === null) {
        await note(held, next, {}, fault, async (revision) => conditions.healthy(held.id, revision, next));
      }
    },
  };
};
