import type { SensorState } from '../../domain/sensor.ts';
import { genericStates } from './generic-states.ts';
import { sensorTypes } from './sensor-types.ts';

type Severity = Extract<SensorState, 'ok' | 'warning' | 'critical' | 'non-recoverable'>;

/** What a state of a discrete sensor means. */
export interface DiscreteState {
  readonly word: string;
  readonly severity: Severity;
}

/** Event/reading type codes (IPMI 2.0 table 42-1). */
export const eventTypes = { threshold: 0x01, sensorSpecific: 0x6f } as const;

/** The kind of thing that a sensor looks at (IPMI 2.0 table 42-3). */
export const sensorTypeOf = (type: number): string =>
  sensorTypes[type]?.word ?? `${type >= 0xc0 ? 'oem' : 'type'}-${type.toString(16).padStart(2, '0')}`;

/** What the offset `bit` tells, by a sensor of this type and event/reading type; `state-N` where no table has it. */
export const discreteStateOf = (type: number, eventType: number, bit: number): DiscreteState => {
  const states = eventType === eventTypes.sensorSpecific ? sensorTypes[type]?.states : genericStates[eventType];
  const marked = states?.[bit] || `state-${bit}`;
  const severity = severities[marked.charAt(0)];
  return severity === undefined ? { word: marked, severity: 'ok' } : { word: marked.slice(1), severity };
};

const severities: Readonly<Record<string, Severity>> = { '?': 'warning', '!': 'critical', '*': 'non-recoverable' };
