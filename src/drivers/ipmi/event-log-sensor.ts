/** As much of a sensor's description as an event needs. */
export interface KnownSensor {
  readonly name: string | null;
  readonly unit: string | null;
  /** A raw reading in that unit; null: it has no such meaning. */
  value(raw: number): number | null;
}

/** The description of a sensor, by its owner (address or software id), LUN, number and type; null: there is none. */
export type SensorLookup = (owner: number, lun: number, number: number, type: number) => KnownSensor | null;
