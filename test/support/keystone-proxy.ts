import https from 'node:https';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { keystone } from './parts.ts';

/** What happens to a request in place of being passed on. */
export type KeystoneFault =
  | 'none'
  /** The connection is cut. */
  | 'reset'
  /** Headers never come. */
  | 'silent'
  /** Headers and a half of the body come, and then nothing. */
  | 'endless'
  /** They come, and the connection is cut. */
  | 'cut'
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> };

/** Stands between Igor and the real Keystone: counts, and can keep silent or answer in its place. */
export interface KeystoneProxy {
  /** With /v3. The catalogues that pass lead back here. */
  readonly url: string;
  /** Validations that came by. */
  validations: number;
  /** So many of them were here at the same time, at most. */
  mostAtOnce: number;
  logins: number;
  /** Of the last request. */
  lastHeaders: http.IncomingHttpHeaders;
  fault: KeystoneFault;
  /** Which requests it is about. */
  faultFor: 'all' | 'validations' | 'logins';
  /** The next so many meet it, and none after them. */
  times: number;
  /** From now on nothing listens, or again. */
  listening(is: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** With a certificate, whoever comes has to show one of the same authority. */
export const keystoneProxy = async (
  tls: { readonly key: string; readonly cert: string; readonly ca: string } | null = null,
): Promise<KeystoneProxy> => {
  const { url } = await keystone();
  const target = new URL(url);
  let open = 0;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const isValidation = request.method === 'GET' && request.url?.startsWith('/v3/auth/tokens') === true;
    if (isValidation) {
      proxy.validations += 1;
      open += 1;
      proxy.mostAtOnce = Math.max(proxy.mostAtOnce, open);
      response.once('close', () => (open -= 1));
    }
    proxy.lastHeaders = request.headers;
    const isLogin = request.method === 'POST';
    if (isLogin) proxy.logins += 1;
    const isMeant = { all: true, validations: isValidation, logins: isLogin }[proxy.faultFor];
    if (!isMeant || proxy.fault === 'none' || proxy.times === 0) {
      pass(request, response).catch(() => response.destroy());
      return;
    }
    proxy.times -= 1;
    misbehave(proxy.fault, request, response);
  };
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const { host: _, connection: __, ...headers } = request.headers;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { host: target.hostname, port: target.port, path: request.url, method: request.method, headers };
      http.request(options, resolve).once('error', reject).end(body);
    });
    const said = (await buffer(answer)).toString().replaceAll(url, proxy.url);
    const { 'content-length': ___, 'transfer-encoding': ____, connection: _____, ...told } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, told).end(said);
  };
  const server =
    tls === null
      ? http.createServer(handle)
      : https.createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, handle);
  const listen = async (port: number): Promise<void> =>
    new Promise((resolve) => void server.listen(port, '127.0.0.1', resolve));
  const close = async (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const proxy: KeystoneProxy = {
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}/v3`,
    validations: 0,
    mostAtOnce: 0,
    logins: 0,
    lastHeaders: {},
    fault: 'none',
    faultFor: 'all',
    times: Infinity,
    listening: async (is) => (is ? listen(port) : close()),
    stop: close,
  };
  return proxy;
};

const misbehave = (fault: Exclude<KeystoneFault, 'none'>, request: IncomingMessage, response: ServerResponse): void => {
  const half = '{"token": {"user": {"name": "bob"';
  switch (fault) {
    case 'reset':
      request.socket.destroy();
      return;
    case 'silent':
      return;
    case 'endless':
      response.writeHead(200, { 'Content-Type': 'application/json' }).write(half);
      return;
    case 'cut':
      response.writeHead(200, { 'Content-Length': '5000' }).write(half, () => request.socket.destroy());
      return;
    default:
      response
        .writeHead(fault.status, { 'Content-Type': 'application/json', ...fault.headers })
        .end(fault.body ?? '{}');
  }
};
