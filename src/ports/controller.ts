import type { z } from 'zod';
import type { Account, AccountAccess, AccountTable } from '../domain/account.ts';
import type { AlertDestination, AlertResult, AlertSetting } from '../domain/alert-destination.ts';
import type { BootParameter } from '../domain/boot-parameter.ts';
import type { BootDevice } from '../domain/boot.ts';
import type { SessionTable } from '../domain/controller-session.ts';
import type { Credential } from '../domain/controller.ts';
import type { Firmware, ResetKind, SelfTest } from '../domain/firmware.ts';
import type { ChassisHealth } from '../domain/health.ts';
import type { Indicator as Light, IndicatorOrder } from '../domain/indicator.ts';
import type { NetworkChannel, NetworkSetting } from '../domain/network.ts';
import type { InventoryDevice } from '../domain/inventory.ts';
import type { RawAnswer } from '../domain/raw-command.ts';
import type { Observed } from '../domain/observed.ts';
import type { PowerAction, PowerHistory, PowerPolicy, PowerState, RestorePolicy } from '../domain/power.ts';
import type { Sensor, SensorDetail, ThresholdChange, Thresholds } from '../domain/sensor.ts';
import type { CallOptions } from './call.ts';
import type { EventLog } from './event-log.ts';
import type { PowerLimit, PowerMeter } from './power-limit.ts';
import type { Watchdog } from './watchdog.ts';
import type { Secret } from '../domain/secret.ts';

export type { CallOptions };

export interface Power {
  get(call: CallOptions): Promise<PowerState>;
  /** Sent once. `on` for a machine that is on is no error. Resolves when the controller has accepted, not when the state is reached. */
  set(action: PowerAction, call: CallOptions): Promise<void>;
}

export interface Boot {
  get(call: CallOptions): Promise<BootDevice>;
  /** Sent once. Resolves when the controller's own reading shows the device. */
  set(device: BootDevice, call: CallOptions): Promise<void>;
}

export interface Network {
  /** Every way in over the network. */
  channels(call: CallOptions): Promise<Observed<readonly NetworkChannel[]>>;
  /** Faults: `not-found` for a channel that is no LAN. */
  channel(channel: number, call: CallOptions): Promise<NetworkChannel>;
  /** Sent once, what cuts us off last. Resolves when the controller has accepted. */
  set(channel: number, setting: NetworkSetting, call: CallOptions): Promise<void>;
  /** Ends a set that was left in the middle, lest it refuse the next. */
  release(channel: number, call: CallOptions): Promise<void>;
  /** The same at each of its addresses, and another than any other controller's; null: it has nothing of the kind. */
  identity(call: CallOptions): Promise<string | null>;
}

/** Of a channel; null: the one that Igor's session comes over. Faults of all: `not-found`. */
export interface Alerts {
  list(channel: number | null, call: CallOptions): Promise<Observed<readonly AlertDestination[]>>;
  get(channel: number | null, id: number, call: CallOptions): Promise<Observed<AlertDestination>>;
  /** Sent once, and read back. */
  set(channel: number | null, id: number, setting: AlertSetting, call: CallOptions): Promise<AlertDestination>;
  /** Sends an alert to it. Faults: `conflict` for one without an address. */
  test(channel: number | null, id: number, call: CallOptions): Promise<AlertResult>;
}

export interface BootParameters {
  /** Those that have a name and that the controller has. */
  list(call: CallOptions): Promise<Observed<readonly BootParameter[]>>;
  /** `block` of the mailbox, otherwise 0. Faults: `controller-unsupported` for one that it does not have. */
  get(number: number, block: number, call: CallOptions): Promise<Observed<BootParameter>>;
  /** Sent once. `locked` marks it as invalid, or locked. */
  set(change: BootParameterChange, call: CallOptions): Promise<void>;
}

export interface BootParameterChange {
  readonly number: number;
  readonly locked: boolean;
  /** Bytes, as the parameter has them. */
  readonly data: readonly number[];
}

export interface Chassis {
  health(call: CallOptions): Promise<Observed<ChassisHealth>>;
  history(call: CallOptions): Promise<Observed<PowerHistory>>;
}

/** What the machine does when the mains come back. */
export interface Restore {
  get(call: CallOptions): Promise<Observed<PowerPolicy>>;
  /** Sent once. Faults: `controller-unsupported`, before anything is sent, for a policy that it tells it does not have. */
  set(policy: RestorePolicy, call: CallOptions): Promise<void>;
}

export interface Indicator {
  /** Faults: `controller-unsupported` where the controller does not tell. */
  get(call: CallOptions): Promise<Observed<Light>>;
  /** Sent once. */
  set(order: IndicatorOrder, call: CallOptions): Promise<void>;
}

/** Logins at the controller, ours and others'. */
export interface Sessions {
  list(call: CallOptions): Promise<Observed<SessionTable>>;
  /** Ends one, whoever's it is. Faults: `not-found`, `controller-refused`. */
  close(handle: number, call: CallOptions): Promise<void>;
}

/** What is written in the machine's replaceable units. */
export interface Inventory {
  read(call: CallOptions): Promise<Observed<readonly InventoryDevice[]>>;
}

/** What the controller itself is, and the firmware on it. */
export interface FirmwareReader {
  get(call: CallOptions): Promise<Observed<Firmware>>;
}

/** How the controller's own test went when it started. */
export interface SelfTester {
  get(call: CallOptions): Promise<Observed<SelfTest>>;
}

export interface Resetter {
  /** Starts the controller anew, not the machine behind it. Sent once; every session on it ends. */
  send(kind: ResetKind, call: CallOptions): Promise<void>;
}

export interface Sensors {
  /** Every sensor, in the controller's order. One that has no reading is told as such and hides no other. */
  list(call: CallOptions): Promise<Observed<readonly Sensor[]>>;
  /** By its id, or a name that it alone has. Faults: `not-found`, `ambiguous`. */
  get(ref: string, call: CallOptions): Promise<Observed<SensorDetail>>;
  /**
   * Sent once. Resolves to the thresholds that hold then, each the nearest that the controller can keep. Faults, beside
   * those of `get`: `invalid-input`, naming a threshold that cannot be set so.
   */
  setThresholds(ref: string, change: ThresholdChange, call: CallOptions): Promise<Thresholds>;
}

/** Who may log in to the controller itself. Each change is sent once. */
export interface Accounts {
  list(call: CallOptions): Promise<Observed<AccountTable>>;
  /** Faults: `not-found` where there is no such slot. */
  get(id: number, call: CallOptions): Promise<Observed<Account>>;
  /** Empty: none. Faults: `invalid-input` for one that the controller cannot keep. */
  setName(id: number, name: string, call: CallOptions): Promise<void>;
  setAccess(id: number, access: AccountAccess, call: CallOptions): Promise<void>;
  setEnabled(id: number, enabled: boolean, call: CallOptions): Promise<void>;
  /**
   * Sessions that are open go on. `altered`: it was accepted, and by its own test the controller keeps another, such as
   * the first 16 bytes of it. `kept` is no proof: some say so of any password.
   * Faults: `invalid-input` for one that no login can carry.
   */
  setPassword(id: number, password: Secret, call: CallOptions): Promise<'kept' | 'altered'>;
}

/** A command by its numbers, of whatever protocol the controller speaks. */
export interface RawMessage {
  readonly netfn: number;
  readonly command: number;
  readonly data: readonly number[];
  readonly isSecret: boolean;
}

export interface Raw {
  /** Sent once. Whatever the controller answers is an answer. */
  send(message: RawMessage, call: CallOptions): Promise<RawAnswer>;
}

/** All that a controller may be able to do. A driver supplies the members it has, and no others. */
export interface Capabilities {
  power: Power;
  boot: Boot;
  bootParameters: BootParameters;
  chassis: Chassis;
  sessions: Sessions;
  restore: Restore;
  indicator: Indicator;
  watchdog: Watchdog;
  powerMeter: PowerMeter;
  powerLimit: PowerLimit;
  inventory: Inventory;
  firmware: FirmwareReader;
  selfTest: SelfTester;
  reset: Resetter;
  raw: Raw;
  sensors: Sensors;
  eventLog: EventLog;
  accounts: Accounts;
  network: Network;
  alerts: Alerts;
}
export type Capability = keyof Capabilities;

/** Where a controller is, already resolved and permitted, and how to log in to it. */
export interface Endpoint {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly credential: Credential;
  /** What the driver's own schema made of the controller's options. */
  readonly options: unknown;
  /** Null: nothing is kept. */
  readonly shelf: Shelf | null;
  /**
   * What the session is for, `reads` unless told. One for changes has more patience, and repeats nothing by itself; it
   * serves reads as well. A change through one for reads is sent once all the same, if need be in a session of its own.
   */
  readonly purpose?: Purpose;
  /**
   * Asked right before a change goes out, which may be a while after it was called for: false once the controller may be
   * another replica's. Always true, if absent.
   */
  readonly mayChange?: () => boolean;
}

export type Purpose = 'reads' | 'changes';

/** Where a driver may keep what is dear to read and seldom changes, such as descriptions of sensors. */
export interface Shelf {
  /** Null: nothing by that name. */
  get(key: string): Promise<Buffer | null>;
  /** At most 1 MiB. */
  put(key: string, value: Buffer): Promise<void>;
}

/** What is known of a session once it is open. */
export interface SessionMark {
  /** By which the controller's list of sessions names it; null: unknown. */
  readonly handle: number | null;
  /** Process that carries it, on this host; null: none. */
  readonly pid: number | null;
}

/** One session with a controller, or the way to have one. Disposing twice is harmless. */
export interface Link extends AsyncDisposable {
  /** False once what it last did is in doubt, or its session is known to have ended: to be disposed, never used again. */
  readonly isSound: boolean;
  /**
   * Logs in unless logged in. Otherwise the first call does. A session that has not been used for a while is proven by
   * a question; when it has ended, this rejects, `isSound` is false, and nothing of a caller's has been sent.
   * Null where each call has a session of its own.
   */
  login(call: CallOptions): Promise<SessionMark | null>;
  /** Tells the controller that the session is still wanted. */
  keepAlive(call: CallOptions): Promise<void>;
}

/** An open way to a controller. Nothing is sent before the first call; disposing twice is harmless and never throws. */
export interface Connection extends Link {
  readonly device: Partial<Capabilities>;
}

/** Disposed after its connections, it leaves nothing behind. */
export interface Driver extends Partial<AsyncDisposable> {
  readonly name: string;
  /** The port that its protocol usually takes. */
  readonly port: number;
  readonly options: z.ZodType;
  readonly offers: ReadonlySet<Capability>;
  open(endpoint: Endpoint): Connection;
  /** Whether something that speaks the protocol answers there: cheap, and without a login. */
  probe?(endpoint: Pick<Endpoint, 'address' | 'port'>, call: CallOptions): Promise<boolean>;
}

/** What of an endpoint is not as it is on record. */
export type Visit = Partial<Pick<Endpoint, 'address' | 'port' | 'credential'>>;

/** Sessions beside those that a lease gives. */
export interface Visits {
  /**
   * A session by other data than those on record, to prove an address or a credential before it is kept. To be disposed.
   * Faults: those of opening; `controller-unreachable` also for an address where Igor may not reach.
   */
  visit(controllerId: string, change: Visit, signal: AbortSignal): Promise<Connection>;
  /** Closes what is open there, since its address or credential has changed, or it was reset. */
  drop(controllerId: string): Promise<void>;
  /** The same at once, whoever uses it: for who has the change turn there, and expects that nothing answers any more. */
  cut(controllerId: string): Promise<void>;
  /** Does work while no other change is made there; for who has no lease. Faults: `controller-busy`. */
  alone<T>(
    controllerId: string,
    by: { readonly operation: string; readonly actId: string },
    work: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /**
   * Forgets what speaks against trying there: that it did not answer, or cannot do something. That it refused our account
   * is forgotten once in five minutes, lest it be locked.
   */
  recheck(controllerId: string): Promise<void>;
}
