import { z } from 'zod';
import type { Driver } from '../../ports/controller.ts';
import { driver } from '../driver.ts';
import { boot } from './boot.ts';
import { chassis } from './chassis.ts';
import { firmware, selfTest } from './firmware.ts';
import { homeFor } from './home.ts';
import { indicator } from './indicator.ts';
import { power } from './power.ts';
import { sensors } from './sensors.ts';
import { sessions } from './sessions.ts';
import { restore } from './restore.ts';
import { reset } from './reset.ts';
import { transport } from './transport.ts';

export interface IpmiSetup {
  /** A directory of Igor's own, in which ipmitool finds its vendor file; made at first use. */
  readonly homeDir: string;
  /** Where ipmitool is; Debian's place unless told. */
  readonly ipmitool?: string;
}

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
});

/** IPMI 2.0 over RMCP+ (lanplus), carried by ipmitool. */
export const ipmi = ({ homeDir, ipmitool = '/usr/bin/ipmitool' }: IpmiSetup): Driver => {
  const program = { ipmitool, home: homeFor(homeDir) };
  return driver({
    name: 'ipmi',
    port: 623,
    options,
    capabilities: {
      power,
      boot,
      chassis,
      restore,
      indicator,
      sessions,
      firmware,
      selfTest,
      reset,
      sensors,
    },
    connect: (endpoint) => transport(endpoint, program),
  });
};
