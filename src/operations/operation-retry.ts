import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { setInput } from '../domain/set-wish.ts';
import { Fault } from '../domain/fault.ts';
import type { OperationSet, TargetState } from '../domain/operation-set.ts';
import { operationBody, setToWire } from '../domain/operation-wire.ts';
import type { OperationSets } from '../ports/operation-sets.ts';

const retriable = z.enum(['failed', 'cancelled', 'unknown']);
const pageSize = 1000;

export const operationRetry = operation({
  on: 'operation',
  name: 'operation.retry',
  summary: 'Try again what failed of an operation, as a new one',
  method: 'post',
  path: '/operations/{operation}/retries',
  permission: 'oob:operation:retry',
  effect: 'change',
  uses: ['sets', 'fleet'],
  input: z.strictObject({
    states: z
      .array(retriable)
      .min(1)
      .max(retriable.options.length)
      .default(['failed'])
      .describe('Targets of which states; what is unknown may have been done'),
    parameters: setInput.parameters.unwrap().optional().describe('Anew where they held a secret, which is not kept'),
    reason: setInput.reason,
  }),
  withheld: ['parameters'],
  output: z.object({ operation: operationBody }),
  statuses: [202],
  faults: ['conflict', 'ambiguous', 'controller-unsupported'],
  answer: ({ operation: { id } }) => ({ location: `/v1/operations/${id}` }),

  async run({ operation: { set }, caller, input, sets, fleet, href, idempotencyKey }) {
    if (set === null) throw new Fault('conflict', 'it is an operation on one thing: ask for it again');
    if (set.hasSecrets && input.parameters === undefined)
      throw new Fault('invalid-input', 'parameters: they held a secret, which is not kept; give them anew');
    const ids = await idsOf(sets, set, input.states);
    if (ids.length === 0) throw new Fault('conflict', `no target of it is ${input.states.join(' or ')}`);
    const { maxParallel, staggerMs, stopAfterFailures, order } = set.strategy;
    const wish = {
      kind: set.kind,
      targets: { ids },
      parameters: input.parameters ?? (set.parameters as typeof setInput.parameters._zod.output), // as it once was accepted
      strategy: {
        max_parallel: maxParallel,
        stagger_ms: staggerMs,
        ...(stopAfterFailures !== null && { stop_after_failures: stopAfterFailures }),
        order,
      },
      deadline_seconds: Math.ceil((set.deadlineAt.getTime() - set.createdAt.getTime()) / 1000),
      ...(input.reason !== undefined && { reason: input.reason }),
    };
    // It is a part of what was seen and asked for before.
    const seen = (await fleet.plan(caller, wish)).hash;
    const made = await fleet.create(caller, wish, { seen, idempotencyKey, retryOf: set.id, scheduleId: null });
    return { operation: setToWire(made, href) };
  },
});

const idsOf = async (
  sets: Pick<OperationSets, 'targets'>,
  { id }: OperationSet,
  states: readonly TargetState[],
): Promise<string[]> => {
  const ids: string[] = [];
  for (let after = -1; ;) {
    const { items, isLast } = await sets.targets(id, { limit: pageSize, after, states });
    ids.push(...items.map((target) => target.id));
    const last = items.at(-1);
    if (isLast || last === undefined) return ids;
    after = last.position;
  }
};
