import { open } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadKeyring } from '../adapters/keyring.ts';
import { verifyJournal, type Finding, type Verdict } from '../adapters/postgres/audit-verify.ts';
import { sqlOf } from '../adapters/postgres/sql.ts';
import type { Config } from '../config.ts';
import { keyringPath, openDatabase } from '../database.ts';
import { complain, configured, say, sentenceOf } from './say.ts';
import { silent } from './silent.ts';

const usage = `usage: igor audit verify [--head HEX]... [--log FILE] [--json]

Compares the journal with its chain, without the service. Exit codes: 0 it is whole, 1 it is not, 2 not understood, 3 it
could not be looked at.

  --head HEX  the head of the last audit.chained that the log has, kept where nobody who may write the database may:
              only so is it noticed when batches are cut off the end, with all their rows
  --log FILE  the heads of every audit.chained in a log, which also shows that batches were cut off and Igor went on
              from there
  --json      answer with one JSON document`;

/** `igor audit verify`: with the settings of the service, and nothing of it running. */
export const auditWord = async (args: readonly string[]): Promise<number> => {
  const typed = typedIn(args);
  if (typed === null) {
    complain(usage);
    return 2;
  }
  const config = configured({ cloud: false });
  if (config === null) return 2;
  try {
    const knownHeads = new Set([...typed.heads, ...(typed.log === null ? [] : await headsIn(typed.log))]);
    const verdict = await verify(config, knownHeads);
    const lines = typed.json
      ? JSON.stringify(wireOf(verdict, knownHeads.size), null, 2).split('\n')
      : linesOf(verdict, knownHeads.size);
    for (const line of lines) say(legible(line));
    return verdict.faults === 0 ? 0 : 1;
  } catch (error) {
    complain(sentenceOf(error));
    return 3;
  }
};

interface Typed {
  readonly heads: readonly string[];
  readonly log: string | null;
  readonly json: boolean;
}

const typedIn = ([word, ...rest]: readonly string[]): Typed | null => {
  if (word !== 'verify') return null;
  try {
    const options = {
      head: { type: 'string', multiple: true },
      log: { type: 'string' },
      json: { type: 'boolean', default: false },
    } as const;
    const { head = [], log = null, json } = parseArgs({ args: rest, options, strict: true }).values;
    const heads = head.map((one) => one.trim().toLowerCase());
    return heads.every((one) => /^[0-9a-f]{64}$/.test(one)) ? { heads, log, json } : null;
  } catch {
    return null;
  }
};

/** The heads that a log tells of, whatever else stands in its lines. */
const headsIn = async (path: string): Promise<readonly string[]> => {
  const heads: string[] = [];
  const file = await open(path);
  for await (const line of file.readLines()) {
    const head = line.includes('audit.chained') ? /"head":\s*"([0-9a-f]{64})"/.exec(line)?.[1] : undefined;
    if (head !== undefined) heads.push(head);
  }
  if (heads.length === 0) throw new Error(`${path} has no audit.chained with its head`);
  return heads;
};

/** Who may write the database may have put what moves a terminal's cursor where a finding tells of it. */
const legible = (line: string): string => line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}');

const verify = async ({ settings }: Config, knownHeads: ReadonlySet<string>): Promise<Verdict> => {
  const keyring = await loadKeyring(keyringPath(settings));
  const { database, close } = await openDatabase(settings, silent);
  const shown = progressLine();
  try {
    const sql = sqlOf(database);
    const [there] = await sql.rows<{ chain: boolean }>(`SELECT to_regclass('journal_chain') IS NOT NULL AS chain`);
    if (there?.chain !== true) throw new Error("this database has no chain: it is not Igor's, or igor migrate is due");
    return await verifyJournal(sql, keyring, { knownHeads, progress: shown.show });
  } finally {
    shown.end();
    await close();
  }
};

/** One line that is written over, for a person alone. */
const progressLine = (): { show(rows: number, seq: bigint, lastSeq: bigint): void; end(): void } => {
  const { stderr } = process;
  let last = performance.now();
  let wrote = false;
  return {
    show(rows, seq, lastSeq) {
      if (!stderr.isTTY || performance.now() - last < 200 || lastSeq === 0n) return;
      last = performance.now();
      wrote = true;
      stderr.write(`\r${rows} rows, ${(seq * 100n) / lastSeq} %`);
    },
    end() {
      if (wrote) stderr.write('\r\u001b[K');
    },
  };
};

const linesOf = (verdict: Verdict, knownHeads: number): readonly string[] => {
  const { faults, findings, batches, rows, prunedBatches, head, chainedAt, unchained, oldestUnchained } = verdict;
  const more = faults - findings.length;
  return [
    ...findings.map(sentence),
    ...(more > 0 ? [`… and ${more} more`] : []),
    faults === 0
      ? `whole: ${rows} rows in ${batches} batches`
      : `NOT WHOLE: ${faults} findings in ${rows} rows, ${batches} batches`,
    ...(prunedBatches === '0' ? [] : [`rows up to batch ${prunedBatches} were removed by the rule for retention`]),
    ...(head === null ? ['nothing is chained yet'] : [`last batch: ${chainedAt ?? ''}, head ${head}`]),
    ...(unchained === 0
      ? []
      : [`${unchained} rows are not chained yet, from ${oldestUnchained ?? ''} on: nothing proves them`]),
    ...(knownHeads === 0 ? ['without --head it cannot be told whether batches were cut off the end'] : []),
  ];
};

const sentence = ({ kind, batch, fromSequence, toSequence, detail }: Finding): string =>
  batch === null ? `${kind}: ${detail}` : `${kind}: batch ${batch}, rows ${fromSequence} to ${toSequence}: ${detail}`;

const wireOf = (verdict: Verdict, knownHeads: number): object => ({
  whole: verdict.faults === 0,
  known_heads: knownHeads,
  head: verdict.head,
  chained_at: verdict.chainedAt,
  last_sequence: verdict.lastSequence,
  batches: verdict.batches,
  rows: verdict.rows,
  pruned_batches: verdict.prunedBatches,
  unchained: verdict.unchained,
  oldest_unchained: verdict.oldestUnchained,
  faults: verdict.faults,
  findings: verdict.findings.map(({ kind, batch, fromSequence, toSequence, detail }) => ({
    kind,
    batch,
    from_sequence: fromSequence,
    to_sequence: toSequence,
    detail,
  })),
});
