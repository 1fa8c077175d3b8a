import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { choosing, only } from '../domain/fields.ts';
import { outcome, recordKind, type JournalRecord } from '../domain/journal.ts';
import { endOf, pageEnd } from '../domain/link.ts';
import { namesOf } from '../domain/list-query.ts';
import { auditQuery, journalQueryOf } from './audit-query.ts';

const record = z
  .object({
    id: z.uuid(),
    operation_id: z.uuid(),
    kind: recordKind,
    at: z.iso.datetime(),
    operation: z.string(),
    effect: z.enum(['read', 'reveal', 'change', 'disrupt']),
    permission: z.string(),
    request_id: z.string(),
    global_request_id: z.string().nullable(),
    user: z.object({ id: z.string(), name: z.string() }),
    person: z
      .object({ name: z.string(), email: z.string().nullable() })
      .nullable()
      .describe('Who that is, where a directory is asked'),
    delegation: z
      .object({
        kind: z.enum(['application-credential', 'trust']),
        id: z.string(),
        user_id: z.string().nullable().describe("A trust's trustee, who acts, whomever the token shows"),
      })
      .nullable()
      .describe('By what the token acted for the user'),
    service: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .describe('The service that passed the request on, by a token of its own'),
    address: z.string().nullable().describe('Where the request came from'),
    project: z.object({ id: z.string(), name: z.string() }).nullable(),
    roles: z.array(z.string()),
    decided_by: z.string().nullable().describe('The rule, grant or loan that permitted or refused it'),
    target: z.object({
      kind: z.string(),
      id: z.string().nullable(),
      name: z.string().nullable(),
      project_id: z.string().nullable(),
      addresses: z.array(z.string()),
    }),
    input: z.unknown(),
    outcome: outcome.nullable(),
    code: z.string().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'AuditRecord' });

const recordPart = record.partial().meta({ id: 'AuditRecordPart' });

export const auditList = operation({
  on: 'service',
  name: 'audit.list',
  summary: 'List what was done, newest first: by whom, to what, and what became of it',
  method: 'get',
  path: '/audit-records',
  permission: 'oob:audit:list',
  effect: 'reveal',
  uses: ['journal'],
  input: z.strictObject({ ...auditQuery, fields: choosing(namesOf(record.shape)) }),
  output: z.object({ audit_records: z.array(recordPart), ...pageEnd }),

  async run({ caller, input, journal, href }) {
    const { fields, ...asked } = input;
    const page = await journal.list(journalQueryOf(asked), caller.scope);
    return {
      audit_records: page.items.map((row) => only(toWire(row), fields)),
      ...endOf('/v1/audit-records', input, page, href),
    };
  },
});

const toWire = (row: JournalRecord): z.input<typeof record> => ({
  id: row.id,
  operation_id: row.actId,
  kind: row.kind,
  at: row.at.toISOString(),
  operation: row.operation,
  effect: row.effect,
  permission: row.permission,
  request_id: row.requestId,
  global_request_id: row.globalRequestId,
  user: { id: row.userId, name: row.userName },
  person: row.personName === null ? null : { name: row.personName, email: row.personEmail },
  delegation: row.delegation && {
    kind: row.delegation.kind,
    id: row.delegation.id,
    user_id: row.delegation.userId,
  },
  service: row.serviceId === null ? null : { id: row.serviceId, name: row.serviceName ?? '' },
  address: row.address,
  project: row.projectId === null ? null : { id: row.projectId, name: row.projectName ?? '' },
  roles: [...row.roles],
  decided_by: row.decidedBy,
  target: {
    kind: row.targetKind,
    id: row.targetId,
    name: row.targetName,
    project_id: row.targetProjectId,
    addresses: [...row.addresses],
  },
  input: row.input,
  outcome: row.outcome,
  code: row.code,
  detail: row.detail,
});
