import { isResumable, mindsRevision, type Operation, type SuccessStatus } from '../core/operation.ts';
import { documents } from './openapi-documents.ts';
import { failure, failuresOf } from './openapi-faults.ts';
import { errorBody, headers, parameters, refs, schemas, usualHeaders, type Schemas } from './openapi-parts.ts';

type Json = Record<string, unknown>;

const description = `Every request but those for documents carries a Keystone token in X-Auth-Token. A failure has one body, \
whatever its status; its code is explained at /docs/faults. A path that is not described here is answered with 404, another \
method with 405, a request that is no HTTP with 400, 408 or 431, each with that body.`;

/** The interface as OpenAPI 3.1, from the declarations alone. */
export const openapi = (operations: readonly Operation[], version: string): Json => {
  const known = schemas();
  const responses: Record<string, Json> = {};
  const paths: Record<string, Json> = { ...documents(known, usualHeaders) };
  for (const operation of operations) {
    const path = `/v1${operation.path}`;
    paths[path] = { ...paths[path], [operation.method]: describe(operation, known) };
    for (const [status, { name, codes }] of failuresOf(operation))
      responses[name] ??= failure(status, codes, usualHeaders);
  }
  const error = known.of(errorBody, 'output');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Igor',
      version,
      summary: 'Out-of-band gateway for OpenStack',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '.', description: 'Where this document is' }],
    security: [{ keystone: [] }],
    paths,
    components: {
      securitySchemes: { keystone: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
      schemas: { Error: error, ...known.named },
      responses,
      headers,
      parameters,
    },
  };
};

const describe = (operation: Operation, known: Schemas): Json => {
  const { name, summary, permission, effect, method, input } = operation;
  const [thing = name] = name.split('.');
  const { properties = {}, required = [], ...shape } = known.of(input, 'input') as Shape;
  const inPath = partsOf(operation.path);
  const taken = inPath.filter((part) => part !== operation.on);
  const fields = Object.fromEntries(Object.entries(properties).filter(([field]) => !taken.includes(field)));
  const wanted = required.filter((field) => !taken.includes(field));
  const takesBody = method !== 'get' && Object.keys(fields).length > 0;
  return {
    operationId: name,
    summary,
    tags: [thing],
    'x-permission': permission,
    'x-effect': effect,
    parameters: [
      ...inPath.map((part) => pathParameter(part, taken.includes(part) ? properties[part] : undefined)),
      ...(method === 'get' ? Object.entries(fields).map(([field, schema]) => inQuery(field, schema)) : []),
      ...Object.values(refs('parameters', headersRead(operation))),
    ],
    ...(takesBody && {
      requestBody: {
        required: wanted.length > 0,
        content: contentOf(method, {
          ...shape,
          properties: fields,
          ...(wanted.length > 0 && { required: wanted }),
        }),
      },
    }),
    responses: { ...success(operation, known), ...failures(operation) },
  };
};

/** An object's schema, as zod writes it. */
interface Shape {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

const partsOf = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, part = '']) => part);

/** What the operation is on is found by its name; a further part is input. */
const pathParameter = (name: string, schema: Json = { type: 'string', minLength: 1 }): Json => ({
  name,
  in: 'path',
  required: true,
  description: schema['description'] ?? (hasName.has(name) ? 'Its id or its name' : 'Its id'),
  schema,
});

/** What is found by its name too. */
const hasName: ReadonlySet<string> = new Set(['machine', 'schedule', 'selector']);

const inQuery = (name: string, schema: Json): Json => ({ name, in: 'query', required: false, schema });

const contentOf = (method: Operation['method'], schema: Json): Json => ({
  'application/json': { schema },
  ...(method === 'patch' && { 'application/merge-patch+json': { schema } }),
});

const headersRead = (operation: Operation): readonly string[] => [
  'version',
  'request-id',
  'service-token',
  ...(operation.needs !== undefined || operation.uses?.includes('wake') === true ? ['prefer'] : []),
  ...(mindsRevision(operation) ? ['if-match'] : []),
  ...(isResumable(operation) ? ['last-event-id'] : []),
];

const success = ({ statuses = [200], output, event, answer }: Operation, known: Schemas): Json => {
  const schema = known.of(event ?? output, 'output');
  const type = event === undefined ? 'application/json' : 'text/event-stream';
  const revision = answer === undefined ? null : revisionIn(schema, known);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: phrases[status],
        headers: {
          ...usualHeaders,
          ...refs('headers', [...(isMade(status) ? ['Location'] : []), ...(revision === 'always' ? ['ETag'] : [])]),
          ...(statuses.some(isMade) && !isMade(status) && { Location: { ...headers['Location'], required: false } }),
          ...(revision === 'asked' && { ETag: { ...headers['ETag'], required: false } }),
        },
        ...(status !== 204 && { content: { [type]: { schema } } }),
      },
    ]),
  );
};

/** Whether an answer of that status tells where what was made is. */
const isMade = (status: SuccessStatus): boolean => status === 201 || status === 202;

/** Whether the resource that is answered tells its revision: always, or only where it is asked for. */
const revisionIn = (schema: Shape, { named }: Schemas): 'always' | 'asked' | null => {
  const { properties = {} } = schema;
  const resources: readonly Shape[] = Object.values(properties).map(({ $ref, ...own }) =>
    typeof $ref === 'string' ? (named[$ref.split('/').at(-1) ?? ''] as Shape) : own,
  );
  const revised = [schema, ...resources].find((one) => one.properties?.['revision'] !== undefined);
  if (revised === undefined) return null;
  return revised.required?.includes('revision') === true ? 'always' : 'asked';
};

const phrases: Readonly<Record<SuccessStatus, string>> = { 200: 'Done', 201: 'Created', 202: 'Queued', 204: 'Done' };

const failures = (operation: Operation): Json =>
  Object.fromEntries(
    [...failuresOf(operation)].map(([status, { name }]) => [status, { $ref: `#/components/responses/${name}` }]),
  );
