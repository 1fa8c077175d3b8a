import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Driver } from '../../ports/controller.ts';
import { driver } from '../driver.ts';
import { accounts } from './accounts.ts';
import { alerts } from './alert.ts';
import { bootParameters } from './boot-parameters.ts';
import { boot } from './boot.ts';
import { chassis } from './chassis.ts';
import { firmware, selfTest } from './firmware.ts';
import { eventLog } from './event-log.ts';
import { homeFor } from './home.ts';
import { indicator } from './indicator.ts';
import { paces } from './pace.ts';
import { network } from './network.ts';
import { inventory } from './inventory.ts';
import { powerLimit } from './power-limit.ts';
import { powerMeter } from './power-meter.ts';
import { power } from './power.ts';
import { sensors } from './sensors.ts';
import { probe } from './probe.ts';
import { shells } from './shells.ts';
import { sessions } from './sessions.ts';
import { restore } from './restore.ts';
import { raw } from './raw.ts';
import { reset } from './reset.ts';
import { suiteMemory } from './suites.ts';
import { transport } from './transport.ts';
import { watchdog } from './watchdog.ts';

export interface IpmiSetup {
  /** A directory of Igor's own, in which ipmitool finds its vendor file; made at first use. */
  readonly homeDir: string;
  /** Where ipmitool is; Debian's place unless told. */
  readonly ipmitool?: string;
  /** How a BMC is reached: by sessions that stay, unless told. */
  readonly transport?: 'shells' | 'processes';
}

/** Sessions that stay, beyond which Igor takes a process for each command: at 1.8 MB of memory each. */
const mostShells = 2000;

const options = z.strictObject({
  cipher_suites: z
    .array(z.literal([3, 17]))
    .min(1)
    .default([17])
    .describe('RMCP+ cipher suites in the order in which to try them; the next only when the BMC refuses the suite'),
  privilege: z
    .enum(['operator', 'administrator'])
    .default('administrator')
    .describe('Privilege level to ask for; a session without encryption or login (suite 0) is no choice'),
  min_interval_ms: z
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Least time between two commands to this BMC, for one that fails when it is hurried'),
});

/** IPMI 2.0 over RMCP+ (lanplus), carried by ipmitool. */
export const ipmi = ({ homeDir, ipmitool = '/usr/bin/ipmitool', transport: way = 'shells' }: IpmiSetup): Driver => {
  const pool = way === 'processes' ? null : shells({ most: mostShells, warden: wardenFile });
  const now = (): number => performance.now();
  const setup = { ipmitool, home: homeFor(homeDir), shells: pool, paceOf: paces(now), suitesOf: suiteMemory(), now };
  return driver({
    name: 'ipmi',
    port: 623,
    options,
    capabilities: {
      power,
      boot,
      bootParameters,
      chassis,
      restore,
      indicator,
      watchdog,
      powerMeter,
      powerLimit,
      sessions,
      inventory,
      firmware,
      selfTest,
      reset,
      raw,
      sensors,
      eventLog,
      accounts,
      network,
      alerts,
    },
    connect: (endpoint) => transport(endpoint, setup),
    probe,
    end: async () => pool?.[Symbol.asyncDispose](),
  });
};

/** Beside this file, and compiled where this is. */
const wardenFile = fileURLToPath(new URL(`warden${extname(import.meta.url)}`, import.meta.url));
