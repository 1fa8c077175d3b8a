import { abandoned, unlessAborted } from '../waiting.ts';

/** Calls under way that those who ask for the same may share. */
export interface Flights {
  /**
   * Joins the call by that key, or makes it. Who leaves does not end it for the others; the last to leave does.
   * Rejects with the call's own fault, or `abandoned`.
   */
  join<T>(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>): Promise<T>;
  has(key: string): boolean;
  /** How many are under way. */
  readonly count: number;
}

interface Flight {
  readonly end: AbortController;
  readonly result: Promise<unknown>;
  riders: number;
  isOver: boolean;
}

/** `joined` is told each time somebody rides along. */
export const flights = (joined: () => void): Flights => {
  const open = new Map<string, Flight>();

  const begin = (key: string, start: (signal: AbortSignal) => Promise<unknown>): Flight => {
    const end = new AbortController();
    const flight: Flight = { end, result: start(end.signal), riders: 0, isOver: false };
    open.set(key, flight);
    const land = (): void => {
      flight.isOver = true;
      if (open.get(key) === flight) open.delete(key);
    };
    flight.result.then(land, land);
    return flight;
  };

  return {
    has: (key) => open.has(key),
    get count() {
      return open.size;
    },
    async join<T>(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>) {
      const found = open.get(key);
      if (found !== undefined) joined();
      const flight = found ?? begin(key, start);
      flight.riders += 1;
      try {
        return (await unlessAborted(flight.result, signal)) as T; // by the key, of the same call
      } finally {
        flight.riders -= 1;
        if (flight.riders === 0) {
          if (open.get(key) === flight) open.delete(key);
          if (!flight.isOver) flight.end.abort(abandoned(signal));
        }
      }
    },
  };
};

/** A text for what a call is given, the same for the same; null for what no text can stand for, such as a secret. */
export const keyOf = (value: unknown): string | null => {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return JSON.stringify(value);
  if (value === undefined) return '_';
  if (Array.isArray(value)) return within('[', value.map(keyOf), ']');
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return null;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = members.map(([name, member]) => {
    const text = keyOf(member);
    return text === null ? null : `${JSON.stringify(name)}:${text}`;
  });
  return within('{', texts, '}');
};

const within = (before: string, parts: readonly (string | null)[], after: string): string | null =>
  parts.includes(null) ? null : `${before}${parts.join()}${after}`;
