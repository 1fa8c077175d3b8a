import { Option, type Command } from 'commander';
import { setState, targetState } from '../domain/operation-set.ts';
import type { Query } from './client.ts';
import { command, fail, overSession, together, type Context } from './context.ts';
import { notUnderstood } from './failure.ts';
import { operationAnswer, operationsAnswer, type OperationSeen } from './fleet/answers.ts';
import { made } from './fleet/begin.ts';
import { pathOf, targetsOf } from './fleet/follow.ts';
import { named } from './fleet/named.ts';
import {
  operationLines,
  operationRow,
  operationsHeading,
  operationsWhole,
  targetRow,
  targetsHeading,
  targetsWhole,
} from './fleet/operation-lines.ts';
import { seeOut } from './fleet/see-out.ts';
import { renderingOf } from './rendering-of.ts';
import { parametersFrom } from './run.ts';
import { plain } from './screen.ts';
import type { Session } from './session.ts';

const idHelp = 'its id, or last: the newest of yours';

export const operationsCommand = (context: Context): Command =>
  command('operations', 'Show, follow, cancel and retry operations on sets of machines')
    .addCommand(listCommand(context), { isDefault: true })
    .addCommand(showCommand(context))
    .addCommand(watchCommand(context))
    .addCommand(cancelCommand(context))
    .addCommand(retryCommand(context));

interface ListFlags {
  readonly state?: string;
  readonly kind?: string;
  readonly limit: string;
}

const listCommand = (context: Context): Command =>
  command('list', 'List them, the newest first')
    .addOption(new Option('--state <state>', 'only those of this state').choices(setState.options))
    .option('--kind <kind>', 'only those, such as power.set')
    .option('--limit <count>', 'as many at most', '20')
    .action(async ({ state, kind, limit }: ListFlags) => {
      const query: Query = { limit, ...(state !== undefined && { state }), ...(kind !== undefined && { kind }) };
      await overSession(context, async (session) => {
        const answer = await session.ask({ method: 'get', path: '/v1/operations', query });
        if ('failure' in answer) return fail(context, answer.failure);
        const { screen, world, globals } = context;
        const read = operationsAnswer.safeParse(answer.body).data;
        if (read === undefined) return fail(context, notUnderstood());
        if (globals().json) screen.json({ operations: read.operations });
        else if (read.operations.length > 0)
          screen.table(
            [operationsHeading, ...read.operations.map((one) => operationRow(one, world.now()))],
            operationsWhole,
          );
        return 0;
      });
    });

/** Does something with one that is named, and was found. */
const overOperation = async (
  context: Context,
  id: string,
  work: (session: Session, operation: OperationSeen) => Promise<number>,
): Promise<void> =>
  overSession(context, async (session) => {
    const found = await named(session, id);
    return 'failure' in found ? fail(context, found.failure) : work(session, found.operation);
  });

const showCommand = (context: Context): Command =>
  command('show', 'Show what became of one')
    .argument('<operation>', idHelp)
    .option('--targets', 'and of each of its targets')
    .addOption(new Option('--state <state>', 'with --targets: only those of this state').choices(targetState.options))
    .action(async (id: string, { targets = false, state }: { readonly targets?: boolean; readonly state?: string }) =>
      overOperation(context, id, async (session, operation) => {
        const { screen, world, globals } = context;
        const isWanted = (targets || state !== undefined) && operation.target === null;
        const found = isWanted ? await targetsOf(session, operation.id, state ?? null, world.signal) : null;
        if (found !== null && 'failure' in found) return fail(context, found.failure);
        if (globals().json) {
          screen.json({ operation, ...(found !== null && { targets: found.targets }) });
          return 0;
        }
        for (const line of operationLines(operation, screen)) screen.line(line);
        if (found !== null && found.targets.length > 0) {
          // A cell has one colour.
          const rendering = renderingOf(operation.kind, { ...screen, paint: (text) => text });
          screen.line('');
          screen.table([targetsHeading, ...found.targets.map((one) => targetRow(one, rendering))], targetsWhole);
        }
        return 0;
      }),
    );

const watchCommand = (context: Context): Command =>
  command('watch', 'Follow one to its end; the exit code is as if it had been begun here')
    .argument('<operation>', idHelp)
    .action(async (id: string) =>
      overOperation(context, id, async (session, operation) =>
        seeOut(context, session, operation, { rendering: renderingOf(operation.kind, context.screen) }),
      ),
    );

const cancelCommand = (context: Context): Command =>
  command('cancel', 'Begin nothing more of one; what runs ends by itself')
    .argument('<operation>', idHelp)
    .action(async (given: string) =>
      overOperation(context, given, async (session, { id }) => {
        const { screen, globals } = context;
        const answer = await session.ask({ method: 'patch', path: pathOf(id), body: { state: 'cancelled' } });
        if ('failure' in answer) return fail(context, answer.failure);
        const operation = operationAnswer.safeParse(answer.body).data?.operation;
        if (operation === undefined) return fail(context, notUnderstood());
        if (globals().json) screen.json({ operation });
        else {
          const { counts, total } = operation;
          const still = counts.running > 0 ? `, ${counts.running} are under way and end by themselves` : '';
          screen.line(plain(`${id}: ${counts.cancelled} of ${total} will not be begun${still}`));
        }
        return 0;
      }),
    );

interface RetryFlags {
  readonly state?: readonly string[];
  readonly reason?: string;
  readonly detach?: boolean;
}

const retryCommand = (context: Context): Command =>
  command('retry', 'Ask anew for what failed of one, as a new operation')
    .argument('<operation>', idHelp)
    .argument('[key=value...]', 'what it takes, anew: where it held a secret, which is not kept')
    .option('--state <state>', 'failed (as is usual), cancelled, unknown; repeatable', together)
    .option('--reason <text>', 'for the record')
    .option('--detach', 'print the id of the new operation, and do not wait for it')
    .action(async (given: string, words: readonly string[], { state, reason, detach = false }: RetryFlags) =>
      overOperation(context, given, async (session, { id, kind }) => {
        const { screen, world, globals } = context;
        const body = {
          ...(state !== undefined && { states: state }),
          ...(reason !== undefined && { reason }),
          ...(words.length > 0 && { parameters: await parametersFrom(context, kind, words) }),
        };
        const begun = await made(session, { method: 'post', path: pathOf(id, '/retries'), body }, world.signal);
        if ('failure' in begun) return fail(context, begun.failure);
        const { operation } = begun;
        if (!detach) return seeOut(context, session, operation, { rendering: renderingOf(operation.kind, screen) });
        if (globals().json) screen.json({ operation });
        else screen.line(operation.id);
        return 0;
      }),
    );
