import type { Observed } from '../domain/observed.ts';
import type { LimitAction, PowerLimit as Limit, PowerLimitState, PowerReading } from '../domain/power-limit.ts';
import type { CallOptions } from './call.ts';

/** What the machine draws. */
export interface PowerMeter {
  get(call: CallOptions): Promise<Observed<PowerReading>>;
}

/** How much the machine may draw. */
export interface PowerLimit {
  get(call: CallOptions): Promise<Observed<PowerLimitState>>;
  /** Sets it and puts it into force, each sent once. Faults: `controller-refused`, in words, for what it cannot keep to. */
  set(limit: Limit & { readonly action: LimitAction }, call: CallOptions): Promise<void>;
  /** Takes it out of force. Sent once. */
  clear(call: CallOptions): Promise<void>;
}
