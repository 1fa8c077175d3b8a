import { suffices } from '../privilege.ts';
import type { Session } from '../sessions.ts';
import { accountCommands } from './accounts.ts';
import { appCommands } from './app.ts';
import { moreChassisCommands } from './chassis-more.ts';
import { chassisCommands } from './chassis.ts';
import { completions, refused, type Answer, type Command, type Device } from './command.ts';
import { dcmiCommands } from './dcmi.ts';
import { eventLogCommands } from './event-log.ts';
import { lanCommands } from './lan.ts';
import { fruCommands } from './fru.ts';
import { managementCommands } from './management.ts';
import { sensorCommands } from './sensor.ts';
import { sessionCommands } from './session.ts';
import { watchdogCommands } from './watchdog.ts';

const commands = {
  ...appCommands,
  ...sessionCommands,
  ...chassisCommands,
  ...moreChassisCommands,
  ...watchdogCommands,
  ...dcmiCommands,
  ...managementCommands,
  ...sensorCommands,
  ...eventLogCommands,
  ...accountCommands,
  ...lanCommands,
  ...fruCommands,
} as const;

export type CommandName = keyof typeof commands;

export interface NamedCommand {
  readonly name: string;
  readonly command: Command | null;
}

const key = (netfn: number, code: number): number => (netfn << 8) | code;

const byNumber: ReadonlyMap<number, NamedCommand> = new Map(
  Object.entries<Command>(commands).map(([name, command]) => [key(command.netfn, command.code), { name, command }]),
);
const unknown: NamedCommand = { name: 'unknown-command', command: null };

export const commandOf = (netfn: number, code: number): NamedCommand => byNumber.get(key(netfn, code)) ?? unknown;

/** Carries a command out, if it is one, has the privilege that it needs and the data that it takes. */
export const carryOut = (command: Command | null, data: Buffer, device: Device, session: Session | null): Answer => {
  if (command === null) return refused(completions.unknownCommand);
  if (command.privilege === 'none') {
    return data.length < (command.takes ?? 0) ? refused(completions.dataLengthInvalid) : command.run({ data, device });
  }
  if (session === null || !suffices(session.privilege, command.privilege)) {
    return refused(completions.insufficientPrivilege);
  }
  if (data.length < (command.takes ?? 0)) return refused(completions.dataLengthInvalid);
  return command.run({ data, device, session });
};
