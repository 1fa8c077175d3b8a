import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { link } from '../domain/link.ts';
import { targetState } from '../domain/operation-set.ts';
import { targetBody, targetToWire } from '../domain/operation-wire.ts';

export const operationTargetList = operation({
  on: 'operation',
  name: 'operation-target.list',
  summary: 'List what became of each target of an operation',
  method: 'get',
  path: '/operations/{operation}/targets',
  permission: 'oob:operation-target:list',
  effect: 'read',
  uses: ['sets'],
  input: z.strictObject({
    limit: z.int().min(1).max(1000).default(100).describe('How many items a page has at most'),
    marker: z.int().min(0).max(1_000_000).optional().describe('The position of the last item of the page before'),
    state: targetState.optional().describe('Only those of this state'),
  }),
  output: z.object({ targets: z.array(targetBody), links: z.array(link) }),

  async run({ operation: { set }, input, sets, href }) {
    if (set === null) throw new Fault('not-found', 'it is an operation on one thing, and has no targets');
    const { limit, marker, state } = input;
    const page = await sets.targets(set.id, {
      limit,
      after: marker ?? -1,
      states: state === undefined ? null : [state],
    });
    const to = (rel: string, from: number | undefined) => {
      const query = {
        limit: String(limit),
        ...(from !== undefined && { marker: String(from) }),
        ...(state && { state }),
      };
      return { rel, href: href(`/v1/operations/${set.id}/targets?${new URLSearchParams(query).toString()}`) };
    };
    const last = page.items.at(-1)?.position;
    return {
      targets: page.items.map(targetToWire),
      links: [to('self', marker), to('first', undefined), ...(page.isLast ? [] : [to('next', last)])],
    };
  },
});
