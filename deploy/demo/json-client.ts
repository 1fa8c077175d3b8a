import { z } from 'zod';

export interface JsonRequest {
  readonly token?: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Sends JSON and reads JSON; an answer that is no success is an error that says what was asked and what came back. */
export const requestJson = async <T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  schema: z.ZodType<T>,
  request: JsonRequest,
): Promise<T> => {
  const { text } = await send(method, url, request);
  return schema.parse(text === '' ? null : JSON.parse(text));
};

export interface Login {
  /** Identity endpoint, with `/v3`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Of domain Default; null for the whole system. */
  readonly project: string | null;
  readonly signal: AbortSignal;
}

/** A token by password, of a user of domain Default. */
export const passwordToken = async ({ url, user, password, project, signal }: Login): Promise<string> => {
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: user, domain, password } } };
  const scope = project === null ? { system: { all: true } } : { project: { name: project, domain } };
  const body = { auth: { identity, scope } };
  const { headers } = await send('POST', `${url}/auth/tokens`, { body, signal });
  return z.string().parse(headers.get('x-subject-token'));
};

const send = async (
  method: string,
  url: string,
  { token, body, signal }: JsonRequest,
): Promise<{ readonly text: string; readonly headers: Headers }> => {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { 'x-auth-token': token }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} was answered ${response.status}: ${text.slice(0, 500)}`);
  return { text, headers: response.headers };
};
