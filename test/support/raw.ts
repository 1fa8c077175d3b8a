import { once } from 'node:events';
import { connect } from 'node:net';

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Writes bytes to a port, as no client would, and reads until the other side closes. */
export const exchange = async (
  at: string,
  text: string,
  options: { readonly end?: boolean } = {},
): Promise<readonly RawAnswer[]> => {
  const { hostname, port } = new URL(at);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // The other side may close while we still write.
  socket.on('error', () => undefined);
  socket.write(text, 'latin1');
  if (options.end === true) socket.end();
  await once(socket, 'close');
  return answersOf(Buffer.concat(chunks).toString('latin1'));
};

const answersOf = (text: string): readonly RawAnswer[] => {
  const [, status = '', head = ''] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n(.*?)\r\n\r\n/s.exec(text) ?? [];
  if (status === '') return [];
  const headers = new Map(
    head.split('\r\n').map((line) => {
      const [name = '', ...value] = line.split(': ');
      return [name.toLowerCase(), value.join(': ')] as const;
    }),
  );
  const from = text.indexOf('\r\n\r\n') + 4;
  const to = from + Number(headers.get('content-length') ?? 0);
  return [{ status: Number(status), headers, body: text.slice(from, to) }, ...answersOf(text.slice(to))];
};
