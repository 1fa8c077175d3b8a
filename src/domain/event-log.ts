import { createHash } from 'node:crypto';
import { z } from 'zod';
import { link } from './link.ts';

/** The logs that a machine may have. */
export const logNames = ['sel'] as const;

/** `critical`: act now; `warning`: act soon, or look; `info`: nothing to do. */
export const logSeverities = ['info', 'warning', 'critical'] as const;
export type LogSeverity = (typeof logSeverities)[number];

/** An entry, decoded as far as tables tell, and as it is. */
export const logEntry = z
  .object({
    id: z.string().describe("The controller's own number, hexadecimal; it may be given anew after a clear"),
    kind: z.enum(['event', 'oem']).describe("oem: of the maker's own making, so that only `raw` tells what it means"),
    at: z.iso.datetime().nullable().describe('Null: its clock was not set, or the entry has no time'),
    since_boot_seconds: z.int().nullable().describe('For an entry from before the clock was set: since the start'),
    severity: z.enum(logSeverities),
    summary: z.string().describe('What happened, in a sentence'),
    event: z.string().describe('The same, without what it happened to'),
    hint: z.string().nullable().describe('What to do about it'),
    direction: z.enum(['asserted', 'deasserted']).nullable().describe('deasserted: what was so is no longer'),
    sensor: z
      .object({ number: z.int(), name: z.string().nullable(), type: z.string() })
      .nullable()
      .describe('What it happened to; the name as far as the controller describes the sensor'),
    reading: z.number().nullable().describe('What triggered it, in `unit`'),
    limit: z.number().nullable().describe('What was crossed, in `unit`'),
    unit: z.string().nullable(),
    manufacturer_id: z.int().nullable().describe('Of an oem entry: the IANA number of the maker'),
    raw: z.string().describe('The 16 bytes, in hexadecimal'),
  })
  .meta({ id: 'LogEntry' });
export type LogEntry = z.output<typeof logEntry>;

/** The clock that the entries' times are of. */
export const logClock = z.object({
  time: z.iso.datetime().nullable().describe('Null: it was not set since the controller started'),
  since_boot_seconds: z.int().nullable().describe('What the clock tells while it is not set'),
  drift_seconds: z.int().nullable().describe('How far it is ahead of ours; below 0: behind'),
  utc_offset_minutes: z
    .int()
    .nullable()
    .describe('From UTC to its time, as it says; null: it does not, and UTC is taken'),
});
export type LogClock = z.output<typeof logClock>;

/** What a log is like, without its entries. */
export const logState = z.object({
  entries: z.int(),
  free_bytes: z.int().describe('65535: as much or more'),
  overflow: z.boolean().describe('Events were dropped for want of room'),
  last_added_at: z.iso.datetime().nullable(),
  last_erased_at: z.iso.datetime().nullable(),
  version: z.string(),
  supports: z.array(z.enum(['allocation-info', 'reserve', 'partial-add', 'delete'])),
  clock: logClock,
});
export type LogState = z.output<typeof logState>;

/** As much as tells one state of a log from another: changes whenever an entry comes or goes. */
export type LogMark = string;

/** The mark as an ETag can carry it: below 10^9. */
export const logRevision = (mark: LogMark): number =>
  createHash('sha256').update(mark).digest().readUInt32BE(0) % 1_000_000_000;

/** Everything in a log, oldest first. */
export interface LogContent {
  readonly mark: LogMark;
  readonly entries: readonly LogEntry[];
}

/** What was in a log when it was cleared. */
export interface LogArchive {
  readonly id: string;
  readonly log: (typeof logNames)[number];
  /** The act that cleared it. */
  readonly actId: string;
  /** `unknown`: the clear was sent, or was about to be, and its end was not seen. */
  readonly outcome: 'cleared' | 'unknown';
  readonly entries: number;
  readonly createdAt: Date;
}

/** An archive on the wire, without what is in it. */
export const logArchiveBody = z
  .object({
    id: z.uuid(),
    log: z.enum(logNames),
    operation_id: z.uuid().describe('The clear that it was written for'),
    outcome: z
      .enum(['cleared', 'unknown'])
      .describe('unknown: whether the log was cleared has not been seen; what is in the archive was in the log'),
    entries: z.int(),
    created_at: z.iso.datetime(),
    links: z.array(link),
  })
  .meta({ id: 'LogArchive' });

export const logArchiveToWire = (archive: LogArchive, self: string): z.input<typeof logArchiveBody> => ({
  id: archive.id,
  log: archive.log,
  operation_id: archive.actId,
  outcome: archive.outcome,
  entries: archive.entries,
  created_at: archive.createdAt.toISOString(),
  links: [{ rel: 'self', href: self }],
});
