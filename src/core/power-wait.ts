import { asFault, Fault, type FaultCode } from '../domain/fault.ts';
import { stateAfter, type PowerAction, type PowerState } from '../domain/power.ts';
import type { Power } from '../ports/controller.ts';
import { pause } from './waiting.ts';

/** A change of power that the controller has accepted, and what is waited for. */
interface Wait {
  readonly power: Power;
  readonly action: PowerAction;
  /** The state before the change. */
  readonly before: PowerState;
  readonly waitMs: number;
  /** After which `off` is sent, if the machine is not off by then; null: never. */
  readonly escalateMs: number | null;
  /** Called just before `off` is sent. */
  readonly onEscalate: () => void;
  readonly signal: AbortSignal;
}

interface Waited {
  /** As last seen; null: it could not be read. */
  readonly after: PowerState | null;
  /** Null: it cannot be told. */
  readonly reached: boolean | null;
  readonly escalated: boolean;
}

/** A cycle whose off was not seen by then was too short to be seen, and no longer waited for. */
const mostMsToGoOff = 30_000;
const leastPauseMs = 300;
const mostPauseMs = 2_000;

/**
 * Reads the power until it is as the action leads to. The state from before the change never counts for it: a cycle is
 * through when the machine was seen off and then on. A reset and an NMI leave the power on throughout, so nothing is there to
 * be seen, and nothing is waited for.
 * Faults: `outcome-unknown` when an escalation was due and could not be carried out.
 */
export const awaitPower = async ({ power, action, before, waitMs, escalateMs, ...rest }: Wait): Promise<Waited> => {
  const { onEscalate, signal } = rest;
  const began = performance.now();
  const wanted = action === 'reset' ? null : stateAfter(action);
  let after: PowerState | null = null;
  let escalated = false;
  let wasOff = action !== 'cycle' || before === 'off';
  const isCut = (): boolean => signal.aborted;
  const toEscalate = (): boolean => escalateMs !== null && !escalated;
  const untold = (): Waited => {
    if (toEscalate()) throw new Fault('outcome-unknown', `${action} was accepted; the wait for it was cut short`);
    return { after, reached: null, escalated };
  };

  for (;;) {
    const seen = await look(power, signal);
    if (isCut() || seen === 'barred') return untold();
    after = seen ?? after;
    if (wanted === null) return { after, reached: null, escalated };
    if (wasOff && seen === wanted) return { after, reached: true, escalated };
    if (seen === 'off') wasOff = true;

    const elapsedMs = performance.now() - began;
    if (escalateMs !== null && !escalated && elapsedMs >= escalateMs) {
      onEscalate();
      await force(power, action, signal);
      escalated = true;
      continue;
    }
    if (!wasOff && seen !== null && elapsedMs >= mostMsToGoOff) return { after, reached: null, escalated };
    if (elapsedMs >= waitMs) return { after, reached: after === null || !wasOff ? null : false, escalated };
    // A cycle may be off for a second only.
    const calm = wasOff ? Math.min(mostPauseMs, Math.max(leastPauseMs, elapsedMs / 10)) : leastPauseMs;
    const due = escalateMs === null || escalated ? waitMs : Math.min(escalateMs, waitMs);
    await pause(Math.min(calm, due - elapsedMs), signal);
    if (isCut()) return untold();
  }
};

/** What will not be otherwise the next time; a refused password above all is not offered again, or the account is locked. */
const barring: ReadonlySet<FaultCode> = new Set([
  'controller-login-refused',
  'controller-suite-refused',
  'controller-unsupported',
  'internal',
]);

/** Null: not readable now, which may pass. */
const look = async (power: Power, signal: AbortSignal): Promise<PowerState | 'barred' | null> => {
  try {
    return await power.get({ signal });
  } catch (thrown) {
    return barring.has(asFault(thrown).code) ? 'barred' : null;
  }
};

/** Whatever becomes of it, something was changed before. */
const force = async (power: Power, action: PowerAction, signal: AbortSignal): Promise<void> => {
  try {
    await power.set('off', { signal });
  } catch (thrown) {
    const { detail } = asFault(thrown);
    throw new Fault('outcome-unknown', `${action} was accepted; of the off that followed: ${detail}`, {
      cause: thrown,
    });
  }
};
