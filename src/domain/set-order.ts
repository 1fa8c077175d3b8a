import type { Machine } from './machine.ts';
import { powerAction } from './power.ts';
import type { SetOrder } from './operation-set.ts';

/** What `auto` stands for: a chassis comes on before its blades, and goes off after them. */
export const decidedOrder = (
  asked: SetOrder,
  kind: string,
  parameters: Readonly<Record<string, unknown>>,
): SetOrder => {
  if (asked !== 'auto') return asked;
  const action = kind === 'power.set' ? powerAction.safeParse(parameters['target']).data : undefined;
  if (action === undefined || action === 'nmi') return 'none';
  return action === 'off' || action === 'soft-off' ? 'parents-last' : 'parents-first';
};

/** An index into what was ordered, and the places in the new order of those that come before. */
export interface Ordered {
  readonly index: number;
  readonly after: readonly number[];
}

/**
 * The machines in an order in which each stands behind those that it waits for. A machine's parent is one whose power comes
 * from a controller of its own, which the machine is bound to by a selector, or as to its feed. Where machines are each
 * other's parents, none waits.
 */
export const ordered = (machines: readonly Pick<Machine, 'bindings'>[], order: SetOrder): readonly Ordered[] => {
  const waitsFor = order === 'parents-first' || order === 'parents-last' ? parentsOf(machines) : machines.map(() => []);
  const before = order === 'parents-last' ? reversed(waitsFor) : waitsFor;
  const places = new Map<number, number>();
  for (let left = machines.map((_, index) => index); left.length > 0;) {
    const ready = left.filter((index) => (before[index] ?? []).every((one) => places.has(one)));
    // What is left waits for itself, round about: nothing of it may wait.
    if (ready.length === 0) {
      for (const index of left) before[index] = [];
      continue;
    }
    for (const index of ready) places.set(index, places.size);
    left = left.filter((index) => !places.has(index));
  }
  return [...places.keys()].map((index) => ({
    index,
    after: (before[index] ?? []).flatMap((one) => places.get(one) ?? []).sort((a, b) => a - b),
  }));
};

type Edges = (readonly number[])[];

const parentsOf = (machines: readonly Pick<Machine, 'bindings'>[]): Edges => {
  const owners = new Map<string, number[]>();
  for (const [index, { bindings }] of machines.entries())
    for (const { controllerId, roles, selector } of bindings)
      if (selector === null && roles.includes('power'))
        owners.set(controllerId, [...(owners.get(controllerId) ?? []), index]);
  return machines.map(({ bindings }, index) => [
    ...new Set(
      bindings
        .filter(({ roles, selector }) => selector !== null || (roles.includes('feed') && !roles.includes('power')))
        .flatMap(({ controllerId }) => owners.get(controllerId) ?? [])
        .filter((owner) => owner !== index),
    ),
  ]);
};

const reversed = (edges: Edges): Edges => {
  const turned = edges.map((): number[] => []);
  for (const [from, all] of edges.entries()) for (const to of all) turned[to]?.push(from);
  return turned;
};
