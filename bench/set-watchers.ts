import { get, type ClientRequest, type IncomingMessage } from 'node:http';

/** Clients that listen to the events of one operation. */
export interface Watchers {
  /** Resolves when each has been told of the end; the number of those who were not. */
  readonly done: Promise<number>;
  /** Bytes that all of them were sent so far. */
  bytes(): number;
}

/** Each on a connection of its own, with one of these tokens by turns. */
export const watchers = async (
  url: string,
  { id, count, tokens }: { readonly id: string; readonly count: number; readonly tokens: readonly string[] },
): Promise<Watchers> => {
  let bytes = 0;
  const streams = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const token = tokens[index % tokens.length] ?? '';
      const request = get(`${url}/v1/operations/${id}/events?after=0`, {
        agent: false,
        headers: { 'X-Auth-Token': token, accept: 'text/event-stream' },
      });
      return opened(request);
    }),
  );
  const told = streams.map(
    async (stream) =>
      new Promise<boolean>((resolve) => {
        let tail = '';
        stream.setEncoding('latin1');
        stream.on('data', (chunk: string) => {
          bytes += chunk.length;
          tail = (tail + chunk).slice(-40);
        });
        const finish = (): void => resolve(stream.statusCode === 200 && tail.includes('event: end'));
        stream.once('close', finish);
      }),
  );
  return {
    done: Promise.all(told).then((each) => each.filter((isTold) => !isTold).length),
    bytes: () => bytes,
  };
};

const opened = async (request: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
