import { createHmac, timingSafeEqual } from 'node:crypto';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from './certificates.ts';
import { scratch } from './parts.ts';

/** A request that a receiver of events has had. */
export interface Received {
  readonly at: number;
  readonly path: string;
  readonly id: string;
  readonly type: string;
  readonly contentType: string | undefined;
  /** Whether signature and time hold, as a receiver checks them. */
  readonly isSigned: boolean;
  readonly event: Readonly<Record<string, unknown>>;
}

/** How it answers: a status with headers, after so many milliseconds; `silence`: never; `endless`: without end. */
export type Manner =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly delayMs?: number }
  | 'silence'
  | 'endless';

/** A real server over TLS that hears what Igor sends. */
export interface Receiver {
  readonly port: number;
  readonly caFile: string;
  readonly secret: string;
  readonly received: readonly Received[];
  /** Of what comes from now on, by its path. */
  answer(path: string, manner: Manner): void;
  /** Those for a path. */
  at(path: string): readonly Received[];
  stop(): Promise<void>;
}

const key = Buffer.from('a key of twenty-four bytes or more');

export const startReceiver = async (): Promise<Receiver> => {
  const dir = await scratch('receiver');
  const { cert, key: privateKey, certFile } = await makeCertificate(dir, 'receiver', ['localhost']);
  const received: Received[] = [];
  const manners = new Map<string, Manner>();
  const server = https.createServer({ cert, key: privateKey }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { url: path = '', headers } = request;
      const event = JSON.parse(body) as Record<string, unknown>;
      received.push({
        at: Date.now(),
        path,
        id: String(headers['webhook-id']),
        type: String(event['type']),
        contentType: headers['content-type'],
        isSigned: holds(headers, body),
        event,
      });
      const manner = manners.get(path) ?? { status: 204 };
      if (manner === 'silence') return;
      if (manner === 'endless') {
        response.writeHead(200);
        const more = setInterval(() => response.write('x'.repeat(8192)), 5);
        response.once('close', () => clearInterval(more));
        return;
      }
      setTimeout(() => response.writeHead(manner.status, manner.headers ?? {}).end(), manner.delayMs ?? 0);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caFile: certFile,
    secret: `whsec_${key.toString('base64')}`,
    received,
    answer: (path, manner) => void manners.set(path, manner),
    at: (path) => received.filter((one) => one.path === path),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
};

/** As the page for users shows it. */
const holds = (headers: NodeJS.Dict<string | string[]>, body: string): boolean => {
  const [id, time, given] = ['id', 'timestamp', 'signature'].map((name) => String(headers[`webhook-${name}`]));
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
  const right = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
  return (given ?? '')
    .split(' ')
    .some((one) => one.length === right.length + 3 && timingSafeEqual(Buffer.from(one), Buffer.from(`v1,${right}`)));
};
