import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { link, pageLinks, paging } from '../domain/link.ts';
import { machineBody, machineToWire } from '../domain/machine.ts';
import { ownTarget } from '../domain/policy.ts';

const many = 10_000;

export const machineList = operation({
  on: 'service',
  name: 'machine.list',
  summary: 'List the machines that you may see',
  method: 'get',
  path: '/machines',
  permission: 'oob:machine:list',
  effect: 'read',
  uses: ['machines', 'rules'],
  input: z.strictObject({
    ...paging,
    name: z.string().min(1).max(256_000).optional().describe('A name, or `in:` and several with commas between'),
    project_id: z.string().max(64).optional().describe('Of this project alone'),
    tags: z.string().max(4096).optional().describe('Tags with commas between; a machine has each of them'),
    sort: z
      .string()
      .regex(/^(name|created_at)(:(asc|desc))?$/, 'must be name or created_at, then :asc or :desc')
      .default('name:asc')
      .describe('name or created_at, then :asc or :desc'),
  }),
  output: z.object({ machines: z.array(machineBody), links: z.array(link) }),

  async run({ caller, input, machines, rules, href }) {
    const [key, direction] = input.sort.split(':');
    // A grant on one machine opens this list, and must not open it on the project that the token is for.
    const { identity } = caller;
    const byRule = rules.permits('oob:machine:list', identity, ownTarget(identity));
    const scope = byRule ? caller.scope : rules.grantedIn(caller.scope);
    const found = await machines.list(
      {
        limit: input.limit,
        marker: input.marker ?? null,
        names: input.name === undefined ? null : namesIn(input.name),
        projectId: input.project_id ?? null,
        tags: input.tags?.split(',').filter((tag) => tag !== '') ?? [],
        sort: { key: key === 'created_at' ? key : 'name', descending: direction === 'desc' },
      },
      scope,
    );
    const ids = found.map(({ id }) => id);
    return {
      machines: found.map((machine) => machineToWire(machine, href)),
      links: pageLinks('/v1/machines', input, ids, href),
    };
  },
});

const namesIn = (filter: string): readonly string[] =>
  filter.startsWith('in:') ? filter.slice('in:'.length).split(',', many) : [filter];
