import { open, rename, rm } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { eachItem } from './audit-pages.ts';
import { command, fail, overSession, type Context } from './context.ts';
import type { Failure } from './failure.ts';
import { printable, type Cell } from './screen.ts';

interface Filters {
  readonly machine?: string;
  readonly userId?: string;
  readonly operation?: string;
  readonly kind?: string;
  readonly since?: string;
}
interface ListOptions extends Filters {
  readonly limit: string;
}
interface ExportOptions extends Filters {
  readonly format: 'cadf' | 'json';
  readonly out?: string;
}

export const auditCommand = (context: Context): Command =>
  command('audit', 'Read the journal: who did what, by what right, and what became of it')
    .addCommand(listCommand(context))
    .addCommand(exportCommand(context))
    .addCommand(command('verify', 'Hold the journal to its chain: for who runs the service, with its settings'));

const filtered = (made: Command): Command =>
  made
    .option('--machine <machine>', 'of this machine, by its id or its name')
    .option('--user-id <id>', 'of what this user did')
    .option('--operation <name>', 'such as power.set')
    .option('--kind <kind>', 'intent, outcome, denied or missed')
    .option('--since <time>', 'recorded then or later, such as 2026-11-20T10:00:00Z');

const listCommand = (context: Context): Command =>
  filtered(command('list', 'Show the last records, the newest first'))
    .option('--limit <count>', 'how many at most', '50')
    .action(async ({ limit, ...filters }: ListOptions) => {
      const most = Number(limit);
      if (!Number.isInteger(most) || most < 1) throw new Fault('invalid-input', '--limit: must be a whole number');
      await overSession(context, async (session) => {
        const { screen } = context;
        const found: object[] = [];
        const failure = await eachItem(
          session,
          { path: '/v1/audit-records', query: queryOf(filters), most },
          async (one) => {
            found.push(one);
          },
        );
        if (failure !== null) return fail(context, failure);
        if (context.globals().json) screen.json({ audit_records: found });
        else if (found.length > 0) screen.table([heading, ...found.map((one) => rowOf(record.parse(one)))]);
        return 0;
      });
    });

const exportCommand = (context: Context): Command =>
  filtered(command('export', 'Write all records, the oldest first: a line of JSON each'))
    .addOption(
      new Option('--format <format>', 'CADF events, or records as they are').choices(['cadf', 'json']).default('cadf'),
    )
    .option('--out <file>', 'into this file, which is there when it is whole; else to standard output')
    .action(async ({ format, out, ...filters }: ExportOptions) =>
      overSession(context, async (session) => {
        const path = format === 'cadf' ? '/v1/audit-events' : '/v1/audit-records';
        const pages = { path, query: { ...queryOf(filters), sort: 'at:asc' }, most: null } as const;
        const failure = await into(context, out, async (line) =>
          eachItem(session, pages, async (one) => line(printable(JSON.stringify(one)))),
        );
        return failure === null ? 0 : fail(context, failure);
      }),
    );

/** Lines to where they belong. What a file lacks because of a failure is not left as if it were whole. */
const into = async (
  { screen }: Context,
  out: string | undefined,
  write: (line: (text: string) => Promise<void>) => Promise<Failure | null>,
): Promise<Failure | null> => {
  if (out === undefined)
    return write(async (line) => {
      screen.line(line);
    });
  const draft = `${out}.part`;
  const file = await open(draft, 'w', 0o600);
  try {
    const failure = await write(async (line) => {
      await file.writeFile(`${line}
`);
    });
    await file.sync();
    if (failure === null) await rename(draft, out);
    return failure;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
};

const queryOf = ({ machine, userId, operation, kind, since }: Filters): Readonly<Record<string, string>> => ({
  ...(machine !== undefined && { machine }),
  ...(userId !== undefined && { user_id: userId }),
  ...(operation !== undefined && { operation }),
  ...(kind !== undefined && { kind }),
  ...(since !== undefined && { since }),
});

const text = z.string().nullable().catch(null);
/** A record, as far as this program reads it. */
const record = z.looseObject({
  at: z.string().catch(''),
  kind: z.string().catch(''),
  operation: z.string().catch(''),
  outcome: text,
  code: text,
  address: text.default(null),
  decided_by: text.default(null),
  user: z.object({ name: z.string() }).catch({ name: '' }),
  project: z.object({ name: z.string() }).nullable().catch(null),
  target: z.object({ name: text, id: text }).catch({ name: null, id: null }),
});

const heading = ['AT', 'USER', 'PROJECT', 'OPERATION', 'TARGET', 'WHAT', 'CODE', 'FROM', 'BY'];

const rowOf = (row: z.output<typeof record>): readonly Cell[] => {
  const { at, kind, operation, outcome, code, address, decided_by: by, user, project, target } = row;
  const what = kind === 'outcome' ? (outcome ?? kind) : kind;
  const isBad = what === 'failed' || what === 'unknown' || what === 'denied' || what === 'missed';
  return [
    at,
    user.name,
    project?.name ?? '',
    operation,
    target.name ?? target.id ?? '',
    isBad ? { text: what, colour: 'red' } : what,
    code ?? '',
    address ?? '',
    by ?? '',
  ];
};
