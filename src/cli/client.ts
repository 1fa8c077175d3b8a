import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import type { AxiosInstance } from 'axios';
import type { Cloud } from '../domain/cloud.ts';
import { Fault } from '../domain/fault.ts';
import type { Secret } from '../domain/secret.ts';
import { answered, interrupted, notUnderstood, unknownOutcome, unreachable, type Failure } from './failure.ts';

/** A parameter with several values is repeated. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

export interface Question {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below the endpoint: `/v1/…`. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Seconds that the service may take longer, as `Prefer: wait` asks. */
  readonly waitS?: number;
  /** Seconds that what is asked for may take beside. */
  readonly lastsS?: number;
  /** Of a stream: the id of the last event that was seen, after which it is to go on. */
  readonly lastEventId?: string;
  /** Only if what is to be changed still has this revision. */
  readonly revision?: number;
  /** By which the service knows that it was asked for this before. */
  readonly idempotencyKey?: string;
  /** Of a stream: ends it before its end. */
  readonly signal?: AbortSignal;
}

/** A success has status 2xx; its body is what JSON was there, or null. */
export type Answer = { readonly body: unknown; readonly status: number } | { readonly failure: Failure };

/** Takes an event of a stream, and its id if it has one. */
export type Told = (event: unknown, id: string | null) => void;

export interface Client {
  /** Sends once, and never throws for what the other side does. */
  ask(question: Question, token: Secret): Promise<Answer>;
  /** Follows a stream of events until it ends; the body of the answer is null. */
  follow(question: Question, token: Secret, told: Told): Promise<Answer>;
  close(): void;
}

interface Options {
  readonly endpoint: string;
  readonly tls: Pick<Cloud, 'caFile' | 'certFile' | 'keyFile'>;
  readonly timeoutS: number;
  readonly userAgent: string;
  /** Of the whole command, for the service's logs: `req-…`. */
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** Twenty hosts, a mebibyte of each output, which JSON makes at most six. */
const mostBytes = 256 * 1024 * 1024;

export const client = (options: Options): Client => {
  const { endpoint, timeoutS, userAgent, requestId, signal } = options;
  const agent = agentFor(options);
  let made: Promise<AxiosInstance> | null = null;
  // Loaded by the first question: help and completion do not wait for it.
  const axios = async (): Promise<AxiosInstance> =>
    (made ??= import('axios').then((module) => module.default.create()));

  return {
    async ask({ method, path, query, body, waitS, lastsS = 0, revision, idempotencyKey }, token) {
      const send = await axios();
      if (signal.aborted) return { failure: interrupted };
      const isRead = method === 'get';
      try {
        const answer = await send.request<string>({
          method,
          url: `${endpoint}${path}${query === undefined ? '' : `?${queryText(query)}`}`,
          headers: {
            Accept: 'application/json',
            'User-Agent': userAgent,
            'X-Auth-Token': token.reveal(),
            'X-Openstack-Request-Id': requestId,
            ...(waitS !== undefined && { Prefer: `wait=${waitS}` }),
            ...(revision !== undefined && { 'If-Match': `"${revision}"` }),
            ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
          },
          ...(body !== undefined && { data: body }),
          httpAgent: agent,
          httpsAgent: agent,
          proxy: false,
          maxRedirects: 0,
          maxContentLength: mostBytes,
          maxBodyLength: mostBytes,
          responseType: 'text',
          transformResponse: (text: unknown) => text,
          validateStatus: () => true,
          // axios's own time-out does not end a body that never ends.
          signal: AbortSignal.any([signal, AbortSignal.timeout((timeoutS + (waitS ?? 0) + lastsS) * 1000)]),
        });
        return read(answer.status, answer.data, answer.headers['x-openstack-request-id']);
      } catch (error) {
        return { failure: failureOf(codeOf(error), { endpoint, isRead, isInterrupted: signal.aborted }) };
      }
    },
    async follow({ path, query, lastEventId, signal: enough }, token, told) {
      const send = await axios();
      try {
        const answer = await send.request<Readable>({
          url: `${endpoint}${path}${query === undefined ? '' : `?${queryText(query)}`}`,
          headers: {
            Accept: 'text/event-stream, application/json',
            'User-Agent': userAgent,
            'X-Auth-Token': token.reveal(),
            'X-Openstack-Request-Id': requestId,
            ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
          },
          httpAgent: agent,
          httpsAgent: agent,
          proxy: false,
          maxRedirects: 0,
          responseType: 'stream',
          validateStatus: () => true,
          signal: enough === undefined ? signal : AbortSignal.any([signal, enough]),
        });
        const id: unknown = answer.headers['x-openstack-request-id'];
        if (answer.status !== 200) return read(answer.status, await textOf(answer.data), id);
        const problem = await lastOf(answer.data, told);
        return problem === null ? { body: null, status: 200 } : { failure: answered(statusIn(problem), problem, id) };
      } catch (error) {
        return { failure: failureOf(codeOf(error), { endpoint, isRead: true, isInterrupted: signal.aborted }) };
      }
    },
    close: () => agent.destroy(),
  };
};

const textOf = async (body: Readable): Promise<string> => {
  let text = '';
  for await (const chunk of body) text = `${text}${String(chunk)}`.slice(0, mostBytes);
  return text;
};

/** Tells each event of a stream; the problem that ended it, if one did. Longer lines than this are no event of Igor's. */
const mostEvent = 1024 * 1024;
const lastOf = async (body: Readable, told: Told): Promise<unknown> => {
  let text = '';
  body.setEncoding('utf8');
  for await (const chunk of body) {
    const events = `${text}${String(chunk)}`.split('\n\n');
    text = (events.pop() ?? '').slice(0, mostEvent);
    for (const event of events) {
      const data = jsonOf(/^data: (.*)$/m.exec(event)?.[1] ?? '');
      const name = /^event: (.*)$/m.exec(event)?.[1];
      if (name === 'fault') return data;
      if (name === undefined && data !== null && data !== undefined) told(data, /^id: (.*)$/m.exec(event)?.[1] ?? null);
    }
  }
  return null;
};

const statusIn = (problem: unknown): number =>
  typeof problem === 'object' && problem !== null && 'status' in problem ? Number(problem.status) : 500;

const agentFor = ({ endpoint, tls }: Options): http.Agent | https.Agent => {
  if (!endpoint.startsWith('https:')) return new http.Agent({ keepAlive: true });
  const { caFile, certFile, keyFile } = tls;
  return new https.Agent({
    keepAlive: true,
    ...(caFile !== null && { ca: fileOf('OS_CACERT', caFile) }),
    ...(certFile !== null && { cert: fileOf('OS_CERT', certFile) }),
    ...(keyFile !== null && { key: fileOf('OS_KEY', keyFile) }),
  });
};

const fileOf = (name: string, path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch {
    throw new Fault('misconfigured', `${name}: ${path} cannot be read`);
  }
};

/** Commas as they are: a list of names stays readable, and three times shorter. */
const queryText = (query: Query): string =>
  Object.entries(query)
    .flatMap(([key, given]) => [given].flat().map((value) => [key, value] as const))
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value).replaceAll('%2C', ',')}`)
    .join('&');

const read = (status: number, text: string, header: unknown): Answer => {
  const body = jsonOf(text);
  if (status < 200 || status > 299) return { failure: answered(status, body, header) };
  if (body === undefined) return { failure: notUnderstood(typeof header === 'string' ? header : null) };
  return { body, status };
};

const jsonOf = (text: string): unknown => {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What is found out before anything is sent. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_TLS_.*|.*(CERT|SELF_SIGNED|UNABLE_TO_).*)$/;

interface Circumstances {
  readonly endpoint: string;
  readonly isRead: boolean;
  readonly isInterrupted: boolean;
}

const failureOf = (code: string, { endpoint, isRead, isInterrupted }: Circumstances): Failure => {
  const why = isInterrupted ? 'interrupted' : code === 'ERR_CANCELED' ? 'timed out' : code;
  if (isRead || beforeSending.test(code)) return isInterrupted ? interrupted : unreachable(endpoint, why);
  return unknownOutcome(why);
};

/** Only the code: the error itself holds the request, and with it the token. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
