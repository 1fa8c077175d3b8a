import { createHash } from 'node:crypto';
import { z } from 'zod';

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
