import { z } from 'zod';
import type { Operation, SuccessStatus } from '../core/operation.ts';
import { faults, type FaultCode } from '../domain/fault.ts';

type Json = Record<string, unknown>;

/** What any authenticated operation may answer, beside its own. */
const usual: readonly FaultCode[] = [
  'invalid-input',
  'unauthenticated',
  'forbidden',
  'not-found',
  'identity-unavailable',
];
const ofControllers: readonly FaultCode[] = [
  'controller-busy',
  'controller-refused',
  'sessions-exhausted',
  'controller-unreachable',
];

/** The interface as OpenAPI 3.1, from the declarations alone. */
export const openapi = (operations: readonly Operation[], version: string): Json => {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `/v1${operation.path}`;
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Igor',
      version,
      summary: 'Out-of-band gateway for OpenStack',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ keystone: [] }],
    paths,
    components: {
      securitySchemes: { keystone: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
      schemas: { Error: z.toJSONSchema(errorBody) },
    },
  };
};

const describe = (operation: Operation): Json => {
  const { name, summary, permission, effect, on, path, input } = operation;
  const [thing = name] = name.split('.');
  const empty = Object.keys(input.shape).length === 0;
  return {
    operationId: name,
    summary,
    tags: [thing],
    'x-permission': permission,
    'x-effect': effect,
    parameters: [...(path.includes('{') ? [inPath(on)] : []), ...(operation.method === 'get' ? inQuery(input) : [])],
    ...(operation.method !== 'get' &&
      !empty && {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: z.toJSONSchema(input, { io: 'input' }) } },
        },
      }),
    responses: { ...success(operation), ...failures(operation) },
  };
};

const inPath = (on: string): Json => ({
  name: on,
  in: 'path',
  required: true,
  description: on === 'machine' ? 'Its id or its name' : 'Its id',
  schema: { type: 'string' },
});

const inQuery = (input: z.ZodObject): readonly Json[] => {
  const { properties = {} } = z.toJSONSchema(input, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
};

const success = ({ statuses = [200], output }: Operation): Json => {
  const schema = z.toJSONSchema(output, { io: 'output' });
  const content = { 'application/json': { schema } };
  return Object.fromEntries(
    statuses.map((status) => [status, { description: phrases[status], ...(status !== 204 && { content }) }]),
  );
};

const phrases: Readonly<Record<SuccessStatus, string>> = { 200: 'Done', 201: 'Created', 202: 'Queued', 204: 'Done' };

const failures = ({ needs = [] }: Operation): Json => {
  const codes = [...usual, ...(needs.length > 0 ? ofControllers : [])];
  const byStatus = new Map<number, string[]>();
  for (const code of codes) byStatus.set(faults[code].status, [...(byStatus.get(faults[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      status,
      {
        description: named.join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  );
};

const errorBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  error: z.object({ code: z.int(), title: z.string(), message: z.string(), details: z.string() }),
  errors: z.array(
    z.object({
      request_id: z.string(),
      code: z.string(),
      status: z.int(),
      title: z.string(),
      detail: z.string(),
      links: z.array(z.object({ rel: z.string(), href: z.string() })),
    }),
  ),
});
