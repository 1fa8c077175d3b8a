import type { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { Aim } from './aim.ts';
import { command, fail, overSession, type Context } from './context.ts';
import { askEach, codeOf, noteFailure, resolve, resultsBody, type Outcome } from './hosts.ts';
import { archive, logBody, logPath, reading, type LogBody } from './log-answers.ts';
import { askYes } from './prompt.ts';
import { plain } from './screen.ts';

const cleared = z.looseObject({ archive });
type Cleared = z.output<typeof cleared>;

/** Looks first, asks, and then clears each as it was looked at: what comes meanwhile is never lost. */
export const clearCommand = (context: Context, aim: () => Aim): Command =>
  command('clear', 'Clear the logs; everything in them is kept in archives')
    .option('--yes', 'without asking')
    .action(async ({ yes = false }: { readonly yes?: boolean }) => {
      const { screen, world } = context;
      const { json, waitS } = context.globals();
      if (!yes && world.stdin.isTTY !== true)
        throw new Fault('invalid-input', 'there is no terminal to ask at; --yes clears without asking');
      await overSession(context, async (session) => {
        const found = await resolve(session, aim());
        if ('failure' in found) return fail(context, found.failure);
        const note = (outcome: Outcome<unknown>): void => {
          if ('failure' in outcome) noteFailure(screen, outcome.host, outcome.failure);
        };
        const seen = await askEach(session, found.hosts, {
          question: reading(),
          read: (body) => logBody.safeParse(body).data ?? null,
          done: note,
        });
        const full = seen.flatMap((one) => ('result' in one && one.result.entries > 0 ? [one] : []));
        const revisions = new Map(full.map(({ host, result }) => [host.target, result.revision]));
        if (full.length > 0 && !yes && !(await askYes(world, questionOf(full)))) {
          screen.note('igor: nothing was cleared');
          return 1;
        }
        const outcomes = await askEach<Cleared>(
          session,
          full.map(({ host }) => host),
          {
            question: (target) => ({
              method: 'delete',
              path: logPath(target, '/entries'),
              revision: revisions.get(target) ?? 0,
              ...(waitS !== null && { waitS }),
            }),
            read: (body) => cleared.safeParse(body).data ?? null,
            done(outcome) {
              note(outcome);
              if ('failure' in outcome || json) return;
              const { id, entries } = outcome.result.archive;
              screen.line(plain(`${outcome.host.name}: cleared, ${countOf(entries)} in archive ${id}`));
            },
          },
        );
        if (json) screen.json(resultsBody(outcomes));
        else
          for (const one of seen)
            if ('result' in one && one.result.entries === 0) screen.line(plain(`${one.host.name}: is empty`));
        return codeOf<unknown>([...seen, ...outcomes]);
      });
    });

const countOf = (entries: number): string => (entries === 1 ? '1 entry' : `${entries} entries`);

const questionOf = (full: readonly { readonly host: { readonly name: string }; readonly result: LogBody }[]): string =>
  plain(
    `Clear the log of ${full.map(({ host, result }) => `${host.name} (${countOf(result.entries)})`).join(', ')}? [y/N] `,
  );
