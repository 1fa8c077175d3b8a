/** An IPv4 address as the number that it is; null: none. */
export const ipv4Number = (text: string): number | null => {
  if (!/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text)) return null;
  const bytes = text.split('.').map(Number);
  if (bytes.some((byte) => byte > 255)) return null;
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
};

/** The length of the prefix that a mask stands for; null when its ones do not come first. */
export const prefixOf = (mask: string): number | null => {
  const number = ipv4Number(mask);
  if (number === null) return null;
  const bits = number.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : null;
};

/** Four bytes as they are written. */
export const ipv4Text = (bytes: Uint8Array): string => [...bytes.subarray(0, 4)].join('.');

/** Sixteen bytes as they are written (RFC 5952), which is how a URL has them. */
export const ipv6Text = (bytes: Uint8Array): string => {
  const group = (at: number): string => (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16);
  const groups = Array.from({ length: 8 }, (_, at) => group(at));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
};

/** Six bytes as they are written. */
export const macText = (bytes: Uint8Array): string =>
  [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
