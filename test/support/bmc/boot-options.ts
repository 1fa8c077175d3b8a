/**
 * A parameter of the system boot options, kept bit for bit as it was set (IPMI 2.0 table 28-14). The boot flags are
 * parameter 5: bit 7 of its first byte is "valid", bit 6 "persistent", bit 5 "EFI".
 */
interface BootParameter {
  readonly data: Buffer;
  /** Marked invalid or locked by who set it. */
  readonly invalid: boolean;
}

type BootChange = 'done' | 'unsupported' | 'in-progress' | 'too-long';

export interface BootOptions {
  /** Undefined for a parameter that is not supported. */
  get(parameter: number): BootParameter | undefined;
  /** Without data, only the mark changes. */
  set(parameter: number, data: Buffer, invalid: boolean): BootChange;
}

const setInProgress = 0;
/** Bytes of parameters 0 to 5. */
const lengths = [1, 1, 1, 1, 2, 5] as const;

export const bootOptions = (): BootOptions => {
  const parameters: BootParameter[] = lengths.map((length) => ({ data: Buffer.alloc(length), invalid: false }));
  return {
    get: (parameter) => parameters[parameter],
    set(parameter, data, invalid) {
      const old = parameters[parameter];
      if (old === undefined) return 'unsupported';
      if (data.length > old.data.length) return 'too-long';
      if (parameter === setInProgress && data[0] === 1 && old.data[0] === 1) return 'in-progress';
      const kept = Buffer.from(old.data);
      data.copy(kept);
      parameters[parameter] = { data: kept, invalid };
      return 'done';
    },
  };
};
