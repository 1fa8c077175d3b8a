import { z } from 'zod';

/** The light by which a machine is found in its rack. */
export const indicatorState = z.enum(['on', 'off']);
export type IndicatorState = z.infer<typeof indicatorState>;

/** Seconds after which a controller can put the light out by itself (IPMI 2.0 §28.5: one byte). */
export const mostIndicatorSeconds = 255;

export interface Indicator {
  readonly state: IndicatorState;
  /** Whether it goes out by itself. */
  readonly timed: boolean;
}

/** `seconds` null: until it is put out. */
export type IndicatorOrder = { readonly state: 'off' } | { readonly state: 'on'; readonly seconds: number | null };
