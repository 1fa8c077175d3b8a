import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What Keystone once answered to a validation: the text of the body. */
export interface Recorded {
  readonly token: string;
  readonly body: string;
}

/** Plays back what the real Keystone said of tokens, to show how a service copes with more than Keystone can validate. */
export interface KeystoneStandIn {
  /** With /v3. */
  readonly url: string;
  /** How many validations it was asked for. */
  validations(): number;
  /** From now on this token is good, and this is what it stands for. */
  tell(recorded: Recorded): void;
  stop(): Promise<void>;
}

/** Every login is the service user's. Only that user may validate; a token that was not told of is 404, as at Keystone. */
export const keystoneStandIn = async (service: Recorded): Promise<KeystoneStandIn> => {
  const bodies = new Map([[service.token, service.body]]);
  let validations = 0;
  const server = http.createServer(({ method, url, headers }, response) => {
    if (url?.split('?')[0] !== '/v3/auth/tokens') {
      answer(response, 404, '{}');
      return;
    }
    if (method === 'POST') {
      answer(response, 201, service.body, { 'X-Subject-Token': service.token });
      return;
    }
    if (method !== 'GET') {
      answer(response, 405, '{}');
      return;
    }
    if (headers['x-auth-token'] !== service.token) {
      answer(response, 401, '{}');
      return;
    }
    validations += 1;
    const body = bodies.get(String(headers['x-subject-token']));
    answer(response, body === undefined ? 404 : 200, body ?? '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/v3`,
    validations: () => validations,
    tell: ({ token, body }) => void bodies.set(token, body),
    stop: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const answer = (response: ServerResponse, status: number, body: string, headers = {}): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
};
