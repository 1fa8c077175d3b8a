import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { keystone } from './parts.ts';

/** Stands before the real Keystone, and says of some users that they signed in through an identity provider. */
export interface FederatingProxy {
  /** With /v3. */
  readonly url: string;
  /** Which users came through which provider; all others are Keystone's own. */
  readonly providers: Map<string, string>;
  stop(): Promise<void>;
}

interface Body {
  readonly token: { readonly user: { readonly name: string } };
}

/** Adds to Keystone's answers what it says of federated users, since there is no identity provider here to sign in through. */
export const federatingProxy = async (): Promise<FederatingProxy> => {
  const { url } = await keystone();
  const providers = new Map<string, string>();
  const federated = (body: string): string => {
    const { token } = JSON.parse(body) as Body;
    const provider = providers.get(token.user.name);
    if (provider === undefined) return body;
    const federation = { identity_provider: { id: provider }, protocol: { id: 'openid' }, groups: [] };
    return JSON.stringify({ token: { ...token, user: { ...token.user, 'OS-FEDERATION': federation } } });
  };
  const pass = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const { method = 'GET', headers } = request;
    const body = await text(request);
    const { host: _, 'content-length': __, connection: ___, ...passed } = headers;
    const answer = await fetch(`${new URL(url).origin}${request.url ?? ''}`, {
      method,
      headers: passed as Record<string, string>,
      ...(body !== '' && { body }),
    });
    const said = await answer.text();
    const isToken = answer.ok && request.url?.startsWith('/v3/auth/tokens') === true;
    const subject = answer.headers.get('x-subject-token');
    response.writeHead(answer.status, {
      'Content-Type': 'application/json',
      ...(subject !== null && { 'X-Subject-Token': subject }),
    });
    response.end((isToken ? federated(said) : said).replaceAll(url, here()));
  };
  // The service user's catalogue leads back here.
  const here = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3`; // it listens on TCP
  const server = http.createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: here(),
    providers,
    stop: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
