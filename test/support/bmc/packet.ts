import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { rmcpHeader } from './rmcp.ts';
import type { Suite } from './suites.ts';

/** Payload types of RMCP+ (IPMI 2.0 table 13-16). */
export const payloadTypes = {
  ipmi: 0x00,
  openSessionRequest: 0x10,
  openSessionResponse: 0x11,
  rakp1: 0x12,
  rakp2: 0x13,
  rakp3: 0x14,
  rakp4: 0x15,
} as const;

/** What protects the packets of a session. */
export interface Keys {
  readonly suite: Suite;
  /** K1: authenticates. */
  readonly integrity: Buffer;
  /** The first 16 bytes of K2: encrypts. */
  readonly confidentiality: Buffer;
}

/** An RMCP+ packet as it came; its payload is still encrypted if it says so. */
export interface Packet {
  readonly payloadType: number;
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  readonly sessionId: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

const payloadAt = 16;
const authTypePlus = 0x06;
const authTypeNone = 0x00;
const blockBytes = 16;

/** Whether the datagram has the RMCP+ session format; the other is that of IPMI 1.5. */
export const isPlus = (datagram: Buffer): boolean => datagram[4] === authTypePlus;

/** Null when the lengths do not fit. */
export const decodePlus = (datagram: Buffer): Packet | null => {
  if (datagram.length < payloadAt) return null;
  const end = payloadAt + datagram.readUInt16LE(14);
  if (end > datagram.length) return null;
  const type = datagram.readUInt8(5);
  return {
    payloadType: type & 0x3f,
    encrypted: (type & 0x80) !== 0,
    authenticated: (type & 0x40) !== 0,
    sessionId: datagram.readUInt32LE(6),
    sequence: datagram.readUInt32LE(10),
    payload: datagram.subarray(payloadAt, end),
  };
};

/** A packet outside any session. */
export const encodePlain = (payloadType: number, payload: Buffer): Buffer =>
  Buffer.concat([header(payloadType, 0, 0, payload.length), payload]);

/** The decrypted payload of a session's packet; null unless it is authentic and well padded (IPMI 2.0 §13.28.4, §13.29). */
export const unseal = (datagram: Buffer, packet: Packet, keys: Keys): Buffer | null => {
  if (!packet.encrypted || !packet.authenticated) return null;
  const signedEnd = datagram.length - keys.suite.macBytes;
  const padEnd = signedEnd - 2;
  const padStart = payloadAt + packet.payload.length;
  if (padEnd < padStart || padEnd - padStart !== datagram[padEnd]) return null;
  if (!mac(keys, datagram.subarray(4, signedEnd)).equals(datagram.subarray(signedEnd))) return null;
  return decrypt(packet.payload, keys);
};

/** A session's packet: encrypted, authenticated. */
export const seal = (payloadType: number, sessionId: number, sequence: number, message: Buffer, keys: Keys): Buffer => {
  const payload = encrypt(message, keys);
  // From the authentication type up to the next-header byte, it is a multiple of four.
  const pad = -(payloadAt - 4 + payload.length + 2) & 3;
  const trailer = Buffer.alloc(pad + 2, 0xff);
  trailer[pad] = pad;
  trailer[pad + 1] = 0x07;
  const signed = Buffer.concat([header(payloadType | 0xc0, sessionId, sequence, payload.length), payload, trailer]);
  return Buffer.concat([signed, mac(keys, signed.subarray(4))]);
};

/** The IPMI message of an IPMI 1.5 packet outside any session; null when it is anything else. */
export const decodeLegacy = (datagram: Buffer): Buffer | null => {
  if (datagram.length < 14 || datagram[4] !== authTypeNone || datagram.readUInt32LE(9) !== 0) return null;
  const end = 14 + datagram.readUInt8(13);
  return end <= datagram.length ? datagram.subarray(14, end) : null;
};

export const encodeLegacy = (message: Buffer): Buffer => {
  const session = Buffer.alloc(10);
  session[9] = message.length;
  return Buffer.concat([rmcpHeader, session, message]);
};

const header = (type: number, sessionId: number, sequence: number, length: number): Buffer => {
  const bytes = Buffer.alloc(payloadAt);
  rmcpHeader.copy(bytes);
  bytes[4] = authTypePlus;
  bytes[5] = type;
  bytes.writeUInt32LE(sessionId, 6);
  bytes.writeUInt32LE(sequence, 10);
  bytes.writeUInt16LE(length, 14);
  return bytes;
};

const mac = (keys: Keys, signed: Buffer): Buffer =>
  createHmac(keys.suite.hash, keys.integrity).update(signed).digest().subarray(0, keys.suite.macBytes);

const encrypt = (message: Buffer, keys: Keys): Buffer => {
  const pad = -(message.length + 1) & (blockBytes - 1);
  const plain = Buffer.alloc(message.length + pad + 1);
  message.copy(plain);
  for (let index = 1; index <= pad; index += 1) plain[message.length + index - 1] = index;
  plain[plain.length - 1] = pad;
  const vector = randomBytes(blockBytes);
  const cipher = createCipheriv('aes-128-cbc', keys.confidentiality, vector).setAutoPadding(false);
  return Buffer.concat([vector, cipher.update(plain), cipher.final()]);
};

const decrypt = (payload: Buffer, keys: Keys): Buffer | null => {
  if (payload.length < 2 * blockBytes || payload.length % blockBytes !== 0) return null;
  const vector = payload.subarray(0, blockBytes);
  const decipher = createDecipheriv('aes-128-cbc', keys.confidentiality, vector).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(payload.subarray(blockBytes)), decipher.final()]);
  const pad = plain.readUInt8(plain.length - 1);
  const end = plain.length - 1 - pad;
  for (let index = 1; index <= pad; index += 1) if (plain[end + index - 1] !== index) return null;
  return plain.subarray(0, end);
};
