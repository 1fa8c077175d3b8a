import { accounts, discreteSensors, events, fru, supplyFru, thresholdSensors } from './ipmi-sim-data.ts';
import type { Account, DiscreteSensor, ThresholdSensor } from './ipmi-sim-data.ts';

export interface LanOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly igorPassword: string;
}

/** `ipmi_sim -c`: where it listens, who may log in, which program is the chassis. Paths are relative to its directory. */
export const lanConfiguration = ({ name, address, port, igorPassword }: LanOptions): string => {
  const igor: Account = { name: 'igor', password: igorPassword, privilege: 'admin', sessions: 20, enabled: true };
  const users = [...accounts, igor].map(
    (user, index) =>
      `  user ${index + 2} ${user.enabled} "${user.name}" "${user.password}" ${user.privilege} ${user.sessions}\n`,
  );
  return `name "${name}"
set_working_mc 0x20
  startlan 1
    addr ${address} ${port}
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid ${guidOf(name)}
    lan_config_program "./lanctl ."
  endlan
  chassis_control "./chassis ."
  user 1 false "" "" user 4
${users.join('')}`;
};

/** `ipmi_sim -f`: the management controller, its sensors' values, its inventory and its event log. */
export const emulatorCommands = (name: string): string =>
  [
    'mc_setbmc 0x20',
    'mc_add 0x20 0x20 no-device-sdrs 0x01 2 0x51 0x9f 0x1291 0xf02 persist_sdr',
    `mc_set_guid 0x20 ${guidOf(name)}`,
    'sel_enable 0x20 1000 0x0a',
    'sensor_add 0x20 0 0 35 0x6f event-only',
    `sensor_set_event_support 0x20 0 0 enable scanning per-state ${bits(0xf)} ${bits(0)} ${bits(0xf)} ${bits(0)}`,
    ...thresholdSensors.flatMap(thresholdCommands),
    ...discreteSensors.flatMap(discreteCommands),
    'mc_add_fru_data 0x20 0 512 file 0 "./fru0.bin"',
    'mc_add_fru_data 0x20 1 512 file 0 "./fru1.bin"',
    // The simulator overwrites the times.
    ...events.map((event) => `sel_add 0x20 0x02 ${hex([0, 0, 0, 0, 0x20, 0, 4, ...event])}`),
    'mc_enable 0x20',
    '',
  ].join('\n');

/** The inventory device's 512 bytes. */
export const fruBytes = (): Buffer => {
  const minutes = (fru.builtAt - Date.UTC(1996, 0, 1)) / 60_000;
  const chassis = fruArea([1, 0, 0x17], fru.chassis);
  const board = fruArea([1, 0, 25, minutes & 255, (minutes >> 8) & 255, minutes >> 16], fru.board);
  const product = fruArea([1, 0, 25], fru.product);
  const afterChassis = 1 + chassis.length / 8;
  const header = [1, 0, 1, afterChassis, afterChassis + board.length / 8, 0, 0];
  return Buffer.concat([Buffer.from([...header, checksum(header), ...chassis, ...board, ...product])], 512);
};

/** The same of its power supply. */
export const supplyBytes = (): Buffer => {
  const header = [1, 0, 0, 0, 1, 0, 0];
  return Buffer.concat([Buffer.from([...header, checksum(header), ...fruArea([1, 0, 25], supplyFru)])], 512);
};

/** Between the simulator and the machine's power: `chassis DIR get|set parameter [value] …`. Without a fork on `get`, which each power status costs. */
export const chassisProgram = `#!/bin/sh
d=$1; op=$2; shift 2
case $op in
get) while [ $# -gt 0 ]; do
  v=0; [ -r "$d/$1" ] && read -r v <"$d/$1"
  [ "$1" = boot ] && [ "$v" = 0 ] && v=none
  echo "$1:$v"; shift; done;;
set) while [ $# -gt 0 ]; do
  echo "$(date +%s.%N) set $*" >>"$d/chassis.log"
  case $1 in
  power|boot) echo "$2" >"$d/$1"; shift 2;;
  reset) shift 2;;
  shutdown) echo 0 >"$d/power"; shift 2;;
  identify) echo "$2" >"$d/identify"; shift $#;;
  *) echo "Invalid parameter: $1"; exit 1;; esac; done;;
*) exit 1;; esac; exit 0
`;

/** Keeps the BMC's network settings: `lanctl DIR get|set|check parameter [value] …`. */
export const lanProgram = `#!/bin/sh
d=$1; op=$2; shift 2
case $op in
get) while [ $# -gt 0 ]; do
  v=; [ -r "$d/lan.$1" ] && read -r v <"$d/lan.$1"
  if [ -z "$v" ]; then case $1 in
    ip_addr) v=10.20.0.5;; ip_addr_src) v=static;; mac_addr) v=52:54:00:aa:bb:01;;
    subnet_mask) v=255.255.255.0;; default_gw_ip_addr) v=10.20.0.1;;
    *_mac_addr) v=00:00:00:00:00:00;; *) v=0.0.0.0;; esac; fi
  echo "$1:$v"; shift; done;;
set) while [ $# -gt 0 ]; do echo "$2" >"$d/lan.$1"; shift 2; done;;
check) exit 0;;
esac
`;

const guidOf = (name: string): string => {
  const guid = Buffer.alloc(16);
  guid.write(`LAB${name}`);
  return guid.toString('hex');
};

const thresholdCommands = (sensor: ThresholdSensor): readonly string[] => {
  const { number, measure, raw, lower, upper, scanning } = sensor;
  const at = `0x20 0 ${number}`;
  // In the order of the command: upper non-recoverable first, lower non-critical last.
  const limits = [...upper.toReversed(), ...lower.toReversed()];
  const readable = limits.map((limit) => (limit === null ? 0 : 1)).join('');
  // Each limit has two event bits, of which the even is "going low" and the odd "going high" (IPMI 2.0 table 42-2).
  const event = bits(
    [...lower.map((limit, i) => [limit, 2 * i] as const), ...upper.map((limit, i) => [limit, 7 + 2 * i] as const)]
      .filter(([limit]) => limit !== null)
      .reduce((mask, [, bit]) => mask | (1 << bit), 0),
  );
  return [
    `sensor_add ${at} ${measure.code} 0x01`,
    `sensor_set_hysteresis ${at} settable 2 2`,
    `sensor_set_threshold ${at} settable ${readable} ${hex(limits.map((limit) => limit ?? 0))}`,
    `sensor_set_event_support ${at} enable ${scanning ? 'scanning' : 'no-scanning'} per-state ${event} ${event} ${event} ${event}`,
    `sensor_set_value ${at} ${hex([raw])} 0`,
  ];
};

const discreteCommands = ({ number, kind, mask, states }: DiscreteSensor): readonly string[] => {
  const event = bits(mask);
  return [
    `sensor_add 0x20 0 ${number} ${kind.code} 0x6f`,
    `sensor_set_event_support 0x20 0 ${number} enable scanning per-state ${event} ${event} ${event} ${event}`,
    ...states.map((state) => `sensor_set_bit 0x20 0 ${number} ${state} 1 0`),
  ];
};

const bits = (mask: number): string => mask.toString(2).padStart(15, '0');

const hex = (bytes: readonly number[]): string => bytes.map((byte) => `0x${byte.toString(16)}`).join(' ');

const checksum = (bytes: readonly number[]): number => (256 - (bytes.reduce((sum, byte) => sum + byte, 0) & 255)) & 255;

const fruArea = (head: readonly number[], texts: readonly string[]): readonly number[] => {
  const fields = texts.flatMap((text) => [0xc0 | text.length, ...Buffer.from(text, 'latin1')]);
  const [version = 0, , ...rest] = head;
  const body = [...rest, ...fields, 0xc1];
  // Version and length before, checksum after; whole blocks of eight.
  const blocks = Math.ceil((body.length + 3) / 8);
  const area = [version, blocks, ...body, ...Array<number>(blocks * 8 - body.length - 3).fill(0)];
  return [...area, checksum(area)];
};
