import http from 'node:http';
import fc from 'fast-check';
import type { Json } from './document.ts';
import { fitting, odd, oneOf, spoilt, tainted, type Known } from './schema-inputs.ts';

/** An operation as the document describes it. */
export interface Described {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Json }[];
  readonly body: Json | null;
  /** Whether it changes what is configured, which others still need. */
  readonly spends: boolean;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly persona: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** All that the document describes. */
export const describedIn = (document: Json): readonly Described[] => {
  const text = JSON.stringify(document['paths']);
  const parameters = (document['components'] as Record<string, Record<string, Parameter>>)['parameters'] ?? {};
  return Object.entries(JSON.parse(text) as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const all = (operation.parameters ?? []).map((one) => parameters[one.$ref?.split('/').at(-1) ?? ''] ?? one);
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        parameters: all,
        body: operation.requestBody?.content['application/json'].schema ?? null,
        spends: all.some(({ name }) => name === 'If-Match'),
      };
    }),
  );
};

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly schema: Json;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Json } } };
}

const oddText = fc.oneof(
  odd.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
);
/** Half a surrogate pair cannot be encoded. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());
/** Of percent-encoding: well-formed, and not. */
const oddPart = fc.oneof(
  oddText.map((text) => encoded(text).slice(0, 3000)),
  fc.constantFrom(
    '%',
    '%zz',
    '%E0%A4%A',
    '%00',
    '%2e%2e',
    '..',
    '.',
    'a%2fb',
    '%5c',
    '~',
    '*',
    'a;b=c',
    '%F0%9F%92%A5',
  ),
  fc.uuid(),
);
/** What a header may hold on the wire. */
const oddHeader = fc.string({ maxLength: 60 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?'));

const headerValues: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'OpenStack-API-Version': fc.oneof(
    fc.constantFrom(
      'out-of-band 1.0',
      'out-of-band latest',
      'compute 2.1, out-of-band 1.0',
      'out-of-band 9.9',
      'x',
      ',',
    ),
    oddHeader,
  ),
  'If-Match': fc.oneof(fc.constantFrom('*', '"0"', '"1"', 'W/"1"', '"999999999"', '""'), oddHeader),
  Prefer: fc.constantFrom('wait=0', 'wait=1', 'wait=-1', 'wait=0.5', 'wait=999999999999', 'respond-async', 'wait'),
  'X-Openstack-Request-Id': fc.oneof(
    fc.uuid().map((id) => `req-${id}`),
    oddHeader,
  ),
  'X-Service-Token': fc.oneof(fc.constant('gAAAAA'), oddHeader),
  Accept: fc.constantFrom('*/*', 'application/problem+json', 'text/html', 'application/json;q=0', '', 'x/y/z'),
  'Content-Encoding': fc.constantFrom('identity', 'gzip', 'br', 'x'),
  'X-Roles': fc.constant('admin'),
  'X-Forwarded-Host': oddHeader,
  'X-Forwarded-Prefix': fc.constantFrom('/a', '//b', '/../c'),
  Origin: fc.constantFrom('https://horizon.example', 'null', 'x'),
  Range: fc.constantFrom('bytes=0-1'),
};

const contentTypes = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/merge-patch+json',
    'application/json; charset=utf-8',
    'application/json; charset=utf-16',
    'application/json; charset="',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    '',
    'x',
  ),
);

/** Requests for an operation: as described, nearly so, and not at all. */
export const requestsFor = (one: Described, personas: readonly string[], known: Known): fc.Arbitrary<Asked> =>
  fc.oneof(
    { weight: 2, arbitrary: fitRequests(one, known) },
    { weight: 5, arbitrary: oddRequests(one, personas, known) },
  );

/** By somebody who may do everything. */
const fitRequests = (one: Described, known: Known): fc.Arbitrary<Asked> =>
  fc
    .tuple(
      fitPath(one, known),
      fitQuery(one, known),
      one.body === null ? fc.constant(null) : fitting(one.body, known).map(written),
    )
    .map(([path, query, body]) => ({
      method: one.method,
      path: withQuery(path, query),
      persona: 'alice',
      headers: body === null ? {} : { 'Content-Type': 'application/json' },
      body,
    }));

const oddRequests = (one: Described, personas: readonly string[], known: Known): fc.Arbitrary<Asked> => {
  const names = Object.keys(headerValues);
  const few = fc
    .subarray(names, { maxLength: 3 })
    .chain((kept) => fc.record(Object.fromEntries(kept.map((name) => [name, headerValues[name] ?? oddHeader]))));
  return fc
    .record({
      method: fc.oneof(
        { weight: 15, arbitrary: fc.constant(one.method) },
        fc.constantFrom('HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'),
      ),
      path: oddPath(one, known),
      query: oddQuery(one, known),
      body: oddBody(one, known),
      persona: fc.constantFrom('alice', 'alice', ...personas),
      headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, few),
      type: contentTypes,
    })
    .map(({ path, query, headers, type, body, ...rest }) => ({
      ...rest,
      path: withQuery(path, query),
      headers: { ...headers, ...(body !== null && { 'Content-Type': type }) },
      body,
    }));
};

const withQuery = (path: string, query: string): string => `${path}${query === '' ? '' : `?${query}`}`;
const written = (value: unknown): string => JSON.stringify(value);

const fitParts = ({ path, parameters, spends }: Described, known: Known): readonly fc.Arbitrary<string>[] =>
  path.split('/').map((part) => {
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (name === undefined) return fc.constant(part);
    const there = known[spends ? `spare ${name}` : name] ?? known[name];
    const { schema = {} } = parameters.find((other) => other.name === name) ?? {};
    return (there === undefined ? fitting(schema, known, name).map(String) : oneOf(there)).map(encoded);
  });

const fitPath = (one: Described, known: Known): fc.Arbitrary<string> =>
  fc.tuple(...fitParts(one, known)).map((parts) => parts.join('/'));

const oddPath = (one: Described, known: Known): fc.Arbitrary<string> => {
  const varied = one.path.split('/').map((part) => part.startsWith('{'));
  const parts = fitParts(one, known).map((fit, index) =>
    varied[index] === true ? fc.oneof({ weight: 4, arbitrary: fit }, oddPart) : fit,
  );
  const whole = fc.tuple(...parts).map((chosen) => chosen.join('/'));
  return fc.oneof(
    { weight: 20, arbitrary: whole },
    whole.map((path) => `${path}/`),
    whole.map((path) => `/${path}`),
  );
};

const queryPair = ({ name }: { readonly name: string }, value: unknown): string =>
  `${name}=${encoded(typeof value === 'string' ? value : written(value)).slice(0, 3000)}`;

const fitQuery = ({ parameters }: Described, known: Known): fc.Arbitrary<string> =>
  fc
    .subarray(parameters.filter((one) => one.in === 'query'))
    .chain((some) =>
      fc.tuple(...some.map((one) => fitting(one.schema, known, one.name).map((value) => queryPair(one, value)))),
    )
    .map((pairs) => pairs.join('&'));

const oddQuery = (one: Described, known: Known): fc.Arbitrary<string> => {
  const named = one.parameters.filter(({ in: place }) => place === 'query');
  const strange = fc.constantFrom('x=1', 'limit', 'limit=&limit=', '=', '&&', '%', 'a[b]=c', '__proto__=1', 'token=a');
  const odder = fc
    .subarray(named, { maxLength: Math.min(2, named.length) })
    .chain((some) =>
      fc.tuple(
        ...some.map((parameter) =>
          fc
            .oneof(oddText, tainted(fitting(parameter.schema, known, parameter.name)))
            .map((value) => queryPair(parameter, value)),
        ),
      ),
    );
  return fc.oneof(
    { weight: 8, arbitrary: fitQuery(one, known) },
    odder.map((pairs) => pairs.join('&')),
    strange,
    fc.tuple(fitQuery(one, known), strange).map((both) => both.join('&')),
  );
};

const junk = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{"a":1}{',
    '\ufeff{}',
    '{"__proto__":{}}',
    `{"a":"${'x'.repeat(300_000)}"}`,
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  odd.map(written),
);

const oddBody = ({ method, body }: Described, known: Known): fc.Arbitrary<string | null> => {
  const none = fc.constant(null);
  const reads = method === 'GET' || method === 'HEAD';
  if (body === null) return fc.oneof({ weight: reads ? 30 : 8, arbitrary: none }, junk);
  const fits = fitting(body, known);
  return fc.oneof(
    { weight: 3, arbitrary: fits.map(written) },
    { weight: 5, arbitrary: spoilt(fits).map(written) },
    { weight: 2, arbitrary: junk },
    none,
  );
};

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
export interface Heard {
  readonly status: number;
  readonly body: string;
}

/** Sends it as it is: no client mends it on the way. */
export const send = async (
  origin: string,
  { method, path, headers, body }: Asked,
  token: string | null,
): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const signed = { ...headers, ...(token !== null && { 'X-Auth-Token': token }) };
    const length = body === null ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const options = {
      agent,
      hostname,
      port,
      method,
      path: path.replaceAll(/[^\x21-\x7e]/g, '?'),
      headers: { ...signed, ...length },
    };
    const request = http.request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        // A stream is left after its first event.
        if (answer.headers['content-type']?.startsWith('text/event-stream') === true) answer.destroy();
      });
      answer.once('close', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      answer.once('error', reject);
    });
    const late = setTimeout(() => request.destroy(new Error('no answer within 20 s')), 20_000);
    request.once('close', () => clearTimeout(late));
    request.once('error', reject);
    request.end(body ?? undefined);
  });
