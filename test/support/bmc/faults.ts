/**
 * What can be made to go wrong. `to` and `after` name a step: a command of the table, `unknown-command`, `presence-ping`,
 * `open-session`, `rakp-1` or `rakp-3`; without it every step is meant. `times` is how often; without it until healed.
 */
export type BmcFault<Step extends string = string> =
  /** Nothing is heard. */
  | { readonly kind: 'black-hole' }
  /** The next packets are not heard. */
  | { readonly kind: 'drop-packets'; readonly times: number }
  /** Not carried out, nor answered. */
  | { readonly kind: 'drop-requests'; readonly to: Step; readonly times?: number }
  /** Carried out, but the answer is lost. */
  | { readonly kind: 'drop-replies'; readonly to?: Step; readonly times?: number }
  | { readonly kind: 'delay'; readonly to?: Step; readonly ms: number; readonly times?: number }
  | { readonly kind: 'duplicate'; readonly to?: Step; readonly times?: number }
  /** A datagram of other bytes goes out in place of the answer. */
  | { readonly kind: 'garbage'; readonly to?: Step; readonly bytes?: Buffer; readonly times?: number }
  /** An authentic answer with other data than it should have; the command was carried out. */
  | { readonly kind: 'wrong-data'; readonly to: Step; readonly data: Buffer; readonly times?: number }
  /** The command is refused with this code, and not carried out. */
  | { readonly kind: 'completion-code'; readonly to: Step; readonly code: number; readonly times?: number }
  /** As if the table were full. */
  | { readonly kind: 'refuse-sessions'; readonly times?: number }
  /** Carried out; then the socket is closed, unanswered, and every session is gone. */
  | { readonly kind: 'die'; readonly after: Step };

type Kind = BmcFault['kind'];
type OfKind<K extends Kind> = Extract<BmcFault, { kind: K }>;

export interface Faults {
  /** Returns how to take it away again. */
  inject(fault: BmcFault): () => void;
  heal(): void;
  /** The first fault of the kind that fits the step, one of its times used up; null when there is none. */
  take<K extends Kind>(kind: K, step?: string): OfKind<K> | null;
}

export const faults = (): Faults => {
  let active: { readonly fault: BmcFault; left: number }[] = [];
  return {
    inject(fault) {
      const entry = { fault, left: 'times' in fault ? fault.times : Infinity };
      active.push(entry);
      return () => {
        active = active.filter((other) => other !== entry);
      };
    },
    heal() {
      active = [];
    },
    take<K extends Kind>(kind: K, step?: string) {
      const isWanted = (fault: BmcFault): fault is OfKind<K> => fault.kind === kind && fits(fault, step);
      for (const entry of active) {
        if (!isWanted(entry.fault) || entry.left <= 0) continue;
        entry.left -= 1;
        return entry.fault;
      }
      return null;
    },
  };
};

const fits = (fault: BmcFault, step: string | undefined): boolean => {
  if ('after' in fault) return fault.after === step;
  return !('to' in fault) || fault.to === step;
};
