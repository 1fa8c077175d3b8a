import { foldHosts } from '../../domain/selection/fold.ts';
import type { Context } from '../context.ts';
import { recorded, sentence, unknownOutcome } from '../failure.ts';
import { plain } from '../screen.ts';
import type { OperationSeen, TargetSeen } from './answers.ts';
import type { Rendering } from './rendering.ts';

/** What became of each, those of the same fate together: what went well on standard output, the rest beside it. */
export const showTargets = (context: Context, targets: readonly TargetSeen[], { line }: Rendering): void => {
  const { screen } = context;
  for (const { first, names } of together(
    targets.filter(({ state }) => state === 'succeeded'),
    ({ result }) => line('', result),
  ))
    screen.line(line(names, first.result));
  for (const { names, text } of together(
    targets.filter(({ state }) => state !== 'succeeded'),
    fateOf,
  ))
    screen.note(`${plain(names)}: ${text}`);
};

/** The exit code: 0, if each did what was wanted; 4, if it is not known of one; else 1. */
export const codeOfTargets = (targets: readonly TargetSeen[], { holds }: Rendering): number => {
  if (targets.some(({ state }) => state === 'unknown')) return 4;
  return targets.every(({ state, result }) => state === 'succeeded' && holds(result)) ? 0 : 1;
};

/** What can be done about it, for people. */
export const adviceFor = ({ id, total, counts }: OperationSeen): readonly string[] => [
  ...(counts.failed + counts.cancelled === 0
    ? []
    : [
        `igor: ${[
          ...(counts.failed > 0 ? [`${counts.failed} of ${total} failed`] : []),
          ...(counts.cancelled > 0 ? [`${counts.cancelled} of ${total} were not begun`] : []),
        ].join(', ')}; igor operations retry ${id}${counts.failed > 0 ? '' : ' --state cancelled'} asks for them again`,
      ]),
  ...(counts.unknown === 0
    ? []
    : [`igor: of ${counts.unknown} it is not known whether it was done: look at them before you ask again`]),
];

interface Group {
  readonly first: TargetSeen;
  readonly names: string;
  readonly text: string;
}

const together = (targets: readonly TargetSeen[], textOf: (target: TargetSeen) => string): readonly Group[] => {
  const groups = new Map<string, { readonly first: TargetSeen; readonly names: string[] }>();
  for (const target of targets) {
    const text = textOf(target);
    const group = groups.get(text) ?? { first: target, names: [] };
    group.names.push(target.name);
    groups.set(text, group);
  }
  return [...groups].map(([text, { first, names }]) => ({ first, text, names: foldHosts(names) }));
};

const fateOf = ({ state, fault }: TargetSeen): string => {
  if (fault !== null) return sentence(recorded({ code: fault.code, detail: fault.detail ?? '' }));
  return state === 'unknown' ? sentence(unknownOutcome('')) : plain(state);
};
