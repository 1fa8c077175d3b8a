/** The IPMI message that both session formats carry (IPMI 2.0 §13.8). */
export interface Request {
  readonly netfn: number;
  readonly code: number;
  readonly lun: number;
  /** The requester's own address. */
  readonly requester: number;
  /** Six bits; the same for a retransmission. */
  readonly sequence: number;
  readonly data: Buffer;
}

const bmcAddress = 0x20;

const shortest = 7;

/** Null when it is too short, no request, not for the BMC itself, or one of its checksums does not fit. */
export const decodeRequest = (message: Buffer): Request | null => {
  if (message.length < shortest || message[0] !== bmcAddress || !isIntact(message)) return null;
  const netfn = message.readUInt8(1) >> 2;
  if ((netfn & 1) !== 0) return null;
  return {
    netfn,
    code: message.readUInt8(5),
    lun: message.readUInt8(1) & 0x03,
    requester: message.readUInt8(3),
    sequence: message.readUInt8(4) >> 2,
    data: message.subarray(6, -1),
  };
};

export const encodeRequest = ({ netfn, code, lun, requester, sequence, data }: Request): Buffer =>
  framed([bmcAddress, (netfn << 2) | lun], [requester, sequence << 2, code], data);

/** The response to a request, with its completion code. */
export const encodeResponse = (
  { netfn, code, lun, requester, sequence }: Request,
  completion: number,
  data: Buffer,
): Buffer => framed([requester, ((netfn | 1) << 2) | lun], [bmcAddress, sequence << 2, code, completion], data);

export interface Response {
  readonly netfn: number;
  readonly code: number;
  readonly sequence: number;
  readonly completion: number;
  readonly data: Buffer;
}

/** Null when it is too short or one of its checksums does not fit. */
export const decodeResponse = (message: Buffer): Response | null => {
  if (message.length < shortest + 1 || !isIntact(message)) return null;
  return {
    netfn: message.readUInt8(1) >> 2,
    code: message.readUInt8(5),
    sequence: message.readUInt8(4) >> 2,
    completion: message.readUInt8(6),
    data: message.subarray(7, -1),
  };
};

/** Either part is followed by its checksum. */
const framed = (head: readonly number[], body: readonly number[], data: Buffer): Buffer => {
  const message = Buffer.alloc(4 + body.length + data.length);
  message.set(head);
  message[2] = checksum(message.subarray(0, 2));
  message.set(body, 3);
  message.set(data, 3 + body.length);
  message[message.length - 1] = checksum(message.subarray(3, -1));
  return message;
};

const isIntact = (message: Buffer): boolean => sum(message.subarray(0, 3)) === 0 && sum(message.subarray(3)) === 0;

const sum = (bytes: Buffer): number => {
  let total = 0;
  for (const byte of bytes) total += byte;
  return total & 0xff;
};

const checksum = (bytes: Buffer): number => (0x100 - sum(bytes)) & 0xff;
