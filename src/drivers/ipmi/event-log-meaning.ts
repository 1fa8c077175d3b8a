import type { LogSeverity } from '../../domain/event-log.ts';
import type { Hint } from './event-log-hints.ts';

/** What one state of a sensor means when it begins, or when it ends. */
export interface Meaning {
  readonly text: string;
  readonly severity: LogSeverity;
  readonly hint: Hint | null;
}

export interface State {
  readonly asserted: Meaning;
  readonly deasserted: Meaning;
}

/** The states of a sensor, by their offset. */
export type States = Readonly<Record<number, State>>;

const over = (text: string): Meaning => ({ text: `no longer: ${text}`, severity: 'info', hint: null });

/** Nothing to do, whether it begins or ends. */
export const info = (text: string): State => ({
  asserted: { text, severity: 'info', hint: null },
  deasserted: over(text),
});

export const warning = (text: string, hint: Hint): State => ({
  asserted: { text, severity: 'warning', hint },
  deasserted: over(text),
});

export const critical = (text: string, hint: Hint): State => ({
  asserted: { text, severity: 'critical', hint },
  deasserted: over(text),
});

/** What should be so: its end is what matters. */
export const wanted = (text: string, ended: string, hint: Hint): State => ({
  asserted: { text, severity: 'info', hint: null },
  deasserted: { text: ended, severity: 'warning', hint },
});
