import type { LogEntry } from '../../domain/event-log.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import { observedNow } from '../../domain/observed.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { entryOf, idOf, type Reading } from './event-log-decode.ts';
import * as sel from './event-log-messages.ts';
import { snapshots } from './event-log-read.ts';
import { lookupOf } from './event-log-sensors.ts';
import { markOf, stateOf } from './event-log-state.ts';
import { clockOf, secondsFor } from './event-log-time.ts';
import type { Ipmi } from './link.ts';
import { sdrRepository } from './sdr-repository.ts';

const mostAttempts = 4;
const erasurePollMs = 250;
const mostErasureMs = 30_000;

/** The System Event Log (IPMI 2.0 §31). */
export const eventLog = (ipmi: Ipmi): EventLog => {
  const snapshot = snapshots(ipmi);
  const sensors = lookupOf(sdrRepository(ipmi));
  const reading = async (call: CallOptions): Promise<Reading> => ({
    clock: { offset: await sel.getOffset(ipmi, call) },
    sensors: await sensors(call),
  });
  /** The id as a number, and the record, which has to be there. */
  const found = async (id: LogEntry['id'], call: CallOptions): Promise<sel.Found> => {
    const number = Number.parseInt(id, 16);
    // The two ends of the range stand for the first and the last record.
    const isPlace = number === sel.firstRecord || number === sel.lastRecord;
    const record = isPlace ? null : await sel.selRecord(ipmi, number, call);
    if (record === null) throw new Fault('not-found', `the event log has no entry ${idOf(number)}`);
    return record;
  };
  /** What tells whether anything has come or gone. */
  const marked = async (call: CallOptions): Promise<{ readonly info: sel.SelInfo; readonly mark: string }> => {
    const info = await sel.selInfo(ipmi, call);
    const last = info.entries === 0 ? null : await sel.selRecord(ipmi, sel.lastRecord, call);
    return { info, mark: markOf(info, last?.record ?? null) };
  };
  const clock: EventLog['clock'] = async (call) => {
    const offset = await sel.getOffset(ipmi, call);
    const seconds = await sel.getTime(ipmi, call);
    return observedNow(clockOf(seconds, { offset }, new Date()));
  };

  return {
    async state(call) {
      const { info, mark } = await marked(call);
      const seen = (await clock(call)).value;
      return observedNow({ ...stateOf(info, seen), mark });
    },
    async read(call) {
      const { info, records } = await snapshot(call);
      const how = records.length === 0 ? null : await reading(call);
      const entries = how === null ? [] : records.map((record) => entryOf(record, how));
      return observedNow({ mark: markOf(info, records.at(-1) ?? null), entries });
    },
    async entry(id, call) {
      const { record } = await found(id, call);
      return observedNow(entryOf(record, await reading(call)));
    },
    async remove(id, call) {
      const how = await reading(call);
      const { id: number, record } = await found(id, call);
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const reservation = await sel.reserve(ipmi, call);
        // Under the reservation the id cannot come to mean another entry.
        if (!(await found(id, call)).record.equals(record))
          throw new Fault('precondition-failed', `entry ${idOf(number)} has become another one`);
        const answer = await sel.deleteRecord(ipmi, reservation, number, call);
        if (answer.completion === sel.reservationGone) continue;
        sel.accepted(answer, 'Delete SEL Entry');
        return entryOf(record, how);
      }
      throw sel.busy('the event log changes faster than an entry can be deleted');
    },
    async clear(keep, call) {
      const { info, records } = await snapshot(call);
      const how = await reading(call);
      const mark = markOf(info, records.at(-1) ?? null);
      await keep({ mark, entries: records.map((record) => entryOf(record, how)) });
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        // Nothing has come or gone until here, and whatever comes or goes from here on takes the reservation away.
        const reservation = await sel.reserve(ipmi, call);
        if ((await marked(call)).mark !== mark)
          throw new Fault('precondition-failed', 'something was added to the event log, or deleted from it, meanwhile');
        const answer = await sel.beginErasure(ipmi, reservation, call);
        if (answer.completion === sel.reservationGone) continue;
        sel.accepted(answer, 'Clear SEL');
        await erased(ipmi, call);
        return;
      }
      throw sel.busy('somebody else keeps reserving the event log');
    },
    clock,
    async setClock({ time, offset }, call) {
      const known = offset === undefined ? await sel.getOffset(ipmi, call) : offset;
      const seconds = secondsFor(time, { offset: known });
      if (seconds === null) throw new Fault('invalid-input', 'time: IPMI has times from 1987 to 2106');
      if (offset === undefined) return sel.setTime(ipmi, seconds, call);
      await sel.setOffset(ipmi, offset, call);
      await sel.setTime(ipmi, seconds, call).catch((cause: unknown) => {
        throw new Fault('outcome-unknown', `the offset was set, and the time was not: ${asFault(cause).detail}`, {
          cause,
        });
      });
    },
  };
};

/** Begun, it cannot be taken back: that its end is not seen says nothing against it. */
const erased = async (ipmi: Ipmi, call: CallOptions): Promise<void> => {
  for (let waited = 0; waited < mostErasureMs && !call.signal.aborted; waited += erasurePollMs) {
    const isOver = await sel.isErased(ipmi, call).catch((cause: unknown) => {
      throw new Fault('outcome-unknown', 'the controller has begun to erase, and does not answer', { cause });
    });
    if (isOver) return;
    await sel.pause(erasurePollMs, call);
  }
  throw new Fault('outcome-unknown', 'the controller has begun to erase, and has not come to an end');
};
