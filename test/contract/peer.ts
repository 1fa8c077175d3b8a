import type { BootTarget } from '../../src/domain/boot.ts';
import type { Credential } from '../../src/domain/controller.ts';
import type { ResetKind } from '../../src/domain/firmware.ts';
import type { PowerAction, PowerState } from '../../src/domain/power.ts';
import type { Capabilities, Connection, Endpoint } from '../../src/ports/controller.ts';

/** What some peer cannot show; our own simulators must show it all. */
export const showables = [
  'cipher-17',
  'boot-flags',
  'health-flags',
  'nmi',
  'restore-policies',
  'power-history',
  'identify-state',
  'boot-parameters',
  'watchdog',
  'power-limit',
  'privileges',
  'logins',
  'lock-out',
  'session-limit',
  'session-time-out',
  'session-address',
  'session-close',
  'faults',
  'self-test',
  'resets',
  'network-settings',
  'alerts',
  'inventory-spoilt',
] as const;
export type Showable = (typeof showables)[number];

/** What may go wrong at a controller, in nobody's protocol. */
export type Trouble =
  | 'boot-answer-lost'
  | 'change-answer-lost'
  | 'change-refused'
  | 'dies-after-change'
  | 'empty-answer'
  | 'forged-answer'
  | 'reset-answer-lost'
  | 'slow-answer'
  | 'slow-login'
  | 'threshold-answer-lost';

/** A look behind a peer that can show more than a controller tells. */
export interface Insight {
  /** Logins begun with the endpoint's account. */
  logins(): number;
  /** An account that may not do everything. */
  readonly lesser: Credential;
  /** Sessions open now. */
  sessions(): number;
  /** Somebody else logs in with the lesser account and stays; resolves to the handle of that session. */
  stranger(): Promise<number>;
  /** Lets everything go wrong in that way until healed. */
  inject(trouble: Trouble): void;
  heal(): void;
  /** Refuses another mask from now on. */
  refuseMask(): void;
  /** Somebody begins to set the network and does not end. */
  leaveNetworkInTheMiddle(): void;
  /** Where alerts were sent to. */
  alerts(): readonly string[];
  /** Something is wrong with the machine's fans. */
  breakFan(): void;
  /** Something is wrong with the controller itself. */
  breakSelf(): void;
  /** A byte of the chassis's inventory is not what it was. */
  spoilInventory(): void;
  /** Resets of the controller, in order. */
  resets(): readonly ResetKind[];
}

/** A controller, or what stands for one, with a machine behind it that is looked at past the driver. */
export interface Peer extends AsyncDisposable {
  /** With full rights. */
  readonly endpoint: Endpoint;
  connect(change?: Partial<Endpoint>): Connection;
  power(): Promise<PowerState>;
  boot(): Promise<BootTarget>;
  /** How often the machine was told to do so. */
  executed(action: PowerAction): Promise<number>;
  readonly insight: Insight | null;
}

export interface Wish {
  /** Sessions that it has; 0: it is full. */
  readonly maxSessions?: number;
  /** Refused or broken-off logins after which the account is refused. */
  readonly lockOutAfter?: number;
}

export interface Lacks {
  readonly cannotShow: ReadonlySet<Showable>;
}

/** For calls that nobody abandons. */
export const call = { signal: new AbortController().signal };

export type Open = (wish?: Wish) => Promise<Peer>;
export type ItShowing = (
  what: Showable,
  title: string,
  test: (open: (wish?: Wish) => Promise<Peer & { readonly insight: Insight }>) => Promise<void>,
) => void;

/** The capabilities of a connection: every driver under test offers all, or its contract fails at the first call. */
export const deviceOf = (connection: Connection): Capabilities => connection.device as Capabilities;
