import { createSocket } from 'node:dgram';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  chassisProgram,
  emulatorCommands,
  fruBytes,
  lanConfiguration,
  lanProgram,
  supplyBytes,
} from './ipmi-sim-files.ts';
import { sensorRecords } from './ipmi-sim-sdr.ts';
import { run, startChild, untilReady } from './processes.ts';
import type { Child } from './processes.ts';

export interface BmcOptions {
  /** Keeps power, boot device and network settings from start to start; the event log begins anew. */
  readonly dir: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Of the account `igor`; at most 15 characters, none of them a quote. */
  readonly password: string;
  /** The power at the very first start; off by default. */
  readonly power?: 'on' | 'off';
  readonly signal: AbortSignal;
}

/** A simulated BMC that speaks real RMCP+ (cipher suites up to 14, never 17). */
export interface Bmc {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly cipher: 3;
  readonly chassis: Chassis;
  readonly child: Child;
  stop(): Promise<void>;
}

/** What the machine behind the BMC was told, read past the BMC. */
export interface Chassis {
  power(): Promise<'on' | 'off'>;
  /** Null: whatever the machine's firmware prefers. */
  boot(): Promise<string | null>;
  /** What was set, in order: `power 1`, `boot pxe`, `reset 1`, `shutdown 1`, `identify 15 0`. */
  changes(): Promise<readonly string[]>;
}

/** Starts an `ipmi_sim` process of its own for one machine; ready when it answers an RMCP ping. */
export const startBmc = async (options: BmcOptions): Promise<Bmc> => {
  const { dir, name, address, port, password, signal } = options;
  await writeFiles(options);
  const child = await startChild({
    name: `the BMC ${name}`,
    command: '/usr/bin/ipmi_sim',
    args: ['-n', '-c', './lan.conf', '-f', './emulator', '-s', './state'],
    cwd: dir,
    dir,
  });
  await untilReady(child, async () => answersPing(address, port), { everyMs: 1, timeoutMs: 10_000, signal });
  const chassis = chassisIn(dir);
  const stop = async (): Promise<void> => child.stop();
  return { name, address, port, username: 'igor', password, cipher: 3, chassis, child, stop };
};

const writeFiles = async ({ dir, name, address, port, password, power = 'off', signal }: BmcOptions): Promise<void> => {
  const state = join(dir, 'state/ipmi_sim', name);
  // The simulator keeps its event log there and adds the first events again at each start.
  await rm(join(dir, 'state'), { recursive: true, force: true });
  await mkdir(state, { recursive: true, mode: 0o700 });
  const write = async (file: string, content: string | Uint8Array, mode = 0o600): Promise<void> =>
    writeFile(join(dir, file), content, { mode });
  const kept = await readFile(join(dir, 'power')).catch(() => (power === 'on' ? '1\n' : '0\n'));
  await Promise.all([
    write('lan.conf', lanConfiguration({ name, address, port, igorPassword: password })),
    write('emulator', emulatorCommands(name)),
    write('sensors.sdrs', sensorRecords()),
    write('fru0.bin', fruBytes()),
    write('fru1.bin', supplyBytes()),
    write('chassis', chassisProgram, 0o700),
    write('lanctl', lanProgram, 0o700),
    write('power', kept),
  ]);
  // -8: without it short names are packed in six bits, and ipmitool prints them as garbage.
  const compiled = join(state, 'sdr.20.main');
  await run('/usr/bin/sdrcomp', ['-8', '-o', compiled, join(dir, 'sensors.sdrs')], { signal });
};

/** An ASF presence ping (DMTF DSP0136 §3.2.4.2): true when anything comes back within 20 ms. */
const answersPing = async (address: string, port: number): Promise<boolean> => {
  const ping = Buffer.from('06 00 ff 06 00 00 11 be 80 01 00 00'.replaceAll(' ', ''), 'hex');
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const reply = new Promise<boolean>((resolve) => {
      socket.once('message', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.send(ping, port, address);
    return await Promise.race([reply, sleep(20, false)]);
  } finally {
    socket.close();
  }
};

const chassisIn = (dir: string): Chassis => {
  const read = async (file: string): Promise<string> => readFile(join(dir, file), 'utf8').catch(() => '');
  return {
    power: async () => ((await read('power')).trim() === '1' ? 'on' : 'off'),
    async boot() {
      const device = (await read('boot')).trim();
      return device === '' || device === 'none' ? null : device;
    },
    async changes() {
      const lines = (await read('chassis.log')).split('\n').filter((line) => line !== '');
      return lines.map((line) => line.replace(/^\S+ set /, ''));
    },
  };
};
