import { z } from 'zod';
import { fail, type Context } from '../context.ts';
import { plain } from '../screen.ts';
import type { Session } from '../session.ts';
import { endedOf, type Advance, type OperationSeen } from './answers.ts';
import { ended, targetsOf } from './follow.ts';
import { live } from './live.ts';
import type { Rendering } from './rendering.ts';
import { adviceFor, codeOfTargets, showTargets } from './results.ts';

interface How {
  readonly rendering: Rendering;
  /** Names that stood for no machine, for the JSON. */
  readonly missing?: readonly string[];
}

/** Watches an operation to its end, and tells what became of each; returns the exit code. Ctrl-C leaves it running. */
export const seeOut = async (
  context: Context,
  session: Session,
  begun: OperationSeen,
  { rendering, missing = [] }: How,
): Promise<number> => {
  const { screen, world, globals } = context;
  const { signal } = world;
  const line = live(world, { title: titleOf(begun), staggerMs: begun.strategy?.stagger_ms ?? 0 });
  let seen: Advance = begun;
  const told = (advance: Advance): void => {
    seen = advance;
    line.show(advance);
  };
  const end = await ended(begun, { session, signal, told, trouble: (text) => line.trouble(text) }).finally(() =>
    line.stop(),
  );
  if ('failure' in end) {
    for (const text of leaving(begun.id, seen)) screen.note(text);
    return end.failure.code === 'interrupted' ? 130 : fail(context, end.failure);
  }
  const { operation } = end;
  const found = await targetsOf(session, begun.id, null, signal);
  if ('failure' in found) {
    screen.note(`igor: it has ended: ${plain(operation.state)}; igor operations show ${begun.id} --targets tells more`);
    return fail(context, found.failure);
  }
  if (globals().json) screen.json({ operation, targets: found.targets, ...(missing.length > 0 && { missing }) });
  else showTargets(context, found.targets, rendering);
  for (const text of adviceFor(operation)) screen.note(text);
  return codeOfTargets(found.targets, rendering);
};

/** `power.set on`: what it does, as far as one word tells that. */
const titleOf = ({ kind, parameters }: OperationSeen): string => {
  const target = one.safeParse(parameters).data?.target;
  return plain(target === undefined ? kind : `${kind} ${target}`);
};
const one = z.looseObject({ target: z.string().max(20) });

const leaving = (id: string, { counts, total }: Advance): readonly string[] => [
  `igor: operation ${id} goes on without you: ${endedOf(counts)} of ${total} done`,
  `igor: igor operations watch ${id} follows it, igor operations cancel ${id} stops what has not begun`,
];
