import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosRequestConfig } from 'axios';
import type { Cloud } from '../../domain/cloud.ts';
import type { Secret } from '../../domain/secret.ts';
import { isUnconnected, late, unreachable } from './failure.ts';

export interface KeystoneRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Ends in /v3; where one signs in, if absent. */
  readonly base?: string;
  /** Below the base. */
  readonly path: string;
  readonly token?: Secret;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface KeystoneAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Null when it is not JSON. */
  readonly body: unknown;
}

/**
 * One question to Keystone; every status is an answer. Faults: `identity-unreachable`, `identity-timeout`,
 * `identity-garbled` when no whole answer came.
 */
export type Keystone = (request: KeystoneRequest, signal: AbortSignal) => Promise<KeystoneAnswer>;

const usualSeconds = 10;
const mostBytes = 4 * 1024 * 1024;
/** A connection that failed is tried once more after so long. */
const againMs = 100;

/** An answer has to be there, whole, within `seconds`. */
export const keystone = (
  cloud: Pick<Cloud, 'authUrl' | 'caFile' | 'certFile' | 'keyFile'>,
  seconds = usualSeconds,
): Keystone => {
  const tls = {
    ...(cloud.caFile !== null && { ca: readFileSync(cloud.caFile) }),
    ...(cloud.certFile !== null && { cert: readFileSync(cloud.certFile) }),
    ...(cloud.keyFile !== null && { key: readFileSync(cloud.keyFile) }),
  };
  const agents = (keepAlive: boolean): AxiosRequestConfig => ({
    httpAgent: new http.Agent({ keepAlive }),
    httpsAgent: new https.Agent({ keepAlive, ...tls }),
  });
  // A kept connection may be cut at any time: only what may be sent twice goes over one.
  const [kept, fresh] = [agents(true), agents(false)];
  const client = axios.create({
    proxy: false,
    maxRedirects: 0,
    maxContentLength: mostBytes,
    // A token must not be sent on to wherever an answer points, and every status has its meaning here.
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
  });

  return async ({ method, base = cloud.authUrl, path, token, headers, body }, signal) => {
    const mayRepeat = method === 'GET' || method === 'HEAD';
    const cut = new AbortController();
    const abort = (): void => cut.abort();
    // axios's own time-out does not end a body that never ends; the signal does.
    const timer = setTimeout(abort, seconds * 1000);
    signal.addEventListener('abort', abort, { once: true });
    const send = async (): Promise<KeystoneAnswer> => {
      signal.throwIfAborted();
      const answer = await client.request<string>({
        ...(mayRepeat ? kept : fresh),
        method,
        url: base + path,
        headers: { Accept: 'application/json', ...headers, ...(token && { 'X-Auth-Token': token.reveal() }) },
        ...(body !== undefined && { data: body }),
        signal: cut.signal,
      });
      return { status: answer.status, headers: answer.headers, body: parsed(answer.data) };
    };
    try {
      return await send().catch(async (thrown: unknown) => {
        if (!mayRepeat || !isUnconnected(thrown)) throw thrown;
        await sleep(againMs, undefined, { signal: cut.signal });
        return send();
      });
    } catch (thrown) {
      throw cut.signal.aborted || signal.aborted ? late() : unreachable(thrown);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
