import type { Driver } from '../ports/controller.ts';
import { ipmi } from './ipmi/index.ts';
import type { IpmiSetup } from './ipmi/index.ts';

export type DriverSetup = IpmiSetup;

/** Every driver, by the name that a stored controller bears. */
export const drivers = (setup: DriverSetup): ReadonlyMap<string, Driver> =>
  new Map([ipmi(setup)].map((each) => [each.name, each]));
