/** How the log behaves; a test sets it as it likes. */
export interface LogNature {
  /** Records that it has room for. */
  capacity: number;
  /** Whether a full log drops its oldest, in place of what comes. */
  isCircular: boolean;
  /** Whether there are reservations. */
  reserves: boolean;
  /** Bytes of a record that one answer has room for. */
  mostBytes: number;
  /** How long an erasure takes. */
  erasureMs: number;
  hasOffset: boolean;
  /** Minutes; null: unspecified. */
  offset: number | null;
}

/** The System Event Log of the BMC, and its clock (IPMI 2.0 §31). */
export interface EventLog {
  readonly nature: LogNature;
  readonly records: readonly Buffer[];
  readonly addedAt: number;
  readonly erasedAt: number;
  readonly overflow: boolean;
  readonly isErasing: boolean;
  /** Bytes 3 to 16 of a record; its number is the log's, and so is its time unless that is told or the type has none. */
  add(record: readonly number[], seconds?: number): number | null;
  /** An event 02h of a sensor: sensor type, number, event type with direction, three bytes of data. */
  event(data: readonly [number, number, number, number, number, number], seconds?: number): number | null;
  remove(id: number): boolean;
  clear(): void;
  reserve(): number;
  /** Whether a reservation still stands. 0 does where there are none. */
  isReserved(reservation: number): boolean;
  readonly seconds: number;
  setSeconds(seconds: number): void;
  /** Called before each record is read, with its number. */
  beforeRead: (id: number) => void;
}

export const unspecifiedTime = 0xffffffff;
const firstTimeless = 0xe0;
const bytesOfRecord = 16;

export const eventLog = (): EventLog => {
  const nature: LogNature = {
    capacity: 512,
    isCircular: false,
    reserves: true,
    mostBytes: bytesOfRecord,
    erasureMs: 0,
    hasOffset: true,
    offset: null,
  };
  let records: Buffer[] = [];
  let nextId = 1;
  let reservation = 0;
  let isReservationGood = false;
  let [addedAt, erasedAt] = [unspecifiedTime, unspecifiedTime];
  let overflow = false;
  let erasingUntil = 0;
  /** Its clock is ours until it is set. */
  let ahead = 0;

  const seconds = (): number => Math.floor(Date.now() / 1000 + ahead);
  const changed = (): void => {
    isReservationGood = false;
  };

  return {
    nature,
    beforeRead: () => undefined,
    get records() {
      return records;
    },
    get addedAt() {
      return addedAt;
    },
    get erasedAt() {
      return erasedAt;
    },
    get overflow() {
      return overflow;
    },
    get isErasing() {
      return performance.now() < erasingUntil;
    },
    get seconds() {
      return seconds();
    },
    setSeconds(wanted) {
      ahead = wanted - Date.now() / 1000;
    },
    add(given, at = seconds()) {
      if (records.length >= nature.capacity) {
        overflow = true;
        if (!nature.isCircular) return null;
        records = records.slice(1);
      }
      const record = Buffer.alloc(bytesOfRecord);
      record.set(given, 2);
      const id = nextId;
      nextId = id >= 0xfffe ? 1 : id + 1;
      record.writeUInt16LE(id, 0);
      if (record.readUInt8(2) < firstTimeless) record.writeUInt32LE(at, 3);
      records = [...records, record];
      addedAt = seconds();
      changed();
      return id;
    },
    event([type, number, kind, ...data], at) {
      return this.add([0x02, 0, 0, 0, 0, 0x20, 0, 0x04, type, number, kind, ...data], at);
    },
    remove(id) {
      const left = records.filter((record) => record.readUInt16LE(0) !== id);
      if (left.length === records.length) return false;
      records = left;
      erasedAt = seconds();
      changed();
      return true;
    },
    clear() {
      records = [];
      overflow = false;
      nextId = 1;
      erasedAt = seconds();
      erasingUntil = performance.now() + nature.erasureMs;
      changed();
    },
    reserve() {
      reservation = (reservation % 0xffff) + 1;
      isReservationGood = true;
      return reservation;
    },
    isReserved: (asked) => (nature.reserves ? isReservationGood && asked === reservation : asked === 0),
  };
};
