import type { Command } from 'commander';
import { expandHosts, isPlain } from '../domain/selection/evaluate.ts';
import { foldHosts } from '../domain/selection/fold.ts';
import { mostNames, readExpression } from '../domain/selection/read.ts';
import { aimOf } from './aim.ts';
import { command, fail, overSession, type Context } from './context.ts';
import { resolve } from './hosts.ts';
import { plain } from './screen.ts';

interface Options {
  readonly fold?: boolean;
  readonly count?: boolean;
}

/** Without a group in it, an expression is worked out here: nobody signs in. */
export const hostsCommand = (context: Context): Command =>
  command('hosts', "Show which names an expression stands for; without a group, of names that may be anybody's")
    .argument('<expression...>', "as after -h: 'osl[01-10]!osl05', '@rack7&@storage'; several are united")
    .option('-f, --fold', 'as a range again')
    .option('-c, --count', 'how many they are')
    .action(async (parts: readonly string[], options: Options) => {
      const expression = parts.join(',');
      if (isPlain(readExpression(expression))) {
        show(context, expandHosts(expression, mostNames), options);
        context.end(0);
        return;
      }
      const aim = aimOf({ hosts: expression, tag: undefined, filter: undefined });
      await overSession(context, async (session) => {
        const found = await resolve(session, aim);
        if ('failure' in found) return fail(context, found.failure);
        show(
          context,
          found.hosts.map(({ name }) => name),
          options,
        );
        return 0;
      });
    });

const show = (
  { screen, globals }: Context,
  names: readonly string[],
  { fold = false, count = false }: Options,
): void => {
  if (globals().json) screen.json({ hosts: names, folded: foldHosts(names), count: names.length });
  else if (count) screen.line(String(names.length));
  else if (fold) screen.line(plain(foldHosts(names)));
  else for (const name of names) screen.line(plain(name));
};
