import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What Keystone once answered to a validation: the text of the body. */
export interface Recorded {
  readonly token: string;
  readonly body: string;
}

/** What Keystone once said of itself and of the service user. */
export interface Recording {
  /** Of the Keystone that was recorded, with /v3: links to it become links to the stand-in. */
  readonly url: string;
  /** The answer to GET /v3. */
  readonly version: string;
  readonly service: Recorded;
}

/** Plays back what the real Keystone said of tokens, to show how a service copes with more than Keystone can validate. */
export interface KeystoneStandIn {
  /** With /v3. */
  readonly url: string;
  /** How many validations it was asked for. */
  validations(): number;
  /** From now on this token is good, and this is what it stands for. */
  tell(recorded: Recorded): void;
  /** From now on so is every token that it was not told of. */
  tellAll(bodies: readonly string[]): void;
  /** From now on a validation takes so many milliseconds longer. */
  slow(ms: number): void;
  stop(): Promise<void>;
}

/** Every login is the service user's. Only that user may validate; a token that was not told of is 404, as at Keystone. */
export const keystoneStandIn = async ({ url: recordedUrl, version, service }: Recording): Promise<KeystoneStandIn> => {
  const bodies = new Map<string, string>();
  let others: readonly string[] = [];
  let validations = 0;
  let delayMs = 0;
  const validate = async (token: string, response: ServerResponse): Promise<void> => {
    const body = bodies.get(token) ?? others[validations % others.length];
    validations += 1;
    if (delayMs > 0) await sleep(delayMs);
    answer(response, body === undefined ? 404 : 200, body ?? '{}');
  };
  const server = http.createServer(({ method, url, headers }, response) => {
    const path = url?.split('?')[0]?.replace(/\/$/, '');
    if (path === '/v3' && method === 'GET') answer(response, 200, here(version));
    else if (path !== '/v3/auth/tokens') answer(response, 404, '{}');
    else if (method === 'POST') answer(response, 201, here(service.body), { 'X-Subject-Token': service.token });
    else if (method !== 'GET') answer(response, 405, '{}');
    else if (headers['x-auth-token'] !== service.token) answer(response, 401, '{}');
    else void validate(String(headers['x-subject-token']), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const url = `http://127.0.0.1:${port}/v3`;
  const here = (text: string): string => text.replaceAll(recordedUrl, url);
  const tell = ({ token, body }: Recorded): void => void bodies.set(token, here(body));
  tell(service);
  return {
    url,
    validations: () => validations,
    tell,
    tellAll: (all) => void (others = all.map(here)),
    slow: (ms) => void (delayMs = ms),
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
