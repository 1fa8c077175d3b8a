import { z } from 'zod';
import { operation } from '../core/operation.ts';

export const whoamiGet = operation({
  on: 'service',
  name: 'whoami.get',
  summary: 'Show who the token is, and what it may do',
  method: 'get',
  path: '/whoami',
  permission: 'oob:whoami:get',
  effect: 'read',
  uses: ['permissions'],
  input: z.strictObject({}),
  output: z.object({
    user: z.object({ id: z.string(), name: z.string(), domain_id: z.string() }),
    project: z.object({ id: z.string(), name: z.string(), domain_id: z.string() }).nullable(),
    domain_id: z.string().nullable(),
    system_scope: z.literal('all').nullable(),
    roles: z.array(z.string()),
    scope: z.enum(['all', 'domain', 'project', 'none']).describe('Which machines are visible at all'),
    permissions: z.array(z.string()).describe("On what belongs to the token's project"),
    expires_at: z.iso.datetime(),
  }),

  async run({ caller, permissions }) {
    const { identity, scope } = caller;
    const { projectId, projectName, projectDomainId } = identity;
    return {
      user: { id: identity.userId, name: identity.userName, domain_id: identity.userDomainId },
      project: projectId === null ? null : { id: projectId, name: projectName ?? '', domain_id: projectDomainId ?? '' },
      domain_id: identity.domainId,
      system_scope: identity.systemScope,
      roles: [...identity.roles].sort(),
      scope: scope.kind,
      permissions: [...permissions(caller)],
      expires_at: identity.expiresAt.toISOString(),
    };
  },
});
