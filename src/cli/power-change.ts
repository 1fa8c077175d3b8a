import { z } from 'zod';
import type { PowerAction } from '../domain/power.ts';
import type { Aim } from './aim.ts';
import type { Context } from './context.ts';
import { changeHosts } from './fleet/change-each.ts';
import type { PaceFlags } from './fleet/pace.ts';
import type { Rendering } from './fleet/rendering.ts';
import { plain, type Screen } from './screen.ts';

interface Change {
  readonly action: PowerAction;
  /** Null: not to be waited for. */
  readonly waitS: number | null;
  readonly escalateS: number | null;
  readonly pace: PaceFlags;
}

const changed = z.looseObject({
  target: z.string(),
  before: z.string().catch('unknown'),
  after: z.string().nullable().catch(null),
  reached: z.boolean().nullable().catch(null),
  escalated: z.boolean().catch(false),
});

/** What the service gives a machine to be off once it was forced. */
const forcedS = 30;
/** The longest that the service waits. */
const mostS = 900;

/** Changes the power of each; with a wait, the exit code is 1 unless each was seen to be as wanted, as far as that shows. */
export const changePower = async (context: Context, hosts: Aim, change: Change): Promise<void> => {
  const { action, waitS, escalateS, pace } = change;
  const { waitS: patienceS } = context.globals();
  const wait = waitS === null ? null : Math.min(waitS, mostS);
  const waits = wait !== null || escalateS !== null;
  const body = {
    target: action,
    ...(wait !== null && { wait_seconds: wait }),
    ...(escalateS !== null && { escalate_after_seconds: escalateS }),
  };
  await changeHosts(context, hosts, pace, {
    kind: 'power.set',
    parameters: body,
    schema: changed,
    question: (target) => ({
      method: 'put',
      path: `/v1/machines/${encodeURIComponent(target)}/power`,
      body,
      lastsS: wait ?? (escalateS === null ? 0 : escalateS + forcedS),
      ...(patienceS !== null && { waitS: patienceS }),
    }),
    line: (name, result) => plain(`${name}: `) + lineOf(context.screen, result, waits),
    holds: ({ reached }) => reached !== false,
  });
};

/** The same of any operation that is looked at later. */
export const powerRendering = (screen: Screen): Rendering => ({
  line(names, result) {
    const read = changed.safeParse(result).data;
    return plain(`${names}: `) + (read === undefined ? 'done' : lineOf(screen, read, read.after !== null));
  },
  holds: (result) => changed.safeParse(result).data?.reached !== false,
});

const lineOf = (
  { paint }: Screen,
  { target, before, after, reached, escalated }: z.output<typeof changed>,
  waits: boolean,
): string => {
  const forced = escalated ? '; turned off, as it did not shut down' : '';
  if (reached === true) return plain(`${after ?? 'reached'} (was ${before}${forced})`);
  if (reached === false)
    return paint(plain(`still ${after ?? 'unknown'} (sent ${target}, was ${before}${forced})`), 'red');
  const seen = waits ? `, now ${after ?? 'not readable'}` : '';
  return plain(`sent ${target} (was ${before}${seen}${forced})`);
};
