import type { Response } from 'express';

/** Server-sent events (WHATWG HTML §9.2) as an answer: begun by the first of them, so that a refusal before it is an ordinary one. */
export interface EventStream {
  /** Tells the client that it is heard; the first event does too. */
  begin(): void;
  /**
   * Resolves once it may send another. A client that takes nothing for long is cut off. By the id of the last event that it
   * has seen a client goes on elsewhere.
   */
  emit(event: unknown, id?: string): Promise<void>;
  /** Ends it; with a fault, the last event tells why. */
  end(problem: object | null): void;
}

/** Often enough for what closes idle connections on the way. */
const beatMs = 15_000;
/** How long a client may take nothing. */
const stallMs = 30_000;

/** The text of an event, made once for all who are told the same object. */
export type EventText = (event: unknown) => string;

export const eventTexts = (): EventText => {
  const made = new WeakMap<object, string>();
  return (event) => {
    if (typeof event !== 'object' || event === null) return JSON.stringify(event);
    const known = made.get(event) ?? JSON.stringify(event);
    made.set(event, known);
    return known;
  };
};

export const eventStream = (response: Response, textOf: EventText): EventStream => {
  let beat: NodeJS.Timeout | undefined;
  const start = (): void => {
    if (response.headersSent) return;
    response.status(200).set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    beat = setInterval(() => void response.write(': still here\n\n'), beatMs);
    response.once('close', () => clearInterval(beat));
    // Nothing but the header was asked for; that the answer is out ends what runs.
    if (response.req.method === 'HEAD') response.end();
  };
  return {
    begin() {
      start();
      if (!response.writableEnded) response.write(': here it begins\n\n');
    },
    async emit(event, id) {
      start();
      if (response.req.method === 'HEAD') return;
      const named = id === undefined ? '' : `id: ${id}\n`;
      if (response.write(`${named}data: ${textOf(event)}\n\n`)) return;
      await drained(response);
    },
    end(problem) {
      clearInterval(beat);
      if (response.destroyed || response.writableEnded) return;
      response.end(
        problem === null ? 'event: end\ndata: {}\n\n' : `event: fault\ndata: ${JSON.stringify(problem)}\n\n`,
      );
    },
  };
};

const drained = async (response: Response): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      response.off('drain', finish);
      response.off('close', finish);
      resolve();
    };
    const timer = setTimeout(() => response.destroy(), stallMs);
    response.once('drain', finish);
    response.once('close', finish);
  });
