import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { cadfEvent, cadfOf } from '../domain/cadf.ts';
import { endOf, pageEnd } from '../domain/link.ts';
import { auditQuery, journalQueryOf } from './audit-query.ts';

export const auditExport = operation({
  on: 'service',
  name: 'audit.export',
  summary: 'List what was done as CADF events, for collectors of audits',
  method: 'get',
  path: '/audit-events',
  permission: 'oob:audit:export',
  effect: 'reveal',
  uses: ['journal'],
  input: z.strictObject(auditQuery),
  output: z.object({ audit_events: z.array(cadfEvent), ...pageEnd }),

  async run({ caller, input, journal, href }) {
    const page = await journal.list(journalQueryOf(input), caller.scope);
    return { audit_events: page.items.map(cadfOf), ...endOf('/v1/audit-events', input, page, href) };
  },
});
