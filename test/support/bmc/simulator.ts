import type { Slot } from './accounts.ts';
import type { Chassis } from './chassis.ts';
import type { CommandName } from './commands/index.ts';
import { deviceFor } from './device.ts';
import type { EventLog } from './event-log.ts';
import { faults, type BmcFault } from './faults.ts';
import { ledger, type Executed, type LoginCount } from './ledger.ts';
import type { FruDevices } from './fru.ts';
import type { Management } from './management.ts';
import type { LanSettings } from './network.ts';
import { defaultOptions, type BmcOptions } from './options.ts';
import type { Privilege } from './privilege.ts';
import { responder } from './responder.ts';
import type { SimulatedSensors } from './sensors.ts';
import type { Peer } from './sessions.ts';
import { udpPort } from './socket.ts';

export type Step = CommandName | 'unknown-command' | 'presence-ping' | 'open-session' | 'rakp-1' | 'rakp-3';

interface OpenSession {
  readonly id: number;
  readonly handle: number;
  readonly user: string;
  readonly privilege: Privilege;
  readonly peer: Peer;
}

/** A BMC on this host that speaks RMCP+ (IPMI 2.0), and what a test may see of it and do to it. */
export interface BmcSimulator extends AsyncDisposable {
  /** Where it is heard now. */
  readonly address: string;
  readonly port: number;
  /** Its LAN parameters and alerts. */
  readonly lan: LanSettings;
  /** The host's power, boot options and flags. */
  readonly chassis: Chassis;
  readonly log: EventLog;
  /** The controller itself. */
  readonly management: Management;
  readonly sensors: SimulatedSensors;
  /** Every slot of the table of users, as it is now. */
  readonly accounts: readonly Readonly<Slot>[];
  /** The machine's inventory. */
  readonly fru: FruDevices;
  readonly packets: { readonly received: number; readonly sent: number };
  /** Every request answered or carried out, in order; a retransmission adds nothing. */
  executed(): readonly Executed[];
  count(command: CommandName | 'unknown-command'): number;
  logins(user: string): LoginCount;
  unlock(user: string): void;
  sessions(): readonly OpenSession[];
  /** Makes something go wrong until the returned function or `heal` is called, or its times are used up. */
  inject(fault: BmcFault<Step>): () => void;
  heal(): void;
  /** The BMC comes up again on its port, without sessions; the host's power, the boot options, the faults and the counts stay. */
  restart(): Promise<void>;
  /** Resolves when it is no longer on its way to another address. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export const startBmcSimulator = async (given: Partial<BmcOptions> = {}): Promise<BmcSimulator> => {
  const options: BmcOptions = { ...defaultOptions, ...given };
  const device = deviceFor(options);
  const { sessions } = device;
  device.lan.onAddress((address) => {
    const { addressChange, moveMs, staysUntilMoved } = options;
    if (addressChange === 'ignored') return;
    if (!staysUntilMoved) sessions.clear();
    udp.move(addressChange === 'moves' ? address : null, { ms: moveMs, stays: staysUntilMoved });
  });
  const record = ledger();
  const wrong = faults();
  const respond = responder(device, record, wrong);

  const hear = (datagram: Buffer, peer: Peer): void => {
    if (device.management.isAway) return;
    if (wrong.take('black-hole') !== null || wrong.take('drop-packets') !== null) return;
    const reply = respond(datagram, peer);
    if (reply === null) return;
    if (wrong.take('die', reply.step) !== null) return void stop();
    if (wrong.take('drop-replies', reply.step) !== null) return;
    const garbage = wrong.take('garbage', reply.step);
    const said = garbage === null ? reply.datagram : (garbage.bytes ?? noise());
    const delayMs = wrong.take('delay', reply.step)?.ms ?? 0;
    udp.send(said, peer, delayMs);
    if (wrong.take('duplicate', reply.step) !== null) udp.send(said, peer, delayMs);
  };
  const udp = udpPort(options.address, options.port, hear);
  const stop = async (): Promise<void> => {
    sessions.clear();
    await udp.close();
  };
  await udp.open();

  return {
    get address() {
      return udp.address;
    },
    port: udp.port,
    lan: device.lan,
    chassis: device.chassis,
    log: device.log,
    management: device.management,
    sensors: device.sensors,
    accounts: device.accounts.slots,
    fru: device.fru,
    packets: udp.packets,
    executed: () => record.executed(),
    count: (command) => record.count(command),
    logins: (user) => record.logins(user),
    unlock: (user) => record.forgive(user),
    sessions: () =>
      sessions
        .list()
        .map(({ id, handle, user, privilege, peer }) => ({ id, handle, user: user.name, privilege, peer })),
    inject: (fault) => wrong.inject(fault),
    heal: () => wrong.heal(),
    async restart() {
      await stop();
      await udp.open();
    },
    settled: async () => udp.settled(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

/** Neither RMCP nor anything else; the same each time. */
const noise = (): Buffer => Buffer.from(Array.from({ length: 48 }, (_, index) => (index * 37 + 101) & 0xff));
