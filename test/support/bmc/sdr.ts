/** How a full record tells of its sensor (IPMI 2.0 table 43-1); what is absent is nought, or the usual. */
export interface FullSensor {
  readonly number: number;
  readonly name: Buffer | string;
  /** Bits 7:6 of the type/length byte; 3, the usual, is 8 bits a character. */
  readonly nameType?: number;
  readonly entity?: readonly [id: number, instance: number];
  readonly type?: number;
  readonly eventType?: number;
  /** Address of who answers for it, and on which unit. */
  readonly owner?: readonly [id: number, lun: number];
  /** 0 unsigned, 1 ones' complement, 2 two's complement, 3 no analog reading. */
  readonly format?: number;
  /** Units byte 1 without the format, base unit, modifier unit. */
  readonly unit?: readonly [flags: number, base: number, modifier: number];
  readonly linearization?: number;
  readonly m?: number;
  readonly b?: number;
  readonly resultExponent?: number;
  readonly bExponent?: number;
  readonly tolerance?: number;
  readonly least?: number;
  readonly most?: number;
  /** 0 none, 1 readable, 2 settable, 3 fixed. */
  readonly thresholdAccess?: number;
  readonly hysteresisAccess?: number;
  /** Raw: lower non-critical, critical, non-recoverable, then upper alike; null for none. */
  readonly limits?: readonly (number | null)[];
  /** Of those with a value, which can be set; all, if absent. */
  readonly settable?: number;
}

/** A compact record (table 43-2); several sensors may share one. */
export interface CompactSensor {
  readonly number: number;
  readonly name: Buffer | string;
  readonly entity?: readonly [id: number, instance: number];
  readonly type?: number;
  readonly eventType?: number;
  /** States that can be told, by bit. */
  readonly mask?: number;
  readonly count?: number;
  readonly suffix?: { readonly letters: boolean; readonly from: number; readonly countsInstances: boolean };
}

const bmcAddress = 0x20;

export const fullRecord = (id: number, sensor: FullSensor): Buffer => {
  const { entity = [7, 1], unit = [0, 0, 0], owner = [bmcAddress, 0], limits = noLimits } = sensor;
  const { m = 1, b = 0, tolerance = 0, resultExponent = 0, bExponent = 0 } = sensor;
  const [has, lower, upper] = [maskOf(limits), maskOf(limits.slice(0, 3)), maskOf(limits.slice(3))];
  const body = [
    ...[owner[0], owner[1], sensor.number, entity[0], entity[1]],
    ...[0x7f, 0x40 | ((sensor.hysteresisAccess ?? 2) << 4) | ((sensor.thresholdAccess ?? 2) << 2)],
    ...[sensor.type ?? 1, sensor.eventType ?? 1],
    ...[0xff, lower << 4, 0xff, upper << 4],
    ...[has, sensor.settable ?? has],
    ...[((sensor.format ?? 0) << 6) | unit[0], unit[1], unit[2], sensor.linearization ?? 0],
    ...[m & 0xff, ((m >> 2) & 0xc0) | tolerance, b & 0xff, (b >> 2) & 0xc0, 0],
    ...[((resultExponent & 0xf) << 4) | (bExponent & 0xf), 0, 0, 0, 0, sensor.most ?? 0xff, sensor.least ?? 0],
    ...[5, 4, 3, 2, 1, 0].map((bit) => limits[bit] ?? 0),
    ...[2, 2, 0, 0, 0],
  ];
  return recordOf(id, 0x01, body, sensor.name, sensor.nameType);
};

export const compactRecord = (id: number, sensor: CompactSensor): Buffer => {
  const { entity = [7, 1], mask = 0, count = 1, suffix } = sensor;
  const states = [mask & 0xff, mask >> 8];
  const sharing = suffix === undefined ? 0 : (Number(suffix.letters) << 4) | count;
  const naming = suffix === undefined ? 0 : (Number(suffix.countsInstances) << 7) | suffix.from;
  const body = [
    ...[bmcAddress, 0, sensor.number, entity[0], entity[1], 0x63, 0x40, sensor.type ?? 8, sensor.eventType ?? 0x6f],
    ...[...states, ...states, ...states, 0xc0, 0, 0, suffix === undefined ? count & 0xf : sharing, naming],
    ...[0, 0, 0, 0, 0, 0],
  ];
  return recordOf(id, 0x02, body, sensor.name);
};

/** Of a sensor that only sends events (table 43-3), of another device (43-7), and of a controller (43-8). */
export const otherRecords = (firstId: number): readonly Buffer[] => [
  recordOf(firstId, 0x12, [bmcAddress, 0, 0, 0xbf, 0, 0, 0, 7, 1, 0], 'LabBMC'),
  recordOf(firstId + 1, 0x03, [bmcAddress, 0, 0, 7, 1, 0x23, 0x6f, 0, 0, 0, 0, 0], 'Watchdog'),
  recordOf(firstId + 2, 0x11, [bmcAddress, 1, 0x80, 0, 0, 0x10, 0, 10, 1, 0], 'PSU1 FRU'),
];

const recordOf = (id: number, type: number, body: readonly number[], name: Buffer | string, nameType = 3): Buffer => {
  const text = Buffer.from(name as string, 'latin1').subarray(0, 31);
  const rest = Buffer.concat([Buffer.from([...body, (nameType << 6) | text.length]), text]);
  return Buffer.concat([Buffer.from([id & 0xff, id >> 8, 0x51, type, rest.length]), rest]);
};

const noLimits = [null, null, null, null, null, null];
const maskOf = (limits: readonly (number | null)[]): number =>
  limits.reduce<number>((mask, limit, bit) => (limit === null ? mask : mask | (1 << bit)), 0);
