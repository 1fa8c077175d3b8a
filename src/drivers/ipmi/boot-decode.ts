import type { BootParameter } from '../../domain/boot-parameter.ts';
import { bootFlagsIn, deviceOf } from './boot.ts';
import { parameters } from './boot-options.ts';
import { isSet } from './status.ts';

type Decoded = NonNullable<BootParameter['decoded']>;

/** What the data of a parameter mean (IPMI 2.0 table 28-14); null where nothing says so, or fewer bytes came than belong there. */
export const decodedOf = (number: number, data: Buffer): Decoded | null => {
  const decode = decoders.get(number);
  if (decode === undefined || data.length < decode.bytes) return null;
  return decode.read(data);
};

interface Decoder {
  readonly bytes: number;
  readonly read: (data: Buffer) => Decoded;
}

const progress = ['complete', 'in-progress', 'commit', null] as const;
const verbosities = ['default', 'quiet', 'verbose', null] as const;
const redirections = ['as-set-up', 'suppressed', 'enabled', null] as const;
const handlers = ['firmware', 'os_loader', 'service_partition', 'system_software', 'vendor'] as const;

const flags = (data: Buffer): Decoded => {
  const [devices, keys, instance] = [data.readUInt8(1), data.readUInt8(2), data.readUInt8(4)];
  const { valid, persistent, efi, selector } = bootFlagsIn(data.subarray(0, 5));
  return {
    valid,
    persistent,
    mode: efi ? 'uefi' : 'legacy',
    target: targetOf(selector),
    clear_cmos: isSet(devices, 7),
    lock_keyboard: isSet(devices, 6),
    screen_blank: isSet(devices, 1),
    lock_reset_button: isSet(devices, 0),
    lock_power_button: isSet(keys, 7),
    verbosity: verbosities[(keys >> 5) & 0b11] ?? null,
    progress_events: isSet(keys, 4),
    bypass_password: isSet(keys, 3),
    lock_sleep_button: isSet(keys, 2),
    console_redirection: redirections[keys & 0b11] ?? null,
    shared_mode: isSet(data.readUInt8(3), 3),
    instance: instance & 0x1f,
  };
};

const targetOf = (selector: number): string | null => {
  try {
    return deviceOf({ valid: true, persistent: false, efi: false, selector }).target;
  } catch {
    return null;
  }
};

const decoders: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  [parameters.setInProgress, { bytes: 1, read: (data) => ({ state: progress[data.readUInt8(0) & 0b11] ?? null }) }],
  [
    parameters.servicePartition,
    { bytes: 1, read: (data) => ({ partition: data.readUInt8(0) === 0 ? null : data.readUInt8(0) }) },
  ],
  [
    parameters.servicePartitionScan,
    { bytes: 1, read: (data) => ({ scan: isSet(data.readUInt8(0), 1), found: isSet(data.readUInt8(0), 0) }) },
  ],
  [
    parameters.validBitClearing,
    {
      bytes: 1,
      // Each bit says that the flags are kept in that case.
      read: (data) => ({
        keeps_after_power_button: isSet(data.readUInt8(0), 0),
        keeps_after_reset_button: isSet(data.readUInt8(0), 1),
        keeps_after_watchdog: isSet(data.readUInt8(0), 2),
        keeps_after_minute: isSet(data.readUInt8(0), 3),
        keeps_after_event_filter: isSet(data.readUInt8(0), 4),
      }),
    },
  ],
  [
    parameters.acknowledge,
    {
      bytes: 2,
      read: (data) => Object.fromEntries(handlers.map((handler, bit) => [handler, isSet(data.readUInt8(1), bit)])),
    },
  ],
  [parameters.flags, { bytes: 5, read: flags }],
  [
    parameters.initiator,
    {
      bytes: 9,
      read: (data) => ({
        channel: data.readUInt8(0) & 0x0f,
        session: data.readUInt32LE(1),
        at: instantOf(data.readUInt32LE(5)),
      }),
    },
  ],
]);

/** Null: nobody set the time. */
const instantOf = (seconds: number): string | null =>
  seconds === 0 || seconds === 0xffffffff ? null : new Date(seconds * 1000).toISOString();
