import type { Driver } from '../ports/controller.ts';
import { ipmi } from './ipmi/index.ts';
import type { IpmiSetup } from './ipmi/index.ts';

export type DriverSetup = IpmiSetup;

/** Every driver, by the name that a stored controller bears. Disposed when every connection has been. */
export const drivers = (setup: DriverSetup): ReadonlyMap<string, Driver> & AsyncDisposable => {
  const all = [ipmi(setup)];
  return Object.assign(new Map(all.map((each) => [each.name, each])), {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map(async (each) => each[Symbol.asyncDispose]?.()));
    },
  });
};
