import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done, unknownCommand } from './message.ts';
import { deviceSource, readRecords, repositorySource, type SdrSource } from './sdr-reader.ts';
import { packed, unpacked, type Kept } from './sdr-shelf.ts';

/** The sensor data records of a BMC: sensors, and where other devices are. */
export interface SdrRepository {
  /**
   * Every record, whole and in the order of the BMC. Read once for a firmware and a state of the repository: whether
   * both are still the same takes two questions, and a list of sensors some fifty.
   */
  records(call: CallOptions): Promise<readonly Buffer[]>;
}

const shelfKey = 'ipmi-sdr';
/** A repository that changes while it is read is read again, so often. */
const mostReadings = 3;

export const sdrRepository = (ipmi: Ipmi): SdrRepository => {
  let held: Kept | null = null;

  const keep = async (kept: Kept): Promise<void> => {
    held = kept;
    // It has been read, whether it can be kept or not.
    await ipmi.shelf?.put(shelfKey, packed(kept)).catch(() => undefined);
  };

  const known = async (identity: Buffer): Promise<readonly Buffer[] | null> => {
    if (held?.identity.equals(identity) === true) return held.records;
    const entry = await ipmi.shelf?.get(shelfKey).catch(() => null);
    const kept = entry ? unpacked(entry) : null;
    if (kept?.identity.equals(identity) !== true) return null;
    held = kept;
    return kept.records;
  };

  return {
    async records(call) {
      let standing = await standingOf(ipmi, call);
      const before = await known(standing.identity);
      if (before !== null) return before;
      for (let left = mostReadings; left > 0; left -= 1) {
        const records = await readRecords(ipmi, standing.source, call);
        const after = await standingOf(ipmi, call);
        if (after.identity.equals(standing.identity)) {
          await keep({ identity: after.identity, records });
          return records;
        }
        standing = after;
      }
      throw new Fault('controller-refused', 'its sensor records change faster than they can be read', {
        retryAfter: 5,
      });
    },
  };
};

/** Which records there are, and what changes when they do. */
interface Standing {
  readonly source: SdrSource;
  readonly identity: Buffer;
}

const standingOf = async (ipmi: Ipmi, call: CallOptions): Promise<Standing> => {
  // One after the other: two at once would wait for a BMC that is not there twice.
  const firmware = Buffer.from(done(await ipmi.ask({ netfn: 0x06, command: 0x01 }, call), 'Get Device ID', 11));
  const { netfn, info: command } = repositorySource;
  const repository = await ipmi.ask({ netfn, command }, call);
  // "Initializing" comes and goes with the same firmware (bit 7 of byte 3, §20.1).
  firmware.writeUInt8(firmware.readUInt8(2) & 0x7f, 2);
  const hasRepository = !unknownCommand.has(repository.completion);
  const info = hasRepository ? done(repository, 'Get SDR Repository Info', 13) : Buffer.alloc(13);
  // Without the free space (§33.9): version, number of records, times of the last addition and erasure.
  const identity = Buffer.concat([firmware, info.subarray(0, 3), info.subarray(5, 13)]);
  if (info.readUInt16LE(1) > 0) return { source: repositorySource, identity };
  // A device that keeps its records itself, with the mark that it changes with them (§35.2).
  const own = await ipmi.ask({ netfn: deviceSource.netfn, command: deviceSource.info, data: [0x01] }, call);
  if (hasRepository && own.completion !== 0) return { source: repositorySource, identity };
  const change = done(own, 'Get Device SDR Info', 2);
  return { source: deviceSource, identity: Buffer.concat([firmware, Buffer.from('device'), change]) };
};
