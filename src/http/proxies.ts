import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { Fault } from '../domain/fault.ts';
import { covers, type Lists } from '../domain/networks.ts';
import { mountOf } from '../domain/web-address.ts';
import { readForwarded } from './forwarded.ts';

/** How the proxies before Igor tell what they know. Whoever sets one kind lets the other pass, so one alone is believed. */
export type ProxyHeaders = 'x-forwarded' | 'forwarded';

/** What the trusted proxies tell of a request; null is what they do not. */
export interface Passed {
  /** Of the nearest that is no trusted proxy. */
  readonly address: string | null;
  readonly proto: 'http' | 'https' | null;
  /** `host`, or `host:port`. */
  readonly host: string | null;
  /** The path under which Igor is mounted. */
  readonly mount: string | null;
}

interface Told {
  /** Who sent it to each proxy, the client first; an entry is null when the proxy does not say. */
  readonly from: readonly (string | null)[];
  readonly proto: readonly string[];
  readonly host: readonly string[];
  readonly port: readonly string[];
  readonly prefix: readonly string[];
}

/**
 * Reads what proxies tell, from the nearest towards the client, and believes none behind the first that is not trusted.
 * Faults: `invalid-input` for what a trusted proxy let pass and is no scheme, host, port or prefix.
 */
export const proxies = (trusted: Lists | null, kind: ProxyHeaders) => {
  const isTrusted = (address: string): boolean => trusted !== null && covers(trusted, address);

  return (peer: string | undefined, headers: IncomingHttpHeaders): Passed => {
    const near = peer === undefined ? null : addressOf(peer);
    if (trusted === null || near === null || !isTrusted(near)) return { ...nothing, address: near };
    const told = kind === 'forwarded' ? byForwarded(headers) : byXForwarded(headers);
    let address = near;
    let depth = 1; // how many trusted proxies it went through
    for (const from of told.from.toReversed()) {
      if (from === null) break;
      address = from;
      if (!isTrusted(from)) break;
      depth++;
    }
    // Each proxy appends to a list or replaces it; what the client put there comes before what the proxies say.
    const said = (values: readonly string[]): string | null => values[Math.max(0, values.length - depth)] ?? null;
    const mount = said(told.prefix);
    return {
      address,
      proto: readProto(said(told.proto)),
      host: readHost(said(told.host), said(told.port)),
      mount: mount === null ? null : (mountOf(mount) ?? wrong('X-Forwarded-Prefix is no plain path')),
    };
  };
};

const nothing: Passed = { address: null, proto: null, host: null, mount: null };

const byXForwarded = (headers: IncomingHttpHeaders): Told => {
  const list = (name: string): readonly string[] => listOf(headers[`x-forwarded-${name}`]);
  return {
    from: list('for').map(addressOf),
    proto: list('proto'),
    host: list('host'),
    port: list('port'),
    prefix: list('prefix'),
  };
};

const byForwarded = ({ forwarded }: IncomingHttpHeaders): Told => {
  const hops =
    forwarded === undefined ? [] : (readForwarded(forwarded) ?? wrong('Forwarded is not as RFC 7239 has it'));
  return {
    from: hops.map((hop) => (hop.for === undefined ? null : addressOf(hop.for))),
    proto: hops.map(({ proto = '' }) => proto),
    host: hops.map(({ host = '' }) => host),
    port: [],
    prefix: [],
  };
};

const listOf = (header: string | string[] | undefined): readonly string[] => {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text === '' ? [] : text.split(',').map((part) => part.trim());
};

/** An address, perhaps with a port or in brackets, in one spelling: without a zone, IPv4 never as IPv6. */
const addressOf = (text: string): string | null => {
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  const plain = bare.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) === 0 ? null : plain;
};

const readProto = (text: string | null): Passed['proto'] => {
  if (text === null || text === '') return null;
  const proto = text.toLowerCase();
  return proto === 'http' || proto === 'https' ? proto : wrong('the proxy names no scheme that is http or https');
};

const readHost = (text: string | null, port: string | null): string | null => {
  if (text === null || text === '') return null;
  if (!isAuthority(text)) return wrong('the proxy names no host and port');
  const bare = /^(\[.*\]|[^:]*)(:\d+)?$/.exec(text);
  if (port === null || port === '' || bare?.[2] !== undefined) return text;
  return isPort(port) ? `${text}:${port}` : wrong('X-Forwarded-Port is no port');
};

/** `host` or `host:port`, of characters that can do no harm in a link. */
export const isAuthority = (text: string): boolean => {
  const [, inner, name = '', port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(text) ?? [];
  if (port !== undefined && !isPort(port)) return false;
  if (inner !== undefined) return isIPv6(inner) && !inner.includes('%');
  return isIPv4(name) || (name.length <= 253 && /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?$/i.test(name));
};

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536;

const wrong = (what: string): never => {
  throw new Fault('invalid-input', what);
};
