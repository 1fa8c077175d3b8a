import { once } from 'node:events';
import http from 'node:http';
import { expect } from 'chai';

/** An event of a stream as a client hears it. */
export interface Heard {
  readonly event: string;
  readonly id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a client of a stream of events has heard so far. */
export interface Listener {
  readonly heard: readonly Heard[];
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  /** Resolves with the first of those that fit; what has been heard before counts. */
  first(fits: (heard: Heard) => boolean): Promise<Heard>;
  leave(): void;
}

export const listen = async (url: string, token: string, lastEventId?: string): Promise<Listener> => {
  const headers = { 'X-Auth-Token': token, ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }) };
  const request = http.get(url, { headers, agent: false });
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  const opened = once(request, 'response') as Promise<[http.IncomingMessage]>;
  const ended = opened.then(async ([response]) => {
    expect(response.statusCode).to.equal(200);
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const parts = (text + chunk).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts.filter((one) => !one.startsWith(':')))
        heard.push({
          event: /^event: (.*)$/m.exec(part)?.[1] ?? 'message',
          id: /^id: (.*)$/m.exec(part)?.[1] ?? null,
          data: JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? '{}') as Record<string, unknown>,
        });
      for (const look of waiting) look();
    });
    await once(response, 'close');
    for (const look of waiting) look();
  });
  ended.catch(() => undefined);
  return {
    heard,
    ended,
    first: async (fits) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`it was not heard; what was: ${JSON.stringify(heard.slice(-5))}`)),
          10_000,
        );
        const look = (): void => {
          const found = heard.find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          clearTimeout(timer);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    leave: () => request.destroy(),
  };
};
