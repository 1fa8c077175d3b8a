import type { BmcOptions } from './options.ts';

/** An alert that the BMC was told to send. */
export interface SentAlert {
  readonly destination: number;
  readonly address: string;
}

/** How a BMC may deal with another address. */
export interface NetworkOptions {
  /**
   * `ignored`: it keeps the setting and stays where it is (as ipmi_sim does); `moves`; `vanishes`: it is heard nowhere;
   * `refused`: it does not even take the setting. Default `ignored`.
   */
  readonly addressChange: 'ignored' | 'moves' | 'vanishes' | 'refused';
  /** When it heeds a setting: when the set is complete (default), or at once. */
  readonly heeds: 'at-complete' | 'at-once';
  /** Time until it is heard at the new address. Default 0. */
  readonly moveMs: number;
  /** Whether it is still heard at the old one until then. Default false. */
  readonly staysUntilMoved: boolean;
  /** A setting that it takes and does not keep. Default none. */
  readonly forgets: number | null;
  readonly mac: string;
  /** Whether it shows its MAC address. Default true. */
  readonly tellsMac: boolean;
  /** Sixteen bytes each. */
  readonly ipv6: readonly (readonly number[])[];
  /** What becomes of an alert, as the BMC tells it (IPMI 2.0 table 30-9). Default 1: sent. */
  readonly alertStatus: number;
}

export const defaultNetwork: NetworkOptions = {
  addressChange: 'ignored',
  heeds: 'at-complete',
  moveMs: 0,
  staysUntilMoved: false,
  forgets: null,
  mac: '52:54:00:b3:c0:01',
  tellsMac: true,
  ipv6: [[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb3, 0xc0]],
  alertStatus: 1,
};

export type SetResult = 'done' | 'unsupported' | 'in-progress' | 'read-only' | 'invalid';

export interface LanSettings {
  /** What is told of another address as soon as it is to be heeded. */
  onAddress(moveTo: (address: string) => void): void;
  /** Undefined for one that is not supported. */
  get(parameter: number, set: number): Buffer | undefined;
  set(parameter: number, data: Buffer): SetResult;
  readonly access: { stored: Buffer; inForce: Buffer };
  /** Parameters that nobody may set from now on. */
  readonly refused: Set<number>;
  readonly alerts: SentAlert[];
  sendAlert(destination: number): number;
  alertStatus: number;
}

/** Destinations beside the volatile one. */
const destinations = 4;
const setInProgress = 0;
const address = 3;
const community = 16;
/** Those that nobody may set: support of authentication, MAC address, counts and lists (IPMI 2.0 table 23-4). */
const readOnly: ReadonlySet<number> = new Set([1, 5, 17, 22, 23, 50, 55, 59]);

/** The LAN parameters of the one channel, bit for bit. */
export const lanSettings = (options: BmcOptions): LanSettings => {
  const parameters = new Map<number, Buffer>(
    Object.entries(initial(options)).map(([key, data]) => [Number(key), data]),
  );
  const sets = new Map<string, Buffer>();
  for (let id = 0; id <= destinations; id += 1) {
    sets.set(`18/${id}`, Buffer.from([id, 0x00, 3, 1]));
    sets.set(`19/${id}`, Buffer.concat([Buffer.from([id]), Buffer.alloc(12)]));
  }
  options.ipv6.forEach((bytes, at) => sets.set(`59/${at}`, ipv6Entry(at, bytes)));
  let wanted: string | null = null;
  let moveTo: (address: string) => void = () => undefined;
  const alerts: SentAlert[] = [];
  const refused = new Set<number>();

  const heed = (): void => {
    if (wanted !== null && wanted !== options.address) moveTo(wanted);
    wanted = null;
  };

  return {
    onAddress(hear) {
      moveTo = hear;
    },
    get(parameter, set) {
      if (parameter === 5 && !options.tellsMac) return undefined;
      return sets.get(`${parameter}/${set}`) ?? parameters.get(parameter);
    },
    set(parameter, data) {
      if (readOnly.has(parameter)) return 'read-only';
      if (refused.has(parameter)) return 'invalid';
      if (parameter === 18 || parameter === 19) {
        const key = `${parameter}/${(data[0] ?? 0) & 0x0f}`;
        if (!sets.has(key)) return 'invalid';
        sets.set(key, Buffer.from(data));
        return 'done';
      }
      const before = parameters.get(parameter);
      if (before === undefined) return 'unsupported';
      if (data.length !== before.length) return 'invalid';
      if (parameter === setInProgress) {
        if (data[0] === 1 && before[0] === 1) return 'in-progress';
        // Committed, it is still being set.
        parameters.set(parameter, Buffer.from([data[0] === 0 ? 0 : 1]));
        if (data[0] === 0) heed();
        return 'done';
      }
      if (parameter === address && options.addressChange === 'refused') return 'invalid';
      if (parameter !== options.forgets) parameters.set(parameter, Buffer.from(data));
      if (parameter === address) {
        wanted = [...data].join('.');
        if (options.heeds === 'at-once' || parameters.get(setInProgress)?.[0] !== 1) heed();
      }
      return 'done';
    },
    // Always available, no alerting off; administrators may come in.
    access: { stored: Buffer.from([0x02, 0x04]), inForce: Buffer.from([0x02, 0x04]) },
    refused,
    alerts,
    sendAlert(destination) {
      const to = sets.get(`19/${destination}`) ?? Buffer.alloc(13);
      alerts.push({ destination, address: [...to.subarray(3, 7)].join('.') });
      return options.alertStatus;
    },
    alertStatus: 0,
  };
};

/** IPMI 2.0 table 23-4. */
const initial = ({ address: at, mac, suites, ipv6 }: BmcOptions): Readonly<Record<number, Buffer>> => ({
  [setInProgress]: Buffer.from([0]),
  1: Buffer.from([0x15]), // none, MD5, password
  2: Buffer.from([0x04, 0x04, 0x04, 0x04, 0x00]),
  [address]: v4(at.includes(':') ? '127.0.0.1' : at),
  4: Buffer.from([0x01]), // static
  5: Buffer.from(mac.split(':').map((byte) => parseInt(byte, 16))),
  6: v4('255.0.0.0'),
  7: Buffer.from([0x40, 0x40, 0x10]),
  8: Buffer.from([0x6f, 0x02]), // 623
  9: Buffer.from([0x98, 0x02]), // 664
  10: Buffer.from([0x03]),
  11: Buffer.from([4]), // two seconds
  12: v4('127.0.0.254'),
  13: Buffer.alloc(6),
  14: v4('0.0.0.0'),
  15: Buffer.alloc(6),
  [community]: Buffer.concat([Buffer.from('public'), Buffer.alloc(12)]),
  17: Buffer.from([destinations]),
  20: Buffer.from([0, 0]),
  21: Buffer.from([0]),
  22: Buffer.from([suites.length]),
  23: Buffer.concat([Buffer.from([0, ...suites]), Buffer.alloc(16 - suites.length)]),
  24: Buffer.from([0, 0x44, 0, 0, 0, 0, 0, 0, 0]),
  26: Buffer.from([1, 3, 30, 0, 6, 0]), // three attempts, five minutes, one minute
  50: Buffer.from([0x03]),
  51: Buffer.from([0x02]),
  55: Buffer.from([0, ipv6.length, 0]),
});

const v4 = (text: string): Buffer => Buffer.from(text.split('.').map(Number));

/** Selector, source DHCPv6, address, prefix, active. */
const ipv6Entry = (at: number, bytes: readonly number[]): Buffer => Buffer.from([at, 0x02, ...bytes, 64, 0x00]);
