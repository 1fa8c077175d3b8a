import { z } from 'zod';

/** What a machine draws (DCMI 1.5 §6.6.1), in watts. */
export const powerReading = z.object({
  watts: z.int(),
  minimum_watts: z.int(),
  maximum_watts: z.int(),
  average_watts: z.int(),
  period_seconds: z.number().describe('Over which least, most and average are taken'),
  active: z.boolean().describe('Whether the controller measures'),
});
export type PowerReading = z.infer<typeof powerReading>;

/** What is done when a machine goes on drawing more than its limit. */
export const limitAction = z.enum(['none', 'power-off', 'log']);
export type LimitAction = z.infer<typeof limitAction>;

export interface PowerLimit {
  readonly watts: number;
  /** Within which the machine has to be below the limit. */
  readonly correctionMs: number;
  /** Over which it is measured whether it is. */
  readonly samplingSeconds: number;
  /** Null: one that has no name, such as a vendor's own. */
  readonly action: LimitAction | null;
}

/** `limit` null: none is set, or none is told. */
export interface PowerLimitState {
  readonly active: boolean;
  readonly limit: PowerLimit | null;
}
