import { told } from '../../domain/fault.ts';
import type { Log } from '../../ports/services.ts';
import type { Holding, Session } from './holding.ts';
import type { Sessions } from './sessions.ts';

/** Keeps sessions open while they may be wanted again, and no longer. */
export interface Warmth {
  /** Closes what has been idle for long enough, and tells controllers of what is to stay. */
  tend(): void;
  /** Closes the session that nobody has used for longest, if there is one. */
  makeRoom(): void;
}

interface Ports {
  readonly held: ReadonlyMap<string, Holding>;
  readonly sessions: Pick<Sessions, 'close'>;
  readonly isOurs: (held: Holding) => boolean;
  readonly log: Log;
  readonly now: () => number;
  readonly idleMs: number;
}

/** A way that keeps no session is not worth keeping, and one beside that which stays open is needed for a moment. */
const soonMs = 5_000;
/**
 * A session that is not used ends after 60 s, 3 more or less (IPMI 2.0 §6.12.15). With a look each minute one sign of life in
 * between does, and is a third of what all this costs. Where a session was found to have ended earlier (`ipmi_sim`: 30 s),
 * it is given sooner from then on.
 */
const aliveMs = { usual: 40_000, early: 20_000 } as const;
const answerMs = 10_000;

export const warmth = ({ held, sessions, isOurs, log, now, idleMs }: Ports): Warmth => {
  const patience = ({ purpose, isStanding }: Session): number =>
    purpose === 'changes' || !isStanding ? Math.min(soonMs, idleMs) : idleMs;

  /** Controllers that end what is idle before they should. */
  const hasty = new Set<string>();

  const keepAlive = async (one: Holding, session: Session): Promise<void> => {
    session.users += 1;
    session.spokenAt = now();
    try {
      await session.connection.keepAlive({ signal: AbortSignal.timeout(answerMs) });
      one.heardAt = now();
    } catch (thrown) {
      hasty.add(one.id);
      log.debug({ controller: one.id, ...told(thrown) }, 'session.silent');
    } finally {
      session.users -= 1;
      if (session.users === 0 && (session.isRetired || !session.connection.isSound)) void sessions.close(one, session);
    }
  };

  return {
    tend() {
      const at = now();
      for (const one of held.values())
        for (const session of one.sessions) {
          if (session.users > 0 || session.closing !== null) continue;
          if (at - session.usedAt >= patience(session)) void sessions.close(one, session);
          else if (at - session.spokenAt >= (hasty.has(one.id) ? aliveMs.early : aliveMs.usual))
            // Not what another replica may have by now.
            if (session.isStanding && isOurs(one)) void keepAlive(one, session);
        }
    },
    makeRoom() {
      let oldest: { readonly one: Holding; readonly session: Session } | null = null;
      for (const one of held.values())
        for (const session of one.sessions)
          if (session.users === 0 && session.closing === null && session.usedAt < (oldest?.session.usedAt ?? Infinity))
            oldest = { one, session };
      if (oldest !== null) void sessions.close(oldest.one, oldest.session);
    },
  };
};
