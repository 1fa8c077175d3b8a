import { z } from 'zod';
import { link } from '../domain/link.ts';
import type { Schemas } from './openapi-parts.ts';

type Json = Record<string, unknown>;

const version = z
  .object({
    id: z.string(),
    status: z.enum(['CURRENT', 'SUPPORTED', 'DEPRECATED']),
    min_version: z.string(),
    max_version: z.string(),
    version: z.string().describe('The same as max_version'),
    updated: z.iso.datetime(),
    links: z.array(link).min(1),
  })
  .meta({ id: 'Version' });

const health = z.object({ detailed: z.literal(false), reasons: z.array(z.string()) });

/** What is shown to everybody, without a token and in whatever microversion is asked for. */
export const documents = (schemas: Schemas, headers: Json): Readonly<Record<string, Json>> => {
  const json = (schema: z.ZodType): Json => ({ 'application/json': { schema: schemas.of(schema, 'output') } });
  const text = { schema: { type: 'string' } };
  const shown = (operationId: string, summary: string, content: Json): Json => ({
    operationId,
    summary,
    tags: ['document'],
    security: [],
    responses: { 200: { description: 'Done', headers, content } },
  });
  return {
    '/': {
      get: shown('version.list', 'List the versions of the interface', json(z.object({ versions: z.array(version) }))),
    },
    '/v1': { get: shown('version.get', 'Show version 1 of the interface', json(z.object({ version }))) },
    '/healthcheck': {
      get: shown('healthcheck.get', 'Tell whether this replica is alive', {
        'text/plain': { schema: { const: 'OK' } },
        ...json(health),
      }),
      head: {
        ...shown('healthcheck.head', 'Tell whether this replica is alive, without a body', {}),
        responses: { 204: { description: 'It is', headers } },
      },
    },
    '/openapi.json': {
      get: shown('openapi.get', 'Show this document', { 'application/json': { schema: { type: 'object' } } }),
    },
    '/docs/faults': { get: shown('faults.get', 'Show what each fault means', { 'text/html': text }) },
  };
};
