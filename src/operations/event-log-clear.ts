import { z } from 'zod';
import { operation } from '../core/operation.ts';
import {
  logArchiveBody,
  logArchiveToWire,
  logRevision,
  type LogArchive,
  type LogContent,
} from '../domain/event-log.ts';
import { Fault } from '../domain/fault.ts';
import { log, logPath } from './event-log-input.ts';

/**
 * Archives first. The archive is dropped only when it is certain that the log has everything still; when Igor dies in
 * between, it stays, and says that what became of the log is not known.
 */
export const eventLogClear = operation({
  on: 'machine',
  name: 'event-log.clear',
  summary: 'Clear an event log, after all of it has been written into an archive',
  method: 'delete',
  path: '/machines/{machine}/logs/{log}/entries',
  permission: 'oob:event-log:clear',
  effect: 'disrupt',
  needs: ['eventLog'],
  uses: ['logArchives'],
  input: z.strictObject({ log }),
  output: z.object({ archive: logArchiveBody, operation_id: z.uuid() }),
  faults: ['precondition-required'],

  async run({ id, machine, input, device, logArchives, revision, href, signal }) {
    if (revision === null)
      throw new Fault(
        'precondition-required',
        'If-Match has to be the ETag of the log, so that nothing unseen is cleared',
      );
    const kept: LogArchive[] = [];
    const keep = async ({ mark, entries }: LogContent): Promise<void> => {
      if (logRevision(mark) !== revision)
        throw new Fault('precondition-failed', 'entries have come or gone since the log had this ETag');
      kept.push(await logArchives.create({ machineId: machine.id, log: input.log, actId: id, entries }));
    };
    await device.eventLog.clear(keep, { signal }).catch(async (thrown: unknown) => {
      const [archive] = kept;
      if (archive === undefined) throw thrown;
      if (!(thrown instanceof Fault) || thrown.code === 'internal') throw thrown;
      if (thrown.code === 'outcome-unknown') {
        const detail = `${thrown.detail}; what was in the log is in its archive ${archive.id}`;
        throw new Fault('outcome-unknown', detail, { cause: thrown });
      }
      // One that cannot be dropped says that the outcome is unknown, which harms nobody.
      await logArchives.drop(archive.id).catch(() => undefined);
      throw thrown;
    });
    const [archive] = kept;
    if (archive === undefined) throw new Error('a log was cleared that was not archived');
    const isSettled = await logArchives.settle(archive.id).then(
      () => true,
      () => false, // the log is cleared all the same
    );
    const self = href(logPath(machine.id, input.log, `/archives/${archive.id}`));
    const outcome = isSettled ? 'cleared' : 'unknown';
    return { archive: logArchiveToWire({ ...archive, outcome }, self), operation_id: id };
  },
});
