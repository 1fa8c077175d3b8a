import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { machineConditions, type MachineConditions } from '../domain/selection/wanted.ts';
import { selectorBody, selectorParts, selectorToWire, type Selector } from '../domain/selector.ts';
import type { SelectorChange } from '../ports/selectors.ts';

const { name, description, expression, tags } = selectorParts;

const patch = z
  .strictObject({
    name,
    description,
    expression: expression.nullable(),
    tags: tags.nullable(),
    filter: z
      .strictObject(
        Object.fromEntries(
          Object.entries(machineConditions.shape).map(([field, condition]) => [field, condition.nullable()]),
        ),
      )
      .nullable()
      .describe('Merged with what it has: a condition that is null goes (RFC 7396)'),
  })
  .partial();

export const selectorUpdate = operation({
  on: 'selector',
  name: 'selector.update',
  summary: 'Change a saved selection',
  method: 'patch',
  path: '/selectors/{selector}',
  permission: 'oob:selector:update',
  effect: 'change',
  uses: ['selectors'],
  input: z.strictObject({ selector: patch }),
  output: z.object({ selector: selectorBody }),
  faults: ['conflict', 'in-use'],
  answer: ({ selector }) => ({ revision: selector.revision }),

  async run({ selector, input, selectors, revision, href }) {
    const changed = await selectors.update(selector.id, (current) => changeOf(current, input.selector), revision);
    return { selector: selectorToWire(changed, href) };
  },
});

const changeOf = (current: Selector, given: z.output<typeof patch>): SelectorChange => {
  const { filter: merge, ...plain } = given;
  const filter = merge === undefined ? current.filter : merge === null ? null : merged(current.filter, merge);
  const next = { expression: current.expression, tags: current.tags, ...defined(plain), filter };
  if ([next.expression, next.tags, next.filter].every((one) => one === null))
    throw new Fault('invalid-input', 'selector: must keep an expression, tags or a filter');
  return next;
};

/** Null: nothing is left. */
const merged = (
  before: MachineConditions | null,
  merge: Readonly<Record<string, unknown>>,
): MachineConditions | null => {
  const members = Object.entries<unknown>({ ...before, ...defined(merge) }).filter(([, value]) => value !== null);
  return members.length === 0 ? null : machineConditions.parse(Object.fromEntries(members));
};

/** Without the members that are absent in all but name. */
const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  }; // what remains is defined
