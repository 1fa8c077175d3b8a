import type { IncomingMessage } from 'node:http';
import { Fault } from '../domain/fault.ts';
import type { Lists } from '../domain/networks.ts';
import { canonicalPath } from './path.ts';
import { isAuthority, proxies, type ProxyHeaders } from './proxies.ts';

/** A request as the client sent it, whatever stands between. */
export interface Arrival {
  /** Of the nearest hop that is no trusted proxy. */
  readonly address: string | null;
  /** Path and query within Igor, as they came. */
  readonly url: string;
  /** The whole path, decoded, with the one that Igor is mounted under: what access rules look at. */
  readonly path: string;
  /** An absolute link to a path of Igor's, as this client reaches it. */
  readonly href: (path: string) => string;
}

export interface ArrivalOptions {
  /** Where clients reach Igor when no proxy says otherwise. */
  readonly publicUrl: string;
  /** The proxies that are believed; null: none. */
  readonly trustedProxies: Lists | null;
  readonly proxyHeaders: ProxyHeaders;
}

/** A request with more fields than that is no client's. */
const mostHeaders = 100;

/** Reads how a request came in. Faults: `invalid-input`, `headers-too-large`. */
export const arrivals = ({ publicUrl, trustedProxies, proxyHeaders }: ArrivalOptions) => {
  const passed = proxies(trustedProxies, proxyHeaders);
  const { protocol, host: usualHost, pathname } = new URL(publicUrl);
  const usualMount = pathname.replace(/\/$/, '');

  return (request: IncomingMessage): Arrival => {
    if (request.rawHeaders.length > mostHeaders * 2)
      throw new Fault('headers-too-large', `the request has more than ${mostHeaders} header fields`);
    insistOnHost(request);
    insistOnChunks(request);
    const { address, proto, host, mount } = passed(request.socket.remoteAddress, request.headers);
    const origin = host === null ? `${protocol}//${usualHost}` : originOf(proto ?? protocol.slice(0, -1), host);
    const prefix = mount ?? usualMount;
    const whole = originForm(request.url ?? '/');
    const url = within(whole, prefix);
    return {
      address,
      url,
      path: canonicalPath(`${prefix}${pathOf(url)}`),
      href: (path) => `${origin}${prefix}${path}`,
    };
  };
};

/** The part of a request target before its query. */
export const pathOf = (url: string): string => {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
};

/** One `Host`, and one that is a host (RFC 9112 §3.2). Nothing is derived from it. */
const insistOnHost = ({ headers, httpVersion }: IncomingMessage): void => {
  const { host } = headers;
  if (host === undefined ? httpVersion === '1.1' : host !== '' && !isAuthority(host))
    throw new Fault('invalid-input', 'Host: must be there once, and name a host');
};

/** A coding that we do not undo, or one that HTTP/1.0 does not know: others may see another end of the body (RFC 9112 §6.1). */
const insistOnChunks = ({ headers, httpVersion }: IncomingMessage): void => {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0'))
    throw new Fault('invalid-input', 'Transfer-Encoding: must be chunked, in HTTP/1.1');
};

/** A target in absolute form is taken for its path (RFC 9112 §3.2.2), `*` for the root. */
const originForm = (target: string): string => {
  if (target.startsWith('/')) return target;
  if (target === '*') return '/';
  const [, rest] = /^https?:\/\/[^/?]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) throw new Fault('invalid-input', 'path: must begin with a slash');
  return rest.startsWith('/') ? rest : `/${rest}`;
};

/** Without the mount, which a proxy may have taken off and may have left. */
const within = (url: string, mount: string): string => {
  if (mount === '' || !url.startsWith(mount)) return url;
  const rest = url.slice(mount.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
};

/** Without the port that the scheme implies. */
const originOf = (proto: string, host: string): string =>
  `${proto}://${host.replace(proto === 'https' ? /:443$/ : /:80$/, '')}`;
