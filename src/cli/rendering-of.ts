import { parametersText } from './fleet/plan-lines.ts';
import type { Rendering } from './fleet/rendering.ts';
import { powerRendering } from './power-change.ts';
import { plain, type Screen } from './screen.ts';

/** What is known of a kind of operation, or what can be said of any. */
export const renderingOf = (kind: string, screen: Screen): Rendering =>
  kind === 'power.set' ? powerRendering(screen) : { line: anyLine, holds: () => true };

const anyLine = (names: string, result: unknown): string => {
  if (typeof result !== 'object' || result === null) return plain(`${names}: done`);
  // Each act's own: no two targets would be told together.
  const told = Object.entries(result).filter(([key]) => key !== 'operation_id');
  return plain(`${names}: ${parametersText(Object.fromEntries(told)) || 'done'}`);
};
