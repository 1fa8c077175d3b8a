import type { Command } from 'commander';
import { z } from 'zod';
import { command, fail, overSession, type Context } from './context.ts';
import { notUnderstood } from './failure.ts';

const named = z.object({ id: z.string(), name: z.string() });
const texts = z.array(z.string()).catch([]);
const self = z.object({
  user: named,
  project: named.nullable().catch(null),
  roles: texts,
  scope: z.string().catch('unknown'),
  permissions: texts,
  expires_at: z.string().catch('unknown'),
  grants: z
    .array(
      z.object({
        state: z.string(),
        machine_id: z.string().nullable(),
        tags: texts,
        permissions: texts,
        until: z.string().nullable(),
      }),
    )
    .catch([]),
});

/** What is granted or lent beside, a line each: what, on what, until when. */
const grantLine = ({ state, machine_id, tags, permissions, until }: z.infer<typeof self>['grants'][number]): string =>
  `${permissions.join(', ')} on ${machine_id ?? `tags ${tags.join(', ')}`}${until === null ? '' : ` until ${until}`} (${state})`;

export const whoamiCommand = (context: Context): Command =>
  command('whoami', 'Show who you are to Igor, and what you may do').action(async () =>
    overSession(context, async (session) => {
      const { screen } = context;
      const answer = await session.ask({ method: 'get', path: '/v1/whoami' });
      if ('failure' in answer) return fail(context, answer.failure);
      const { data } = self.safeParse(answer.body);
      if (data === undefined) return fail(context, notUnderstood());
      if (context.globals().json) screen.json(answer.body);
      else
        screen.table([
          ['User', `${data.user.name} (${data.user.id})`],
          ['Project', data.project === null ? 'none' : `${data.project.name} (${data.project.id})`],
          ['Roles', data.roles.join(', ')],
          ['Sees', data.scope],
          ['Until', data.expires_at],
          ...data.permissions.map((permission, index) => [index === 0 ? 'May' : '', permission]),
          ...data.grants.map((grant, index) => [index === 0 ? 'Granted' : '', grantLine(grant)]),
        ]);
      return 0;
    }),
  );
