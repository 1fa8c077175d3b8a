import { Fault } from '../../domain/fault.ts';
import { ipv4Number, prefixOf } from '../../domain/ip-address.ts';
import type { CipherSuite, Ipv6Address, NetworkChannel, NetworkSetting } from '../../domain/network.ts';
import { observedNow } from '../../domain/observed.ts';
import type { CallOptions, Network } from '../../ports/controller.ts';
import {
  channelAccess,
  channelInfo,
  channelSuites,
  lanNumbers,
  presentChannel,
  setPrivilegeLimit,
  type ChannelInfo,
} from './channel.ts';
import { identityOf } from './identity.ts';
import * as lan from './lan.ts';
import {
  bracketed,
  endSet,
  lanParameter,
  lanParameters,
  setLanParameter,
  type LanParameter,
} from './lan-parameters.ts';
import type { Ipmi } from './link.ts';
import { warningsOf } from './network-warnings.ts';

export const network = (ipmi: Ipmi): Network => {
  const present = async (call: CallOptions): Promise<number | null> =>
    (await channelInfo(ipmi, presentChannel, call))?.id ?? null;

  return {
    async channels(call) {
      const inUse = await present(call);
      const channels: NetworkChannel[] = [];
      for (const number of lanNumbers) {
        const info = await channelInfo(ipmi, number, call);
        if (info !== null && info.medium !== 'no-lan') channels.push(await channelOf(ipmi, info, inUse, call));
      }
      return observedNow(channels);
    },
    async channel(number, call) {
      const info = await channelInfo(ipmi, number, call);
      if (info === null || info.medium === 'no-lan') throw new Fault('not-found', `channel ${number} is no LAN`);
      return channelOf(ipmi, info, await present(call), call);
    },
    async set(number, setting, call) {
      if (setting.privilege_limit !== undefined) await setPrivilegeLimit(ipmi, number, setting.privilege_limit, call);
      const parameters = parametersFor(setting);
      if (parameters.length === 0) return;
      await bracketed(ipmi, number, call, async () => {
        for (const [parameter, data] of parameters) await setLanParameter(ipmi, number, parameter, data, call);
      });
    },
    release: async (number, call) => endSet(ipmi, number, call),
    identity: async (call) => identityOf(ipmi, await present(call), call),
  };
};

/**
 * In an order that serves those BMCs too that heed each parameter at once: what cuts the session off comes last, and the
 * source first, for with DHCP some refuse an address.
 */
const parametersFor = ({
  ipv4 = {},
  vlan,
  community,
}: NetworkSetting): readonly (readonly [LanParameter, readonly number[]])[] => {
  const { source, address, netmask, gateway, backup_gateway: backup } = ipv4;
  const isFixed = source === undefined || source === 'static';
  const wanted: readonly [LanParameter, readonly number[] | undefined][] = [
    [lanParameters.community, community && communityBytes(community.reveal())],
    [lanParameters.addressSource, isFixed ? sourceBytes(source) : undefined],
    [lanParameters.mask, isFixed && netmask !== undefined ? addressBytes(netmask) : undefined],
    [lanParameters.gateway, isFixed && gateway !== undefined ? addressBytes(gateway) : undefined],
    [lanParameters.backupGateway, isFixed && backup !== undefined ? addressBytes(backup) : undefined],
    [lanParameters.vlanPriority, vlan ? [vlan.priority] : undefined],
    [lanParameters.vlanId, vlan === undefined ? undefined : vlan === null ? [0, 0] : vlanBytes(vlan.id)],
    [lanParameters.address, isFixed && address !== undefined ? addressBytes(address) : undefined],
    [lanParameters.addressSource, isFixed ? undefined : sourceBytes(source)],
  ];
  const given: (readonly [LanParameter, readonly number[]])[] = [];
  for (const [parameter, data] of wanted) if (data !== undefined) given.push([parameter, data]);
  return given;
};

const sourceBytes = (source: NonNullable<NetworkSetting['ipv4']>['source']): readonly number[] | undefined =>
  source === undefined ? undefined : [lan.addressSources.indexOf(source)];

const addressBytes = (address: string | null): readonly number[] => {
  const number = address === null ? 0 : ipv4Number(address);
  if (number === null) throw new Fault('invalid-input', `${JSON.stringify(address)} is no IPv4 address`);
  return [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff];
};

const vlanBytes = (id: number): readonly number[] => [id & 0xff, 0x80 | (id >> 8)];

/** Eighteen bytes, the rest of them zero. */
const communityBytes = (text: string): readonly number[] => {
  const bytes = Buffer.alloc(18);
  bytes.write(text, 'latin1');
  return [...bytes];
};

const channelOf = async (
  ipmi: Ipmi,
  info: ChannelInfo,
  inUse: number | null,
  call: CallOptions,
): Promise<NetworkChannel> => {
  const { id, medium, protocol } = info;
  if (medium === 'no-lan') throw new Fault('internal', 'a channel that is no LAN was to be read');
  const read = async <T>(parameter: LanParameter, decode: (data: Buffer) => T): Promise<T | null> => {
    const data = await lanParameter(ipmi, id, parameter, call);
    return data === null ? null : decode(data);
  };
  const both = async <T>(
    first: LanParameter,
    second: LanParameter,
    decode: (one: Buffer, other: Buffer | null) => T,
  ): Promise<T | null> => {
    const one = await lanParameter(ipmi, id, first, call);
    return one === null ? null : decode(one, await lanParameter(ipmi, id, second, call));
  };
  const netmask = await read(lanParameters.mask, lan.ipv4In);
  const channel: NetworkChannel = {
    id,
    medium,
    protocol,
    in_use: id === inUse,
    mac: await read(lanParameters.mac, lan.macIn),
    ipv4: {
      source: await read(lanParameters.addressSource, lan.sourceIn),
      address: await read(lanParameters.address, lan.ipv4In),
      netmask,
      prefix_length: netmask === null ? null : prefixOf(netmask),
      gateway: await read(lanParameters.gateway, lan.gatewayIn),
      gateway_mac: await read(lanParameters.gatewayMac, lan.macIn),
      backup_gateway: await read(lanParameters.backupGateway, lan.gatewayIn),
      backup_gateway_mac: await read(lanParameters.backupGatewayMac, lan.macIn),
      header: await read(lanParameters.header, lan.headerIn),
    },
    ipv6: await ipv6Of(ipmi, id, call),
    vlan: await both(lanParameters.vlanId, lanParameters.vlanPriority, lan.vlanIn),
    ports: {
      primary: await read(lanParameters.primaryPort, lan.portIn),
      secondary: await read(lanParameters.secondaryPort, lan.portIn),
    },
    arp: await both(lanParameters.arpControl, lanParameters.arpInterval, lan.arpIn),
    access: await channelAccess(ipmi, id, 'in-force', call),
    access_stored: await channelAccess(ipmi, id, 'stored', call),
    authentication: await both(
      lanParameters.authenticationSupport,
      lanParameters.authenticationEnables,
      lan.authenticationIn,
    ),
    cipher_suites: [...(await suitesOf(ipmi, id, call))],
    lock_out: await read(lanParameters.badPassword, lan.badPasswordIn),
    alert_destinations: await read(lanParameters.destinations, lan.countIn),
    set_in_progress: (await read(lanParameters.setInProgress, (data) => (data[0] ?? 0) & 0x03)) === 1,
    warnings: [],
  };
  return { ...channel, warnings: [...warningsOf(channel)] };
};

/** Those that the channel offers, with what each lets be done where the controller tells. */
const suitesOf = async (ipmi: Ipmi, id: number, call: CallOptions): Promise<readonly CipherSuite[]> => {
  const offered = await channelSuites(ipmi, id, call);
  const [count, entries, levels] = [
    await lanParameter(ipmi, id, lanParameters.suiteCount, call),
    await lanParameter(ipmi, id, lanParameters.suiteEntries, call),
    await lanParameter(ipmi, id, lanParameters.suitePrivileges, call),
  ];
  if (count === null || entries === null || levels === null) return offered;
  const privileges = lan.suitePrivilegesIn(count, entries, levels);
  return offered.map((suite) => {
    const limit = privileges.get(suite.id);
    // What has no entry may open sessions or not.
    return limit === undefined ? suite : { ...suite, enabled: limit !== null, privilege_limit: limit };
  });
};

const ipv6Of = async (ipmi: Ipmi, id: number, call: CallOptions): Promise<NetworkChannel['ipv6']> => {
  const support = await lanParameter(ipmi, id, lanParameters.ipv6Support, call);
  if (support === null || ((support[0] ?? 0) & 0x03) === 0) return null;
  const mode = await lanParameter(ipmi, id, lanParameters.ipv6Enables, call);
  const status = await lanParameter(ipmi, id, lanParameters.ipv6Status, call);
  const { fixed, dynamic } = status === null ? { fixed: 0, dynamic: 0 } : lan.ipv6CountsIn(status);
  const addresses: Ipv6Address[] = [];
  for (const [parameter, count] of [
    [lanParameters.ipv6Static, fixed],
    [lanParameters.ipv6Dynamic, dynamic],
  ] as const) {
    for (let set = 0; set < count; set += 1) {
      const data = await lanParameter(ipmi, id, parameter, call, set);
      const address = data === null ? null : lan.ipv6In(data, parameter === lanParameters.ipv6Static);
      if (address !== null) addresses.push(address);
    }
  }
  return { mode: mode === null ? 'unknown' : lan.ipv6ModeIn(mode), addresses };
};
