import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkOf, type Check, type Json } from './document.ts';

/**
 * Every answer of every Igor in this process is held to the document that this Igor serves, at the place where the answer
 * leaves: whoever asks, and by whatever means. Module state on purpose, since Node's channel is one for the process.
 */
const watched = new Map<number, Watch>();
const checks = new Map<string, Check>();
const mismatches: string[] = [];

interface Watch {
  readonly check: Check;
  /** With which a path may begin. */
  readonly prefix: string;
  readonly tell: (text: string) => void;
}

/** Takes up what is wrong with an answer. */
export const tellMismatch = (text: string): void => void mismatches.push(text);

/** What was wrong since this was last asked. */
export const newMismatches = (): readonly string[] => mismatches.splice(0);

/** Until the answer is called, holds what leaves by this port to the document; 0: by every port that no other call named. */
export const watchAnswers = (port: number, document: string, prefix = '', tell = tellMismatch): (() => void) => {
  const check = checks.get(document) ?? checkOf(JSON.parse(document) as Json);
  checks.set(document, check);
  watched.set(port, { check, prefix, tell });
  return () => void watched.delete(port);
};

subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  const watch = watched.get(request.socket.localPort ?? 0) ?? watched.get(0);
  if (watch === undefined) return;
  const { method = '', url = '' } = request;
  const [asked = ''] = url.split('?');
  const prefix = [String(request.headers['x-forwarded-prefix'] ?? ''), watch.prefix].find(
    (one) => one !== '' && asked.startsWith(`${one}/`),
  );
  const path = asked.slice(prefix?.length ?? 0);
  beforeItLeaves(response, (body) => {
    if (!response.hasHeader('X-Openstack-Request-Id') && !watched.has(request.socket.localPort ?? 0)) return; // metrics
    const { statusCode: status } = response;
    const headers = Object.fromEntries(
      Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
    );
    for (const wrong of watch.check({ method, path, status, headers, body }))
      watch.tell(`${method} ${url.slice(0, 200)} answered ${status}: ${wrong}`);
  });
});

/** Calls with the whole body before the end of the answer is sent, so that no client sees it unchecked; or with what there was of a stream when it was cut off. */
const beforeItLeaves = (response: ServerResponse, look: (body: string) => void): void => {
  const { write, end } = response;
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown, encoding: unknown): void => {
    if (typeof chunk === 'string')
      chunks.push(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'));
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  response.once('close', () => {
    if (response.headersSent && !response.writableEnded) look(Buffer.concat(chunks).toString());
  });
  Object.assign(response, {
    write: (...said: unknown[]): unknown => {
      keep(said[0], said[1]);
      return Reflect.apply(write, response, said);
    },
    end: (...said: unknown[]): unknown => {
      keep(said[0], said[1]);
      look(Buffer.concat(chunks).toString());
      return Reflect.apply(end, response, said);
    },
  });
};
