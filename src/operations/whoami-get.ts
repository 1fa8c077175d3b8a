import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { grantBody, grantToWire } from '../domain/grant.ts';
import { ownTarget, permissions } from '../domain/policy.ts';

export const whoamiGet = operation({
  on: 'service',
  name: 'whoami.get',
  summary: 'Show who the token is, and what it may do',
  method: 'get',
  path: '/whoami',
  permission: 'oob:whoami:get',
  effect: 'read',
  uses: ['decide'],
  input: z.strictObject({}),
  output: z.object({
    user: z.object({ id: z.string(), name: z.string(), domain_id: z.string() }),
    project: z.object({ id: z.string(), name: z.string(), domain_id: z.string() }).nullable(),
    domain_id: z.string().nullable(),
    system_scope: z.literal('all').nullable(),
    roles: z.array(z.string()),
    scope: z.enum(['all', 'domain', 'project', 'none']).describe('Which machines are visible at all'),
    permissions: z.array(z.string()).describe("On what belongs to the token's project, or domain"),
    reasons: z.record(z.string(), z.string()).describe('What gives each of them: the rule and its clause'),
    grants: z.array(grantBody).describe('What is granted or lent to you beside, in force or to be'),
    expires_at: z.iso.datetime(),
  }),

  async run({ caller, decide, href }) {
    const { identity, scope } = caller;
    const { projectId, projectName, projectDomainId } = identity;
    const subject = { kind: 'service', target: ownTarget(identity), machine: null } as const;
    const reasons = permissions.flatMap((permission) => {
      const { permitted, by } = decide({ ...caller, grants: [] }, permission, subject);
      return permitted ? [[permission, by] as const] : [];
    });
    const now = new Date();
    return {
      user: { id: identity.userId, name: identity.userName, domain_id: identity.userDomainId },
      project: projectId === null ? null : { id: projectId, name: projectName ?? '', domain_id: projectDomainId ?? '' },
      domain_id: identity.domainId,
      system_scope: identity.systemScope,
      roles: [...identity.roles].sort(),
      scope: scope.kind,
      permissions: reasons.map(([permission]) => permission),
      reasons: Object.fromEntries(reasons),
      grants: caller.grants.map((grant) => grantToWire(grant, now, href)),
      expires_at: identity.expiresAt.toISOString(),
    };
  },
});
