import { z } from 'zod';
import { listingScope } from '../core/listing-scope.ts';
import { operation } from '../core/operation.ts';
import { asksFor, choosing, only } from '../domain/fields.ts';
import { counting, endOf, pageEnd, paging } from '../domain/link.ts';
import { machineFields } from '../domain/list-fields.ts';
import { filtering, filtersIn, namesOf, sortIn, sorting, tagging, tagsIn } from '../domain/list-query.ts';
import { range } from '../domain/selection/wanted.ts';
import { machineBody, machinePart, machineToWire, type Machine } from '../domain/machine.ts';

export const machineList = operation({
  on: 'service',
  name: 'machine.list',
  summary: 'List the machines that you may see',
  method: 'get',
  path: '/machines',
  permission: 'oob:machine:list',
  effect: 'read',
  uses: ['machines', 'meant', 'rules', 'allowedActions'],
  input: z.strictObject({
    ...paging,
    ...counting,
    ...filtering(machineFields),
    ...tagging,
    select: range.optional().describe("Names, ranges and groups: 'osl[01-10]!osl05', '@rack7&@storage'"),
    sort: sorting(namesOf(machineFields), 'name:asc'),
    fields: choosing(namesOf(machineBody.shape)),
  }),
  output: z.object({
    machines: z.array(machinePart),
    ...pageEnd,
    unknown: z
      .array(z.string())
      .optional()
      .describe('What `select` names and is not there for you: names, ids, and groups with their @'),
  }),
  faults: ['ambiguous'],

  async run({ caller, input, machines, meant, rules, allowedActions, href }) {
    const { limit, marker = null, fields, with_count: withCount = false } = input;
    const scope = listingScope(caller, rules);
    const selected = input.select === undefined ? null : await meant(caller, { range: input.select });
    const page = await machines.list(
      {
        limit,
        marker,
        withCount,
        filters: filtersIn(machineFields, input),
        tags: tagsIn(input),
        among: selected?.ids ?? null,
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
      ...(selected !== null && { unknown: [...selected.unknown] }),
    };
  },
});
