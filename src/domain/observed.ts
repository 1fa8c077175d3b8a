/** What a device said, and when: who asks while another does is given the same. */
export interface Observed<T> {
  readonly value: T;
  readonly observedAt: Date;
}

export const observedNow = <T>(value: T): Observed<T> => ({ value, observedAt: new Date() });
