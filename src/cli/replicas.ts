import type { Command } from 'commander';
import { z } from 'zod';
import { pause } from '../core/waiting.ts';
import { Fault } from '../domain/fault.ts';
import { command, fail, overSession, secondsOf, type Context } from './context.ts';
import { notUnderstood } from './failure.ts';
import type { Cell, Colour } from './screen.ts';
import type { Session } from './session.ts';

const body = z.object({
  replicas: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      version: z.string().catch(''),
      address: z.string().nullable().catch(null),
      started_at: z.string().catch(''),
      heartbeat_at: z.string().nullable().catch(null),
      leases: z.number().catch(0),
      sessions: z.number().catch(0),
      running: z.number().catch(0),
    }),
  ),
});

const usualWatchS = 2;
const heading = ['ID', 'STATE', 'ADDRESS', 'VERSION', 'STARTED', 'HEARD OF', 'CONTROLLERS', 'SESSIONS', 'RUNNING'];
const colours: Readonly<Partial<Record<string, Colour>>> = { alive: 'green', draining: 'yellow', dead: 'red' };

export const replicasCommand = (context: Context): Command =>
  command('replicas', 'Show the replicas of Igor, and what each holds')
    .option('--watch [seconds]', `again and again, until Ctrl-C (${usualWatchS})`)
    .action(async ({ watch }: { readonly watch?: string | true }) => {
      const { screen, world } = context;
      if (watch === undefined) return overSession(context, async (session) => show(context, session));
      if (context.globals().json) throw new Fault('invalid-input', '--watch: not with --json');
      const seconds = watch === true ? usualWatchS : Math.max(1, secondsOf('--watch', watch) ?? usualWatchS);
      await overSession(context, async (session) => {
        let code = 0;
        while (!world.signal.aborted) {
          code = await show(context, session, () => {
            // Once all is there, so that nothing flickers.
            world.stdout.write(screen.isTerminal ? '\u001b[H\u001b[2J' : '\n');
            screen.line(new Date(world.now()).toISOString());
          });
          await pause(seconds * 1000, world.signal);
        }
        return code;
      });
    });

const show = async (context: Context, session: Session, before: () => void = () => undefined): Promise<number> => {
  const { screen } = context;
  const answer = await session.ask({ method: 'get', path: '/v1/replicas' });
  if ('failure' in answer) return fail(context, answer.failure);
  const { data } = body.safeParse(answer.body);
  if (data === undefined) return fail(context, notUnderstood());
  before();
  if (context.globals().json) screen.json(answer.body);
  else screen.table([heading, ...data.replicas.map(rowOf)]);
  return 0;
};

const rowOf = (one: z.output<typeof body>['replicas'][number]): readonly Cell[] => {
  const colour = colours[one.state];
  return [
    one.id,
    colour === undefined ? one.state : { text: one.state, colour },
    one.address ?? '-',
    one.version,
    one.started_at,
    one.heartbeat_at ?? 'has ended',
    String(one.leases),
    String(one.sessions),
    String(one.running),
  ];
};
