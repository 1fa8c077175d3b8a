import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { asksFor, choosing, only } from '../domain/fields.ts';
import { counting, endOf, pageEnd, paging } from '../domain/link.ts';
import { machineFields } from '../domain/list-fields.ts';
import { filtering, filtersIn, namesOf, sortIn, sorting, tagging, tagsIn } from '../domain/list-query.ts';
import { machineBody, machinePart, machineToWire, type Machine } from '../domain/machine.ts';
import { ownTarget } from '../domain/policy.ts';

export const machineList = operation({
  on: 'service',
  name: 'machine.list',
  summary: 'List the machines that you may see',
  method: 'get',
  path: '/machines',
  permission: 'oob:machine:list',
  effect: 'read',
  uses: ['machines', 'rules', 'allowedActions'],
  input: z.strictObject({
    ...paging,
    ...counting,
    ...filtering(machineFields),
    ...tagging,
    sort: sorting(namesOf(machineFields), 'name:asc'),
    fields: choosing(namesOf(machineBody.shape)),
  }),
  output: z.object({ machines: z.array(machinePart), ...pageEnd }),

  async run({ caller, input, machines, rules, allowedActions, href }) {
    const { limit, marker = null, fields, with_count: withCount = false } = input;
    // A grant on one machine opens this list, and must not open it on the project that the token is for.
    const { identity } = caller;
    const byRule = rules.permits('oob:machine:list', identity, ownTarget(identity));
    const scope = byRule ? caller.scope : rules.grantedIn(caller.scope);
    const page = await machines.list(
      {
        limit,
        marker,
        withCount,
        filters: filtersIn(machineFields, input),
        tags: tagsIn(input),
        sort: sortIn(namesOf(machineFields), input.sort),
      },
      scope,
    );
    const allowed = asksFor(fields, 'allowed_actions') ? allowedActions(caller) : null;
    const shown = (machine: Machine): Partial<z.input<typeof machineBody>> => {
      const whole = machineToWire(machine, href);
      return only(allowed === null ? whole : { ...whole, allowed_actions: [...allowed(machine)] }, fields);
    };
    return {
      machines: page.items.map(shown),
      ...endOf('/v1/machines', input, page, href),
    };
  },
});
