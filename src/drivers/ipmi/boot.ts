import type { BootDevice, BootTarget } from '../../domain/boot.ts';
import { Fault } from '../../domain/fault.ts';
import type { Boot, CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';

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
    bootFlagsIn(done(await ipmi.ask({ ...getOptions, data: [bootFlags, 0, 0] }, call), 'Get System Boot Options', 2));

  return {
    get: async (call) => deviceOf(await flags(call)),
    async set(device, call) {
      const data = flagsFor(device);
      // A courtesy: whoever handles the boot next is to act on the flags. Not every BMC has it, and the flags decide.
      await ipmi.tell({ ...setOptions, data: [bootInfoAcknowledge, 0x01, 0x01] }, call);
      done(await ipmi.tell({ ...setOptions, data: [bootFlags, ...data] }, call), 'Set System Boot Options');
      if (!agrees(await readBack(flags, call), device)) {
        throw new Fault('controller-refused', 'it accepted the boot device and then showed another');
      }
    },
  };
};

/** IPMI 2.0 §28.12, §28.13, and parameters of table 28-14. */
const setOptions = { netfn: 0x00, command: 0x08 } as const;
const getOptions = { netfn: 0x00, command: 0x09 } as const;
const bootInfoAcknowledge = 4;
const bootFlags = 5;

/** A mode or a duration of "no override" says nothing, so none is sent with it. */
const flagsFor = ({ target, mode, once }: BootDevice): readonly number[] => {
  if (target === 'uefi-http') throw new Fault('controller-unsupported', 'IPMI has no boot device for HTTP');
  const says = target !== 'none';
  const first = 0x80 | (says && !once ? 0x40 : 0) | (says && mode === 'uefi' ? 0x20 : 0);
  return [first, selectors[target] << 2, 0, 0, 0];
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

/** From the answer: parameter version, parameter (bit 7: locked), its data. Faults: `controller-garbled`. */
export const bootFlagsIn = (data: Buffer): BootFlags => {
  if (data.length !== 7 || (data.readUInt8(1) & 0x7f) !== bootFlags)
    throw new Fault('controller-garbled', 'the controller gave no boot flags');
  const first = data.readUInt8(2);
  return {
    valid: (first & 0x80) !== 0,
    persistent: (first & 0x40) !== 0,
    efi: (first & 0x20) !== 0,
    selector: (data.readUInt8(3) >> 2) & 0xf,
  };
};
