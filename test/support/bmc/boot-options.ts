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
  /** Undefined for a parameter that is not supported. `block` is of the mailbox alone. */
  get(parameter: number, block?: number): BootParameter | undefined;
  /** Without data, only the mark changes. */
  set(parameter: number, data: Buffer, invalid: boolean): BootChange;
  /** A chassis control came: the time in which the flags lapse begins anew. */
  restartLapse(): void;
}

const setInProgress = 0;
const validBitClearing = 3;
const flags = 5;
const mailbox = 7;
/** Bytes of parameters 0 to 6. */
const lengths = [1, 1, 1, 1, 2, 5, 9] as const;
const blocks = 5;
/** With the number of the block before them. */
const blockBytes = 17;

/** `lapseMs`: the time after which the valid bit falls unless parameter 3 keeps it. */
export const bootOptions = (lapseMs: number): BootOptions => {
  const parameters: BootParameter[] = lengths.map((length) => ({ data: Buffer.alloc(length), invalid: false }));
  const letters = Array.from({ length: blocks }, (_, block) => Buffer.concat([Buffer.from([block]), Buffer.alloc(16)]));
  let mailboxInvalid = false;
  let lapsesAt = Infinity;
  const restartLapse = (): void => {
    lapsesAt = performance.now() + lapseMs;
  };

  const setMailbox = (data: Buffer, invalid: boolean): BootChange => {
    if (data.length > blockBytes) return 'too-long';
    const letter = letters[data[0] ?? 0];
    if (letter === undefined) return 'unsupported';
    mailboxInvalid = invalid;
    data.copy(letter);
    return 'done';
  };

  return {
    restartLapse,
    get(parameter, block = 0) {
      const letter = letters[block];
      if (parameter === mailbox) return letter && { data: letter, invalid: mailboxInvalid };
      const kept = parameters[parameter];
      const stays = ((parameters[validBitClearing]?.data.readUInt8(0) ?? 0) & 0x08) !== 0;
      if (kept === undefined || parameter !== flags || stays || performance.now() < lapsesAt) return kept;
      const data = Buffer.from(kept.data);
      data.writeUInt8(data.readUInt8(0) & 0x7f);
      return { ...kept, data };
    },
    set(parameter, data, invalid) {
      if (parameter === mailbox) return setMailbox(data, invalid);
      const old = parameters[parameter];
      if (old === undefined) return 'unsupported';
      if (data.length > old.data.length) return 'too-long';
      if (parameter === setInProgress && data[0] === 1 && old.data[0] === 1) return 'in-progress';
      const kept = Buffer.from(old.data);
      data.copy(kept);
      parameters[parameter] = { data: kept, invalid };
      if (parameter === flags) restartLapse();
      return 'done';
    },
  };
};
