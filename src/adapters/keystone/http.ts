import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import axios from 'axios';
import type { Cloud } from '../../domain/cloud.ts';
import { Fault } from '../../domain/fault.ts';
import type { Secret } from '../../domain/secret.ts';

export interface KeystoneRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Below /v3. */
  readonly path: string;
  readonly token?: Secret;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface KeystoneAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** One question to Keystone. Faults: `identity-unavailable` when no whole answer came; every status is an answer. */
export type Keystone = (request: KeystoneRequest, signal: AbortSignal) => Promise<KeystoneAnswer>;

const answerMs = 10_000;
const mostBytes = 4 * 1024 * 1024;

export const keystone = (cloud: Pick<Cloud, 'authUrl' | 'caFile' | 'certFile' | 'keyFile'>): Keystone => {
  const tls = {
    ...(cloud.caFile !== null && { ca: readFileSync(cloud.caFile) }),
    ...(cloud.certFile !== null && { cert: readFileSync(cloud.certFile) }),
    ...(cloud.keyFile !== null && { key: readFileSync(cloud.keyFile) }),
  };
  const client = axios.create({
    baseURL: cloud.authUrl,
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true, ...tls }),
    proxy: false,
    maxRedirects: 0,
    maxContentLength: mostBytes,
    // A token must not be sent on to wherever an answer points, and every status has its meaning here.
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
  });

  return async ({ method, path, token, headers, body }, signal) => {
    try {
      const answer = await client.request<string>({
        method,
        url: path,
        headers: { Accept: 'application/json', ...headers, ...(token && { 'X-Auth-Token': token.reveal() }) },
        ...(body !== undefined && { data: body }),
        // axios's own time-out does not end a body that never ends; the signal does.
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
      });
      return { status: answer.status, headers: answer.headers, body: parsed(answer.data) };
    } catch (error) {
      throw unavailable(axios.isAxiosError(error) ? (error.code ?? 'no answer') : 'no answer');
    }
  };
};

/** Never with Keystone's own words as detail, nor axios's error as cause: both may hold a token. */
export const unavailable = (why: string, retryAfter = 5): Fault =>
  new Fault('identity-unavailable', `Keystone gave no usable answer (${why})`, { retryAfter });

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
