import { z } from 'zod';

/** The boot parameters that have a name, in the order of their numbers. */
export const bootParameterNames = [
  'set-in-progress',
  'service-partition',
  'service-partition-scan',
  'valid-bit-clearing',
  'acknowledge',
  'flags',
  'initiator',
  'mailbox',
] as const;

/** A name, or a number from 0 to 127. */
export const bootParameterId = z
  .string()
  .max(32)
  .regex(/^([a-z-]{1,32}|\d{1,3})$/, `must be a number up to 127, or one of ${bootParameterNames.join(', ')}`);

export const bootParameter = z.object({
  number: z.int().min(0).max(127),
  name: z.enum(bootParameterNames).nullable(),
  locked: z.boolean().describe('Marked as invalid or locked by who set it'),
  block: z.int().nullable().describe('Of the mailbox: which block this is'),
  data: z
    .string()
    .regex(/^([0-9a-f]{2})*$/)
    .describe('Its bytes, as hexadecimal digits'),
  decoded: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).nullable())
    .nullable()
    .describe('What the bytes mean; null where nothing says so'),
});
export type BootParameter = z.infer<typeof bootParameter>;

/** The number that a name or a number stands for; null: none. */
export const bootParameterNumber = (id: string): number | null => {
  const named = (bootParameterNames as readonly string[]).indexOf(id);
  if (named >= 0) return named;
  return /^\d{1,3}$/.test(id) && Number(id) <= 127 ? Number(id) : null;
};
