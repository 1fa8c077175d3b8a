import type { Command } from 'commander';
import { z } from 'zod';
import { aimed, type Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachController } from './controllers.ts';
import type { Cell } from './screen.ts';

const table = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      ours: z.boolean().catch(false),
      purpose: z.string().nullable().catch(null),
      user_id: z.number().catch(0),
      user_name: z.string().nullable().catch(null),
      privilege: z.string().nullable().catch(null),
      address: z.string().nullable().catch(null),
    }),
  ),
  slots: z.number().catch(0),
});

export const sessionsCommand = (context: Context): Command => {
  const sessions = aimed(command('sessions', 'Show the logins at the controllers of machines, and end one')).action(
    async ({ hosts }: Aimed) =>
      eachController(context, hosts, {
        schema: table,
        question: (target) => ({ method: 'get', path: pathOf(target) }),
        table: (outcomes) => {
          const rows = outcomes.flatMap((outcome) =>
            'result' in outcome ? rowsOf(outcome.host.name, outcome.result) : [],
          );
          if (rows.length > 0) context.screen.table([heading, ...rows]);
        },
      }),
  );
  return sessions.addCommand(
    command('close', 'End one login, whoever has it')
      .argument('<id>', 'as the list tells it')
      .action(async (id: string) =>
        eachController(context, sessions.opts<Aimed>().hosts, {
          schema: z.unknown(),
          question: (target) => ({ method: 'delete', path: `${pathOf(target)}/${encodeURIComponent(id)}` }),
          line: (name) => `${name}: closed`,
        }),
      ),
  );
};

const pathOf = (controller: string): string => `/v1/controllers/${encodeURIComponent(controller)}/sessions`;

const heading = ['NAME', 'ID', 'WHOSE', 'USER', 'PRIVILEGE', 'FROM', 'OF SLOTS'];

const rowsOf = (name: string, { sessions, slots }: z.output<typeof table>): readonly (readonly Cell[])[] =>
  sessions.map((one) => [
    name,
    one.id,
    one.ours ? { text: `ours${one.purpose === null ? '' : `, ${one.purpose}`}`, colour: 'green' } : 'foreign',
    one.user_name ?? `user ${one.user_id}`,
    one.privilege ?? '-',
    one.address ?? '-',
    String(slots),
  ]);
