import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

/** As much of Keycloak 26's UserRepresentation as a brief one has. */
export interface KeycloakUser {
  readonly id: string;
  readonly username: string;
  readonly enabled: boolean;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly firstName?: string;
  readonly lastName?: string;
}

/** Stands in for Keycloak. */
export interface KeycloakPeer {
  readonly url: string;
  readonly settings: Readonly<Record<string, string>>;
  users: KeycloakUser[];
  logins: number;
  searches: number;
  /** Questions that followed a redirect. */
  strays: number;
  /** Of the tokens it gives from now on, in seconds. */
  tokenSeconds: number;
  /** What happens to the next questions. */
  fault:
    | 'none'
    | 'refuse'
    | 'hang'
    | 'drip'
    | 'error'
    | 'html'
    | 'huge'
    | 'packed'
    | 'redirect'
    | 'odd'
    | 'forbidden'
    | 'everybody';
  /** Tokens given so far are good for nothing any more. */
  forget(): void;
  stop(): Promise<void>;
}

const realm = 'lab';
const secret = 'hush-hush';

/**
 * A peer of our own, written after Keycloak 26's documentation and source, since no Keycloak could be run where these
 * tests are: its token endpoint for a client's own login, and its users by exact name, address or id.
 */
export const keycloakPeer = async (tls?: { readonly key: string; readonly cert: string }): Promise<KeycloakPeer> => {
  const tokens = new Map<string, number>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://peer');
    const form = new URLSearchParams(await text(request));
    if (url.pathname === '/elsewhere') {
      peer.strays += 1;
      say(response, 200, []);
      return;
    }
    if (faults[peer.fault](response)) return;
    const { authorization = '' } = request.headers;
    if (url.pathname === `/realms/${realm}/protocol/openid-connect/token`) {
      peer.logins += 1;
      const [, basic = ''] = authorization.split('Basic ');
      const known = Buffer.from(basic, 'base64').toString() === `igor:${secret}`;
      if (!known || form.get('grant_type') !== 'client_credentials') {
        say(response, 401, {
          error: 'unauthorized_client',
          error_description: 'Invalid client or Invalid client credentials',
        });
        return;
      }
      const token = jwt(peer.tokenSeconds, peer.logins);
      tokens.set(token, Date.now() + peer.tokenSeconds * 1000);
      const more = { refresh_expires_in: 0, token_type: 'Bearer', 'not-before-policy': 0, scope: 'email profile' };
      say(response, 200, { access_token: token, expires_in: peer.tokenSeconds, ...more });
      return;
    }
    if ((tokens.get(authorization.replace('Bearer ', '')) ?? 0) < Date.now()) {
      say(response, 401, { error: 'HTTP 401 Unauthorized' });
    } else if (url.pathname === `/admin/realms/${realm}/users/count`) {
      say(response, 200, peer.users.length);
    } else if (url.pathname === `/admin/realms/${realm}/users/`) {
      peer.searches += 1;
      say(response, 200, peer.fault === 'everybody' ? peer.users : matching(peer.users, url.searchParams));
    } else {
      say(response, 404, { error: 'Realm not found.' });
    }
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const peer: KeycloakPeer = {
    url,
    settings: {
      IGOR_KEYCLOAK_URL: url,
      IGOR_KEYCLOAK_REALM: realm,
      IGOR_KEYCLOAK_CLIENT_ID: 'igor',
      IGOR_KEYCLOAK_CLIENT_SECRET: secret,
    },
    users: [],
    logins: 0,
    searches: 0,
    strays: 0,
    tokenSeconds: 60,
    fault: 'none',
    forget: () => tokens.clear(),
    stop: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return peer;
};

/** Whether the answer is out already. */
const faults: Readonly<Record<KeycloakPeer['fault'], (response: ServerResponse) => boolean>> = {
  none: () => false,
  everybody: () => false,
  refuse: (response) => {
    response.destroy();
    return true;
  },
  hang: () => true,
  drip: (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const drops = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(drops));
    return true;
  },
  error: (response) => say(response, 500, { error: `unknown_error about ${secret}` }),
  forbidden: (response) => say(response, 403, { error: 'HTTP 403 Forbidden' }),
  odd: (response) => say(response, 200, { access_token: 'a.e30.c', users: 'none' }),
  html: (response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>We will be back soon</html>');
    return true;
  },
  huge: (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const chunk = Buffer.alloc(65_536, ' ');
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', pour);
    pour();
    return true;
  },
  packed: (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
    response.end(gzipSync(JSON.stringify([])));
    return true;
  },
  redirect: (response) => {
    response.writeHead(302, { Location: '/elsewhere' }).end();
    return true;
  },
};

const say = (response: ServerResponse, status: number, body: unknown): true => {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  return true;
};

const matching = (users: readonly KeycloakUser[], query: URLSearchParams): readonly object[] => {
  const search = query.get('search');
  const asked = search === null ? query : new URLSearchParams({ id: search.replace(/^id:/, '') });
  return users
    .filter((user) =>
      (['id', 'username', 'email'] as const).every(
        (key) => !asked.has(key) || user[key]?.toLowerCase() === asked.get(key)?.toLowerCase(),
      ),
    )
    .slice(0, Number(query.get('max') ?? 100))
    .map((user) => ({ createdTimestamp: 1_763_000_000_000, ...user, access: { manage: false, view: true } }));
};

const jwt = (seconds: number, serial: number): string => {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: now, exp: now + seconds, jti: String(serial) })}.c2ln`;
};
