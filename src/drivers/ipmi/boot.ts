import type { BootDevice, BootTarget } from '../../domain/boot.ts';
import { Fault } from '../../domain/fault.ts';
import type { Boot, CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';

/** Device selectors of the boot flags (IPMI 2.0 table 28-14, parameter 5, data 2, bits 5 to 2) that have a target here. */
const selectors = { none: 0, pxe: 1, disk: 2, cdrom: 5, bios: 6 } as const satisfies Partial<
  Record<BootTarget, number>
>;

/** What the boot flags hold, bit by bit. */
export interface BootFlags {
  readonly valid: boolean;
  readonly persistent: boolean;
  readonly efi: boolean;
  readonly selector: number;
}

export const boot = (ipmi: Ipmi): Boot => {
  const flags = async (call: CallOptions): Promise<BootFlags> =>
    parseBootFlags(await ipmi.read(['chassis', 'bootparam', 'get', '5'], call));

  return {
    get: async (call) => deviceOf(await flags(call)),
    async set(device, call) {
      const words = wordsFor(device);
      await ipmi.change(['chassis', 'bootdev', ...words], `Set Boot Device to ${device.target}`, call);
      if (!agrees(await readBack(flags, call), device)) {
        throw new Fault('controller-refused', 'it accepted the boot device and then showed another');
      }
    },
  };
};

/** A mode or a duration of "no override" says nothing, so none is sent with it. */
const wordsFor = ({ target, mode, once }: BootDevice): readonly string[] => {
  if (target === 'uefi-http') throw new Fault('controller-unsupported', 'IPMI has no boot device for HTTP');
  const options = target === 'none' ? [] : [...(once ? [] : ['persistent']), ...(mode === 'uefi' ? ['efiboot'] : [])];
  return options.length === 0 ? [target] : [target, `options=${options.join(',')}`];
};

/** The device was accepted by then: what goes wrong now leaves open what holds. */
const readBack = async (flags: (call: CallOptions) => Promise<BootFlags>, call: CallOptions): Promise<BootFlags> => {
  try {
    return await flags(call);
  } catch (error) {
    throw new Fault('outcome-unknown', 'the boot device was accepted, and could not be read back', { cause: error });
  }
};

/** Duration and mode count only where the BMC keeps the valid bit; one that drops it (ipmi_sim) drops those as well. */
const agrees = (flags: BootFlags, { target, mode, once }: BootDevice): boolean => {
  if (target === 'uefi-http' || flags.selector !== selectors[target]) return false;
  return target === 'none' || !flags.valid || (flags.persistent === !once && flags.efi === (mode === 'uefi'));
};

/** The way back, with those that name the same kind of device elsewhere: safe mode, and a remote CD or disk. */
const targets: Readonly<Record<number, BootTarget>> = {
  ...{ 0: 'none', 1: 'pxe', 2: 'disk', 5: 'cdrom', 6: 'bios' },
  ...{ 3: 'disk', 8: 'cdrom', 11: 'disk' },
};

/**
 * What the selector names, whether or not the valid bit stands: a BMC drops that bit a minute after the setting unless
 * power is acted upon (parameter 3), when the setting has been used, or always; Ironic reads it so as well.
 * Faults: `controller-unsupported` for a device that has no name here, such as a floppy.
 */
export const deviceOf = ({ selector, efi, persistent }: BootFlags): BootDevice => {
  const target = targets[selector];
  if (target === undefined) {
    throw new Fault('controller-unsupported', `the boot device is set to selector ${selector}, which has no name here`);
  }
  return { target, mode: efi ? 'uefi' : 'legacy', once: !persistent };
};

/** Read from the bytes, not from ipmitool's prose. Faults: `controller-garbled` unless there are five, and once. */
export const parseBootFlags = (said: string): BootFlags => {
  const [data, ...more] = [...said.matchAll(/^Boot parameter data: (.*)\n/gm)].map(([, hex = '']) => hex);
  const heads = said.match(/^Boot parameter 5 is (valid\/unlocked|invalid\/locked)\n/gm) ?? [];
  if (data === undefined || more.length > 0 || heads.length !== 1 || !/^[0-9a-f]{10}$/.test(data)) {
    throw new Fault('controller-garbled', 'ipmitool gave no boot flags');
  }
  const bytes = Buffer.from(data, 'hex');
  const first = bytes.readUInt8(0);
  return {
    valid: (first & 0x80) !== 0,
    persistent: (first & 0x40) !== 0,
    efi: (first & 0x20) !== 0,
    selector: (bytes.readUInt8(1) >> 2) & 0xf,
  };
};
