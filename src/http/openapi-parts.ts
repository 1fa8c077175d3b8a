import { z } from 'zod';
import { faults } from '../domain/fault.ts';

type Json = Record<string, unknown>;

/** Each by its name among the components. */
export const refs = (kind: 'headers' | 'parameters', names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/${kind}/${name}` }]));

/** Headers of answers. */
export const headers: Readonly<Record<string, Json>> = {
  'X-Openstack-Request-Id': {
    description: 'Names this request in the log, in the audit and in an error',
    required: true,
    schema: { type: 'string', pattern: '^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
  },
  'OpenStack-API-Version': {
    description: 'The service type and the microversion that answered',
    required: true,
    schema: { type: 'string', pattern: '^[^\\s,]+ [0-9]+\\.[0-9]+$' },
  },
  Vary: {
    description: 'Names OpenStack-API-Version',
    required: true,
    schema: { type: 'string', pattern: '(^|, *)OpenStack-API-Version($|,)' },
  },
  'Cache-Control': { description: 'Nothing is to be cached', required: true, schema: { const: 'no-store' } },
  ETag: {
    description: 'The revision of what was answered, for If-Match',
    required: true,
    schema: { type: 'string', pattern: '^"[0-9]+"$' },
  },
  Location: {
    description: 'Where what was made is found',
    required: true,
    schema: { type: 'string', format: 'uri' },
  },
  'Retry-After': {
    description: 'Whole seconds after which a repetition makes sense',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  'WWW-Authenticate': {
    description: 'Where a token is to be had',
    required: true,
    schema: { type: 'string', pattern: '^Keystone uri="' },
  },
};

/** Headers of every answer. */
export const usualHeaders: Json = refs('headers', [
  'X-Openstack-Request-Id',
  'OpenStack-API-Version',
  'Vary',
  'Cache-Control',
]);

/** Headers of requests. */
export const parameters: Readonly<Record<string, Json>> = {
  version: {
    name: 'OpenStack-API-Version',
    in: 'header',
    description: 'The microversion that is asked for: the service type, then X.Y or latest',
    schema: { type: 'string' },
    example: 'out-of-band 1.0',
  },
  'request-id': {
    name: 'X-Openstack-Request-Id',
    in: 'header',
    description: "The global request id, which is logged beside this request's own",
    schema: { type: 'string' },
  },
  'service-token': {
    name: 'X-Service-Token',
    in: 'header',
    description: "The token of a service that passes a user's request on",
    schema: { type: 'string' },
  },
  'last-event-id': {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'The id of the last event that was seen, after which to go on; it outdoes `after`',
    schema: { type: 'string' },
  },
  prefer: {
    name: 'Prefer',
    in: 'header',
    description: 'wait=N: how many seconds to wait, for a turn on the controller or for the end of an execution',
    schema: { type: 'string' },
    example: 'wait=20',
  },
  'if-match': {
    name: 'If-Match',
    in: 'header',
    description: 'The ETag of what is to be changed: refused with 412 when it has changed since',
    schema: { type: 'string' },
  },
};

/** The one body of every failure. */
export const errorBody = z.object({
  type: z.string().describe('As RFC 9457 has it'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  error: z
    .object({ code: z.int(), title: z.string(), message: z.string(), details: z.string() })
    .describe('What openstacksdk reads'),
  errors: z
    .array(
      z.object({
        request_id: z.string(),
        code: z
          .string()
          .regex(new RegExp(`^[a-z0-9._-]+\\.(${Object.keys(faults).join('|')})$`))
          .describe('The service type, a dot, and the code'),
        status: z.int(),
        title: z.string(),
        detail: z.string(),
        min_version: z.string().optional().describe('With not-acceptable'),
        max_version: z.string().optional().describe('With not-acceptable'),
        links: z.array(z.object({ rel: z.string(), href: z.string() })).min(1),
      }),
    )
    .min(1)
    .describe('What keystoneauth reads'),
});

/** JSON Schemas as an OpenAPI document holds them: what has an id of its own stands once, among the components. */
export const schemas = (): Schemas => {
  const named: Record<string, unknown> = {};
  const hoisted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hoisted);
    if (typeof value !== 'object' || value === null) return value;
    const { $defs = {}, $ref, ...rest } = value as Json;
    for (const [name, schema] of Object.entries($defs as Json)) named[name] ??= hoisted(schema);
    const own = Object.entries(rest).filter(([key]) => key !== '$schema');
    return {
      ...Object.fromEntries(own.map(([key, member]) => [key, hoisted(member)])),
      ...(typeof $ref === 'string' && { $ref: $ref.replace('#/$defs/', '#/components/schemas/') }),
    };
  };
  return {
    named,
    of: (schema, io) => hoisted(z.toJSONSchema(schema, { io })) as Json,
  };
};

export interface Schemas {
  /** Those met so far that have a name. */
  readonly named: Readonly<Record<string, unknown>>;
  of(schema: z.ZodType, io: 'input' | 'output'): Json;
}
