import { z } from 'zod';
import { faults } from './fault.ts';
import type { JournalRecord } from './journal.ts';

/**
 * An event as pyCADF lays it out, and OpenStack's collectors read it (DMTF DSP0262). An act that is two records is two
 * events, of which the first is pending; the tag `correlation_id` is that of both.
 */
export const cadfEvent = z
  .object({
    typeURI: z.literal('http://schemas.dmtf.org/cloud/audit/1.0/event'),
    eventType: z.literal('activity'),
    id: z.uuid(),
    eventTime: z.string().describe('Such as 2026-11-20T10:31:06.528000+0000'),
    action: z.string(),
    outcome: z.enum(['success', 'failure', 'pending', 'unknown']),
    reason: z
      .object({
        reasonType: z.string().optional(),
        reasonCode: z.string().optional().describe('The HTTP status of a failure'),
        policyType: z.string().optional(),
        policyId: z.string().optional().describe('The rule, grant or loan that decided'),
      })
      .optional(),
    initiator: z.object({
      id: z.string(),
      typeURI: z.string(),
      name: z.string(),
      host: z.object({ address: z.string() }).optional(),
      project_id: z.string().optional(),
    }),
    target: z.object({
      id: z.string(),
      typeURI: z.string(),
      name: z.string(),
      project_id: z.string().optional(),
      addresses: z.array(z.object({ url: z.string(), name: z.string() })).optional(),
    }),
    observer: z.object({ id: z.string(), typeURI: z.string(), name: z.string() }),
    requestPath: z.string().optional(),
    tags: z.array(z.string()),
    attachments: z.array(z.object({ typeURI: z.string(), name: z.string(), content: z.unknown() })),
  })
  .meta({ id: 'AuditEvent' });
export type CadfEvent = z.infer<typeof cadfEvent>;

const service = 'service/oob';

export const cadfOf = (row: JournalRecord): CadfEvent => ({
  typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
  eventType: 'activity',
  id: row.id,
  eventTime: row.at.toISOString().replace(/Z$/, '000+0000'),
  action: actionOf(row),
  outcome: outcomeOf(row),
  ...reasonOf(row),
  initiator: {
    id: row.userId,
    typeURI: 'service/security/account/user',
    name: row.userName,
    ...(row.address !== null && { host: { address: row.address } }),
    ...(row.projectId !== null && { project_id: row.projectId }),
  },
  target: {
    // Of the service as a whole, it is the replica that was asked.
    id: row.targetId ?? row.replicaId,
    typeURI: typeOf(row),
    name: row.targetName ?? 'igor',
    ...(row.targetProjectId !== null && { project_id: row.targetProjectId }),
    ...(row.addresses.length > 0 && { addresses: row.addresses.map((url) => ({ url, name: 'controller' })) }),
  },
  observer: { id: row.replicaId, typeURI: service, name: 'igor' },
  ...(row.route !== null && { requestPath: pathOf(row, row.route) }),
  tags: [
    tag('correlation_id', row.actId),
    tag('request_id', row.requestId),
    ...(row.globalRequestId === null ? [] : [tag('global_request_id', row.globalRequestId)]),
  ],
  attachments: [{ typeURI: 'mime:application/json', name: 'igor', content: contentOf(row) }],
});

const tag = (name: string, value: string): string => `${name}?value=${value}`;

/** What OpenStack's middleware makes of a method; power has an action of its own there too. */
const actionOf = ({ operation, method }: JournalRecord): string => {
  if (operation === 'power.set') return 'start/stop';
  if (/\.(list|export)$/.test(operation)) return 'read/list';
  // Queued work has no method, nor have records from before methods were kept.
  if (method === null) return operation === 'execution.run' ? 'start' : 'unknown';
  return actions.get(method) ?? 'unknown';
};

const actions: ReadonlyMap<string, string> = new Map([
  ['get', 'read'],
  ['post', 'create'],
  ['put', 'update'],
  ['patch', 'update'],
  ['delete', 'delete'],
]);

const outcomeOf = ({ kind, outcome }: JournalRecord): CadfEvent['outcome'] => {
  if (kind === 'intent') return 'pending';
  if (outcome === 'done') return 'success';
  return outcome === 'unknown' ? 'unknown' : 'failure';
};

/** The status is known of failures alone: of a success, what the device did is recorded before it is answered. */
const reasonOf = ({ code, decidedBy }: JournalRecord): Pick<CadfEvent, 'reason'> => {
  const status = Object.entries(faults).find(([known]) => known === code)?.[1].status;
  const reason = {
    ...(status !== undefined && { reasonType: 'HTTP', reasonCode: String(status) }),
    ...(decidedBy !== null && { policyType: 'out-of-band', policyId: decidedBy }),
  };
  return Object.keys(reason).length === 0 ? {} : { reason };
};

/** `/machines/{machine}/power` is `service/oob/machines/machine/power`. */
const typeOf = ({ route, targetKind }: JournalRecord): string => {
  if (route !== null) return `${service}${route.replaceAll(/[{}]/g, '')}`;
  return targetKind === 'service' ? service : `${service}/${targetKind}s/${targetKind}`;
};

const pathOf = ({ targetKind, targetId, targetName, input }: JournalRecord, route: string): string => {
  const given = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  const part = (name: string): string => {
    const value = name === targetKind ? (targetId ?? targetName) : given[name];
    return typeof value === 'string' ? encodeURIComponent(value) : `{${name}}`;
  };
  return `/v1${route.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => part(name))}`;
};

/** What CADF has no place for. */
const contentOf = (row: JournalRecord): object => ({
  operation: row.operation,
  permission: row.permission,
  effect: row.effect,
  kind: row.kind,
  roles: row.roles,
  input: row.input,
  code: row.code,
  detail: row.detail,
  delegation: row.delegation && {
    kind: row.delegation.kind,
    id: row.delegation.id,
    user_id: row.delegation.userId,
  },
  service: row.serviceId === null ? null : { id: row.serviceId, name: row.serviceName },
  person: row.personName === null ? null : { name: row.personName, email: row.personEmail },
});
