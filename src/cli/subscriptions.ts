import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { Question } from './client.ts';
import { command, fail, overSession, together, type Context } from './context.ts';
import { notUnderstood } from './failure.ts';
import type { Cell } from './screen.ts';

interface Given {
  readonly url?: string;
  readonly secretFile?: string;
  readonly type?: readonly string[];
  readonly tag?: readonly string[];
  readonly machineId?: readonly string[];
  readonly description?: string;
  readonly enable?: boolean;
  readonly disable?: boolean;
}

const subscription = z.object({
  id: z.string(),
  url: z.string(),
  types: z.array(z.string()).catch([]),
  enabled: z.boolean().catch(true),
  queued: z.number().catch(0),
  dead: z.number().catch(0),
});
const delivery = z.object({
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  state: z.string(),
  attempts: z.number().catch(0),
  last_error: z.string().nullable().catch(null),
  created_at: z.string(),
});

export const subscriptionsCommand = (context: Context): Command => {
  const one = (name: string, text: string): Command => command(name, text).argument('<id>', 'of the subscription');
  return command('subscriptions', 'Have events sent to an address, and see how its receiver fares')
    .addCommand(
      command('list', 'Show where events are sent to').action(async () =>
        asked(context, { method: 'get', path: '/v1/subscriptions', query: { limit: '1000' } }, (body) => {
          const { data } = z.object({ subscriptions: z.array(subscription) }).safeParse(body);
          return data && [subscriptionHeading, ...data.subscriptions.map(subscriptionRow)];
        }),
      ),
    )
    .addCommand(
      one('show', 'Show one').action(async (id: string) => asked(context, { method: 'get', path: pathOf(id) })),
    )
    .addCommand(
      described(command('create', 'Have events sent; without --secret-file a key is made, and shown this once'))
        .requiredOption('--url <url>', 'where each is POSTed to')
        .action(async (given: Given) => {
          const made = given.secretFile === undefined ? `whsec_${randomBytes(32).toString('base64')}` : null;
          const path = '/v1/subscriptions';
          await asked(context, { method: 'post', path, body: bodyOf(given, made) });
          if (made !== null) context.screen.note(`The key that deliveries are signed with: ${made}`);
        }),
    )
    .addCommand(
      described(one('set', 'Change one'))
        .option('--url <url>', 'where each is POSTed to')
        .option('--enable', 'send again')
        .option('--disable', 'send nothing, and forget what waits')
        .action(async (id: string, given: Given) =>
          asked(context, { method: 'patch', path: pathOf(id), body: bodyOf(given) }),
        ),
    )
    .addCommand(
      one('delete', 'Have no more sent').action(async (id: string) =>
        asked(context, { method: 'delete', path: pathOf(id) }, () => []),
      ),
    )
    .addCommand(
      one('deliveries', 'Show what was sent, waits, or was given up')
        .option('--state <state>', 'queued, delivered or dead')
        .action(async (id: string, { state }: { readonly state?: string }) =>
          asked(
            context,
            { method: 'get', path: pathOf(id, '/deliveries'), query: state === undefined ? {} : { state } },
            (body) => {
              const { data } = z.object({ deliveries: z.array(delivery) }).safeParse(body);
              return data && [deliveryHeading, ...data.deliveries.map(deliveryRow)];
            },
          ),
        ),
    )
    .addCommand(
      one('retry', 'Send once more what was given up')
        .argument('<delivery>', 'as deliveries tells it')
        .action(async (id: string, which: string) =>
          asked(context, { method: 'post', path: pathOf(id, `/deliveries/${encodeURIComponent(which)}/retries`) }),
        ),
    )
    .addCommand(
      one('ping', 'Send an event that tells nothing').action(async (id: string) =>
        asked(context, { method: 'post', path: pathOf(id, '/pings') }),
      ),
    );
};

const described = (made: Command): Command =>
  made
    .option('--secret-file <path>', 'a file with the key that deliveries are signed with: whsec_ and Base64')
    .option('--type <type>', 'only these: igor.power.changed, or such as igor.grant.*', together)
    .option('--tag <tag>', 'only what happens to machines that carry it', together)
    .option('--machine-id <id>', 'only what happens to this machine', together)
    .option('--description <text>');

const bodyOf = (
  { url, secretFile, type, tag, machineId, description, enable, disable }: Given,
  made: string | null = null,
): object => ({
  subscription: {
    ...(url !== undefined && { url }),
    ...(made !== null && { secret: made }),
    ...(secretFile !== undefined && { secret: keyIn(secretFile) }),
    ...(type !== undefined && { types: type }),
    ...(tag !== undefined && { tags: tag }),
    ...(machineId !== undefined && { machine_ids: machineId }),
    ...(description !== undefined && { description }),
    ...((enable ?? disable) === true && { enabled: enable === true }),
  },
});

/** A key on the command line would stand in the list of processes. */
const keyIn = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new Fault('invalid-input', `--secret-file: ${path} cannot be read`);
  }
};

const pathOf = (id: string, rest = ''): string => `/v1/subscriptions/${encodeURIComponent(id)}${rest}`;

type Rows = readonly (readonly Cell[])[];

/** Asks once, and shows the answer: as rows where that serves, else as it is. */
const asked = async (
  context: Context,
  question: Question,
  rowsOf?: (body: unknown) => Rows | undefined,
): Promise<void> =>
  overSession(context, async (session) => {
    const { screen } = context;
    const answer = await session.ask(question);
    if ('failure' in answer) return fail(context, answer.failure);
    if (context.globals().json || rowsOf === undefined) {
      screen.json(answer.body);
      return 0;
    }
    const rows = rowsOf(answer.body);
    if (rows === undefined) return fail(context, notUnderstood());
    if (rows.length > 1) screen.table(rows);
    return 0;
  });

const subscriptionHeading = ['ID', 'URL', 'TYPES', 'STATE', 'QUEUED', 'DEAD'];
const subscriptionRow = (one: z.output<typeof subscription>): readonly Cell[] => [
  one.id,
  one.url,
  one.types.length === 0 ? 'all' : one.types.join(' '),
  one.enabled ? 'enabled' : { text: 'disabled', colour: 'yellow' },
  String(one.queued),
  one.dead === 0 ? '0' : { text: String(one.dead), colour: 'red' },
];

const deliveryHeading = ['ID', 'AT', 'TYPE', 'SUBJECT', 'STATE', 'ATTEMPTS', 'WHY'];
const deliveryRow = (one: z.output<typeof delivery>): readonly Cell[] => [
  one.id,
  one.created_at,
  one.type,
  one.subject,
  one.state === 'dead' ? { text: 'dead', colour: 'red' } : one.state,
  String(one.attempts),
  one.last_error ?? '-',
];
