import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { projectId } from '../domain/host-name.ts';
import { ownedBy } from '../domain/policy.ts';
import { selectorBody, selectorParts, selectorToWire } from '../domain/selector.ts';

const { name, description, expression, tags, filter } = selectorParts;

export const selectorCreate = operation({
  on: 'service',
  name: 'selector.create',
  summary: 'Save a selection of machines under a name, for your project',
  method: 'post',
  path: '/selectors',
  permission: 'oob:selector:create',
  effect: 'change',
  uses: ['selectors', 'rules'],
  input: z.strictObject({
    selector: z
      .strictObject({
        name,
        project_id: projectId.optional().describe("Your token's project, if absent"),
        description: description.default(''),
        expression: expression.nullable().default(null),
        tags: tags.nullable().default(null),
        filter: filter.nullable().default(null),
      })
      .refine(
        (given) => [given.expression, given.tags, given.filter].some((one) => one !== null),
        'must have an expression, tags or a filter',
      ),
  }),
  output: z.object({ selector: selectorBody }),
  statuses: [201],
  faults: ['conflict'],
  answer: ({ selector: { id, revision } }) => ({ location: `/v1/selectors/${id}`, revision }),

  async run({ caller, input, selectors, rules, href }) {
    const { projectId: own, userId, userName } = caller.identity;
    const { project_id: owner = own, ...given } = input.selector;
    if (owner === null) throw new Fault('invalid-input', 'selector.project_id: must be given, for your token has none');
    if (!rules.permits('oob:selector:create', caller.identity, ownedBy(owner)))
      throw new Fault('forbidden', 'you may not save selections for that project');
    const made = await selectors.create({ ...given, projectId: owner, createdBy: { id: userId, name: userName } });
    return { selector: selectorToWire(made, href) };
  },
});
