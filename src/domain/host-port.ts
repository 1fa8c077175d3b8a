import { isIPv6 } from 'node:net';

/** `host:port` as URLs have it: an IPv6 address stands in brackets. */
export const hostPort = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;
