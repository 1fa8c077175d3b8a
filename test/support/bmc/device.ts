import { accountTable } from './accounts.ts';
import { chassis } from './chassis.ts';
import type { Device } from './commands/command.ts';
import { fruDevices } from './fru.ts';
import { management } from './management.ts';
import { eventLog } from './event-log.ts';
import { lanSettings } from './network.ts';
import type { BmcOptions } from './options.ts';
import { simulatedSensors } from './sensors.ts';
import { sessionTable } from './sessions.ts';

/** All that a BMC is, beside its socket. */
export const deviceFor = (options: BmcOptions): Device => ({
  options,
  guid: wireGuid(options.guid),
  chassis: chassis(options),
  log: eventLog(),
  management: management(options),
  sensors: simulatedSensors(),
  accounts: accountTable(options),
  lan: lanSettings(options),
  fru: fruDevices(),
  sessions: sessionTable(options),
});

/** Least significant byte first (IPMI 2.0 table 20-10). */
const wireGuid = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex').reverse();
