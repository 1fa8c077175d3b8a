import { z } from 'zod';
import { Fault } from './fault.ts';
import type { Person } from './grant.ts';
import { tag } from './host-name.ts';
import { link } from './link.ts';
import { expand } from './selection/expand.ts';
import { readExpression } from './selection/read.ts';
import { machineConditions, range, type MachineConditions } from './selection/wanted.ts';

/** A selection that a project keeps under a name, and that `@name` stands for. */
export interface Selector {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly description: string;
  /** Null, as the next two may be: it says nothing. What is said narrows the others. */
  readonly expression: string | null;
  readonly tags: readonly string[] | null;
  readonly filter: MachineConditions | null;
  readonly createdBy: Person;
  /** Grows with each change; the ETag. */
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const mostExpression = 4096;
const mostTags = 100;

/** What one says of a selector. */
export const selectorParts = {
  name: z
    .string()
    .max(63)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:+-]*$/, 'must be letters, digits, ".", "_", ":", "+" and "-"')
    .refine((name) => !/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(name), 'must not look like an id')
    .describe('Unique in its project, in any case; @name stands for it'),
  description: z.string().max(1000),
  expression: range
    .refine((text) => text.length <= mostExpression, `must have at most ${mostExpression} characters`)
    .describe("Names, ranges and groups: 'osl[01-10]!osl05', '@rack7&@storage'"),
  tags: z.array(tag).min(1).max(mostTags).describe('Those that carry each of them'),
  filter: machineConditions
    .refine((given) => Object.values(given).some((one) => one !== undefined), 'must say something')
    .describe('Those that fit, as in the query of GET /v1/machines'),
};

/** As many groups as one may speak of. */
const mostMentioned = 1000;
/** As deep as selectors may name each other. */
export const mostDepth = 8;

/** The groups that an expression speaks of, in lower case, as selectors' names are compared. */
export const mentionedBy = (expression: string | null): readonly string[] => {
  if (expression === null) return [];
  const groups = readExpression(expression).flatMap(({ term }) => (term.kind === 'groups' ? expand(term.pattern) : []));
  const mentioned = new Set(groups.map((group) => group.toLowerCase()));
  if (mentioned.size > mostMentioned)
    throw new Fault('invalid-input', `selector.expression: names more than ${mostMentioned} groups`);
  return [...mentioned];
};

/** Refuses what would name itself, by whatever way, or too deep. `mentions` are those of a project. Faults: `conflict`. */
export const mustEnd = (name: string, mentions: ReadonlyMap<string, readonly string[]>): void => {
  const depths = new Map<string, number>();
  const depthOf = (one: string, way: readonly string[]): number => {
    if (way.includes(one))
      throw new Fault(
        'conflict',
        `selectors would name themselves: ${[...way, one].map((step) => `@${step}`).join(' ')}`,
      );
    const known = depths.get(one);
    if (known !== undefined) return known;
    const named = (mentions.get(one) ?? []).filter((other) => mentions.has(other));
    const depth = 1 + named.reduce((most, other) => Math.max(most, depthOf(other, [...way, one])), 0);
    depths.set(one, depth);
    return depth;
  };
  for (const one of [name.toLowerCase(), ...mentions.keys()])
    if (depthOf(one, []) > mostDepth)
      throw new Fault('conflict', `selectors would name each other more than ${mostDepth} deep: @${one}`);
};

/** A selector on the wire. */
export const selectorBody = z
  .object({
    id: z.uuid(),
    name: z.string(),
    project_id: z.string(),
    description: z.string(),
    expression: z.string().nullable(),
    tags: z.array(z.string()).nullable(),
    filter: z.record(z.string(), z.union([z.string(), z.array(z.string())])).nullable(),
    created_by: z.object({ id: z.string(), name: z.string() }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    revision: z.int().describe('Also the ETag; grows with each change'),
    links: z.array(link),
  })
  .meta({ id: 'Selector' });

export const selectorToWire = (selector: Selector, href: (path: string) => string): z.input<typeof selectorBody> => ({
  id: selector.id,
  name: selector.name,
  project_id: selector.projectId,
  description: selector.description,
  expression: selector.expression,
  tags: selector.tags && [...selector.tags],
  filter: selector.filter && filterToWire(selector.filter),
  created_by: selector.createdBy,
  created_at: selector.createdAt.toISOString(),
  updated_at: selector.updatedAt.toISOString(),
  revision: selector.revision,
  links: [{ rel: 'self', href: href(`/v1/selectors/${selector.id}`) }],
});

const filterToWire = (filter: MachineConditions): Record<string, string | string[]> =>
  Object.fromEntries(Object.entries(filter).flatMap(([field, value]) => (value === undefined ? [] : [[field, value]])));
