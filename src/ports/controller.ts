import type { z } from 'zod';
import type { BootDevice } from '../domain/boot.ts';
import type { Credential } from '../domain/controller.ts';
import type { ChassisHealth } from '../domain/health.ts';
import type { PowerAction, PowerState } from '../domain/power.ts';

/** Goes all the way down: a call that waits and takes no signal is a bug. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

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

export interface Chassis {
  health(call: CallOptions): Promise<ChassisHealth>;
}

/** All that a controller may be able to do. A driver supplies the members it has, and no others. */
export interface Capabilities {
  power: Power;
  boot: Boot;
  chassis: Chassis;
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
}

/** An open way to a controller. Nothing is sent before the first call; disposing twice is harmless and never throws. */
export interface Connection extends AsyncDisposable {
  readonly device: Partial<Capabilities>;
}

export interface Driver {
  readonly name: string;
  /** The port that its protocol usually takes. */
  readonly port: number;
  readonly options: z.ZodType;
  readonly offers: ReadonlySet<Capability>;
  open(endpoint: Endpoint): Connection;
}
