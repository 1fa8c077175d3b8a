import type { BootDevice, BootTarget } from '../../domain/boot.ts';
import { Fault } from '../../domain/fault.ts';
import type { Boot, CallOptions } from '../../ports/controller.ts';
import { askOption, optionIn, optionSet, parameters, setOption } from './boot-options.ts';
import type { Ipmi } from './link.ts';
import type { Answer } from './message.ts';

/** Device selectors of the boot flags (IPMI 2.0 table 28-14, parameter 5, data 2, bits 5 to 2). */
const selectors = {
  none: 0,
  pxe: 1,
  disk: 2,
  'safe-mode': 3,
  diagnostic: 4,
  cdrom: 5,
  bios: 6,
  'remote-removable': 7,
  'remote-cdrom': 8,
  'remote-media': 9,
  'remote-disk': 11,
  removable: 15,
} as const satisfies Readonly<Record<Exclude<BootTarget, 'uefi-http'>, number>>;

/** The way back. */
const targets: ReadonlyMap<number, BootTarget> = new Map(
  Object.entries(selectors).map(([target, selector]) => [selector, target as BootTarget]), // its keys are targets
);

/** What the boot flags hold, bit by bit. */
export interface BootFlags {
  readonly valid: boolean;
  readonly persistent: boolean;
  readonly efi: boolean;
  readonly selector: number;
}

export const boot = (ipmi: Ipmi): Boot => {
  const flags = async (call: CallOptions): Promise<BootFlags> =>
    bootFlagsIn(optionIn(await askOption(ipmi, parameters.flags, 0, call), parameters.flags).data);

  return {
    get: async (call) => deviceOf(await flags(call)),
    async set(device, call) {
      const data = flagsFor(device);
      // Courtesies, which not every BMC has; the flags decide. Whoever handles the boot next is to act on them.
      await setOption(ipmi, [parameters.acknowledge, 0x01, 0x01], call);
      if (device.target !== 'none') await keepValid(ipmi, call);
      optionSet(await setOption(ipmi, [parameters.flags, ...data], call), parameters.flags);
      if (!agrees(await readBack(flags, call), device)) {
        throw new Fault('controller-refused', 'it accepted the boot device and then showed another');
      }
    },
  };
};

/** Of parameter 3: the flags do not lapse when no chassis control follows within 60 s. */
const noTimeOut = 0x08;

/**
 * A BMC forgets the flags a minute after they were set, unless power is acted upon; whoever starts the machine later, by
 * its button or from within, would start it from elsewhere. The other bits of the parameter stay as they are.
 */
const keepValid = async (ipmi: Ipmi, call: CallOptions): Promise<void> => {
  const number = parameters.validBitClearing;
  const now = byteOf(await askOption(ipmi, number, 0, call), number);
  if ((now & noTimeOut) === 0) await setOption(ipmi, [number, now | noTimeOut], call);
};

/** 0, as a BMC has it from the start, where it does not tell. */
const byteOf = (answer: Answer, number: number): number => {
  try {
    return optionIn(answer, number).data[0] ?? 0;
  } catch {
    return 0;
  }
};

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

/**
 * What the selector names, whether or not the valid bit stands: a BMC drops that bit when the setting has been used, or
 * always, or a minute after the setting (see above); Ironic reads it so as well.
 * Faults: `controller-unsupported` for a selector that the specification does not have.
 */
export const deviceOf = ({ selector, efi, persistent }: BootFlags): BootDevice => {
  const target = targets.get(selector);
  if (target === undefined) {
    throw new Fault('controller-unsupported', `the boot device is set to selector ${selector}, which has no name here`);
  }
  return { target, mode: efi ? 'uefi' : 'legacy', once: !persistent };
};

/** From the data of parameter 5. Faults: `controller-garbled`. */
export const bootFlagsIn = (data: Buffer): BootFlags => {
  if (data.length !== 5) throw new Fault('controller-garbled', 'the controller gave no boot flags');
  const first = data.readUInt8(0);
  return {
    valid: (first & 0x80) !== 0,
    persistent: (first & 0x40) !== 0,
    efi: (first & 0x20) !== 0,
    selector: (data.readUInt8(1) >> 2) & 0xf,
  };
};
