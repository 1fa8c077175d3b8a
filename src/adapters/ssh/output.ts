/** What a command printed, up to a bound. */
export interface Output {
  take(chunk: Buffer): void;
  /** Of all that came, kept or not. */
  seen(): number;
  bytes(): Buffer;
}

/** Keeps the first `maxBytes` in one buffer of its own: a list of chunks would keep what each was cut from alive. */
export const output = (maxBytes: number): Output => {
  let kept = Buffer.alloc(Math.min(maxBytes, 4096));
  let length = 0;
  let seen = 0;
  return {
    take(chunk) {
      seen += chunk.length;
      const part = chunk.subarray(0, maxBytes - length);
      if (length + part.length > kept.length) {
        const larger = Buffer.alloc(Math.min(maxBytes, Math.max(length + part.length, kept.length * 2)));
        kept.copy(larger, 0, 0, length);
        kept = larger;
      }
      length += part.copy(kept, length);
    },
    seen: () => seen,
    bytes: () => Buffer.from(kept.subarray(0, length)),
  };
};
