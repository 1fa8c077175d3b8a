/** Remembers the sequence numbers seen of a session's packets. */
export interface SequenceWindow {
  /** Whether the packet is new and near enough; it then counts as seen. */
  admit(sequence: number): boolean;
}

const ahead = 15;
const behind = 16;

/** A packet is taken once, and only from 16 behind to 15 ahead of the highest so far (IPMI 2.0 §6.12.13). */
export const sequenceWindow = (): SequenceWindow => {
  let highest = 0;
  /** Bit n: the packet n behind the highest was seen. */
  let seen = 1;
  return {
    admit(sequence) {
      const distance = sequence - highest;
      if (distance > ahead || distance < -behind || sequence === 0) return false;
      if (distance > 0) {
        highest = sequence;
        seen = ((seen << distance) | 1) & ((1 << (behind + 1)) - 1);
        return true;
      }
      const bit = 1 << -distance;
      if ((seen & bit) !== 0) return false;
      seen |= bit;
      return true;
    },
  };
};
