/**
 * A place in the order of events: the transaction that wrote it, and its number among all. Written `<xid>-<seq>`, it is the id
 * by which a client resumes a stream.
 */
export interface Position {
  readonly xid: bigint;
  readonly seq: bigint;
}

/** Before all. */
export const origin: Position = { xid: 0n, seq: 0n };

export const positionText = ({ xid, seq }: Position): string => `${xid}-${seq}`;

/** No number has more digits than those of 64 bits. */
export const positionPattern = /^(\d{1,20})-(\d{1,19})$/;

/** Null: it is none. */
export const positionOf = (text: string): Position | null => {
  const [, xid, seq] = positionPattern.exec(text) ?? [];
  if (xid === undefined || seq === undefined) return null;
  const read = { xid: BigInt(xid), seq: BigInt(seq) };
  return read.xid < 2n ** 64n && read.seq < 2n ** 63n ? read : null;
};

export const isAfter = (one: Position, other: Position): boolean =>
  one.xid === other.xid ? one.seq > other.seq : one.xid > other.xid;
