import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Request as HttpRequest, Response } from 'express';
import { isResumable, mindsRevision, type Operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { Secret } from '../domain/secret.ts';

const globalId = /^req-[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const mostWaitSeconds = 60;

export const newRequestId = (): string => `req-${randomUUID()}`;

/** The inbound id names the chain; it is never taken for one's own. */
export const globalRequestId = (request: HttpRequest): string | null => {
  const header = request.headers['x-openstack-request-id'];
  return typeof header === 'string' && globalId.test(header) ? header : null;
};

export const tokenOf = (request: HttpRequest): Secret | null => secretIn(request.headers['x-auth-token']);

/** Of the service that passes the request on. */
export const serviceTokenOf = (request: HttpRequest): Secret | null => secretIn(request.headers['x-service-token']);

/** A header that is sent twice is joined by ", ", and no token. */
const secretIn = (header: string | readonly string[] | undefined): Secret | null => {
  const text = typeof header === 'string' ? header.trim() : '';
  return text === '' ? null : new Secret(text);
};

/** `Prefer: wait=N` (RFC 7240 §4.3), in milliseconds. */
export const patienceOf = (request: HttpRequest): number | null => {
  const header = request.headers['prefer'];
  if (typeof header !== 'string') return null;
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(header)?.[1];
  return seconds === undefined ? null : Math.min(Number(seconds), mostWaitSeconds) * 1000;
};

/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header). Faults: `invalid-input` for one that is too long or strange. */
export const idempotencyKeyOf = ({ headers }: HttpRequest): string | null => {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Fault('invalid-input', 'Idempotency-Key: must be 1 to 255 printable ASCII characters');
  return key;
};

/**
 * The revision that `If-Match` names; `*` and absence name none. Faults: `precondition-failed` for what never was an ETag of
 * ours, and for a change of something that has none: who sets a condition must not be passed over.
 */
export const revisionOf = (request: HttpRequest, operation: Operation): number | null => {
  const header = request.headers['if-match'];
  if (header === undefined || header.trim() === '*') return null;
  const revision = /^"(\d{1,9})"$/.exec(header.trim())?.[1];
  if (revision === undefined || !(operation.method === 'get' || mindsRevision(operation)))
    throw new Fault('precondition-failed', 'If-Match names no revision of this');
  return Number(revision);
};

/** Aborted when the client of a stream goes away, or has all that it asked for. */
export const goneSignal = (response: Response): AbortSignal => {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
};

/**
 * Aborted when the client goes away: one signal for all requests of a connection, for a signal is dear to make. In Node 20
 * each leaves behind what only a full collection takes away; without one a request, whoami costs a tenth less.
 */
export const departures = (): ((request: HttpRequest) => AbortSignal) => {
  const known = new WeakMap<Socket, AbortSignal>();
  return ({ socket }) => {
    const made = known.get(socket);
    if (made !== undefined) return made;
    const gone = new AbortController();
    if (socket.destroyed) gone.abort();
    else socket.once('close', () => gone.abort());
    known.set(socket, gone.signal);
    return gone.signal;
  };
};

/** What the operation is to decode: the body of a change, the query of the rest. */
export const inputOf = (request: HttpRequest, operation: Operation, fromQuery: (query: Query) => unknown): unknown => {
  const query = request.query as Query; // the simple parser makes nothing else
  if (operation.method === 'get') {
    if (hasBody(request)) throw new Fault('invalid-input', 'body: a GET has none, what it asks for is in the query');
    return fromQuery({ ...query, ...resumption(request, operation) });
  }
  const [unknown] = Object.keys(query);
  if (unknown !== undefined) throw new Fault('invalid-input', `${unknown.slice(0, 64)}: unknown query parameter`);
  const body = request.body as unknown;
  if (hasBody(request) && body === undefined)
    throw new Fault('unsupported-media-type', 'Content-Type must be application/json');
  return body ?? {};
};

/** `Last-Event-ID` is newer than what the address says, with which a browser comes again too. */
const resumption = ({ headers }: HttpRequest, operation: Operation): Query => {
  const last = headers['last-event-id'];
  return isResumable(operation) && typeof last === 'string' && last !== '' ? { after: last } : {};
};

type Query = Readonly<Record<string, string | readonly string[]>>;

/** What varies in a path, beside the name of what the operation is on. */
export const furtherParts = (params: Readonly<Record<string, unknown>>, on: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(params).flatMap(([name, part]) => (name === on ? [] : [[name, String(part)]])));

/** What a path names is input as well, and is given there alone. */
export const withParts = (input: unknown, parts: Readonly<Record<string, unknown>>): unknown => {
  const names = Object.keys(parts);
  // The schema refuses what is no object.
  if (names.length === 0 || typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const twice = names.find((name) => name in input);
  if (twice !== undefined) throw new Fault('invalid-input', `${twice}: is named by the path`);
  return { ...input, ...parts };
};

/** JSON is in UTF-8 (RFC 8259 §8.1); the parser would take whatever begins with `utf-`. Faults: `unsupported-media-type`. */
export const insistOnUtf8 = ({ headers }: HttpRequest): void => {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (charset.toLowerCase() !== 'utf-8')
    throw new Fault('unsupported-media-type', 'body: must be JSON in UTF-8, not compressed');
};

const hasBody = ({ headers }: HttpRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
