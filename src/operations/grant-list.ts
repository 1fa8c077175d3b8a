import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { grantBody, grantToWire } from '../domain/grant.ts';
import { endOf, link, paging } from '../domain/link.ts';
import { ownedBy } from '../domain/policy.ts';

export const grantList = operation({
  on: 'service',
  name: 'grant.list',
  summary: 'List what is granted: to you, by you, and in the projects that you manage',
  method: 'get',
  path: '/grants',
  permission: 'oob:grant:list',
  effect: 'read',
  uses: ['machines', 'grants', 'rules'],
  input: z.strictObject({
    ...paging,
    machine: z.string().min(1).max(253).optional().describe('Id or name: grants on this one by name, not by tags'),
    project_id: z.string().max(64).optional().describe('The project that owns what is granted'),
  }),
  output: z.object({ grants: z.array(grantBody), links: z.array(link) }),
  faults: ['not-found', 'ambiguous'],

  async run({ caller, input, machines, grants, rules, href }) {
    const machine = input.machine === undefined ? null : await machines.get(input.machine, caller);
    const found = await grants.list(
      {
        limit: input.limit,
        marker: input.marker ?? null,
        machineId: machine?.id ?? null,
        projectId: input.project_id ?? null,
        mayReadProject: rules.permits('oob:grant:get', caller.identity, ownedBy(caller.identity.projectId)),
      },
      caller,
    );
    const now = new Date();
    return {
      grants: found.map((grant) => grantToWire(grant, now, href)),
      ...endOf('/v1/grants', input, { items: found, isLast: found.length < input.limit, count: null }, href),
    };
  },
});
