/** Each text behind its length in bytes, so that no two lists are encoded alike. */
export const framed = (texts: readonly string[]): Buffer => {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  // One buffer for all: whole journals go through here.
  const whole = Buffer.allocUnsafe(lengths.reduce((total, length) => total + length + 4, 0));
  let at = 0;
  for (const [index, text] of texts.entries()) {
    at = whole.writeUInt32BE(lengths[index] ?? 0, at);
    at += whole.write(text, at);
  }
  return whole;
};
