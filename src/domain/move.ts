import { Fault } from './fault.ts';
import { ipv4Number, prefixOf } from './ip-address.ts';
import type { NetworkChannel, NetworkSetting } from './network.ts';

/** The settings that a change of the network may touch, and so may have to put back. */
export type NetworkState = Omit<NetworkSetting, 'community'>;

/** What a change asks for. The community is no part of it: it is never read, and never kept. */
export const stateIn = ({ community: _never, ...rest }: NetworkSetting): NetworkState => rest;

/** What a channel has now, as far as it tells; for putting back. */
export const stateOf = ({ ipv4, vlan, access, access_stored: stored }: NetworkChannel): NetworkState => {
  const limit = (stored ?? access)?.privilege_limit ?? null;
  const isSettable = ipv4.source === 'static' || ipv4.source === 'dhcp';
  return {
    ipv4: {
      ...(isSettable && ipv4.source !== null && { source: ipv4.source }),
      ...(ipv4.address !== null && { address: ipv4.address }),
      ...(ipv4.netmask !== null && { netmask: ipv4.netmask }),
      gateway: ipv4.gateway,
      backup_gateway: ipv4.backup_gateway,
    },
    vlan: vlan === null ? null : { id: vlan.id, priority: vlan.priority ?? 0 },
    ...(limit !== null && { privilege_limit: limit }),
  };
};

/** The members of a wanted state that a channel does not have. What DHCP assigns is not compared. */
export const differing = (wanted: NetworkState, channel: NetworkChannel): readonly string[] => {
  const now = stateOf(channel);
  const isAssigned = (wanted.ipv4?.source ?? now.ipv4?.source) === 'dhcp';
  const ipv4 = Object.entries(wanted.ipv4 ?? {})
    .filter(([key]) => key === 'source' || !isAssigned)
    .filter(([key, value]) => now.ipv4?.[key as keyof NonNullable<NetworkState['ipv4']>] !== value)
    .map(([key]) => `ipv4.${key}`);
  return [
    ...ipv4,
    ...(wanted.vlan !== undefined && !isSameVlan(wanted.vlan, now.vlan) ? ['vlan'] : []),
    ...(wanted.privilege_limit !== undefined && wanted.privilege_limit !== now.privilege_limit
      ? ['access.privilege_limit']
      : []),
  ];
};

const isSameVlan = (one: NetworkState['vlan'], other: NetworkState['vlan']): boolean =>
  one?.id === other?.id && one?.priority === other?.priority;

/** Of what was before, what the change touched and the channel no longer has: to be put back. Null: nothing. */
export const restoring = (before: NetworkState, wanted: NetworkState, channel: NetworkChannel): NetworkState | null => {
  const gone = differing(before, channel);
  const ipv4 = Object.entries(before.ipv4 ?? {}).filter(
    ([key]) => isTouched(wanted, key) && gone.includes(`ipv4.${key}`),
  );
  const rest: NetworkState = {
    ...(ipv4.length > 0 && { ipv4: Object.fromEntries(ipv4) }),
    ...(wanted.vlan !== undefined && before.vlan !== undefined && gone.includes('vlan') && { vlan: before.vlan }),
    ...(wanted.privilege_limit !== undefined &&
      before.privilege_limit !== undefined &&
      gone.includes('access.privilege_limit') && { privilege_limit: before.privilege_limit }),
  };
  return Object.keys(rest).length === 0 ? null : rest;
};

/** Another source may have brought other addresses along. */
const isTouched = ({ ipv4 = {} }: NetworkState, key: string): boolean =>
  key in ipv4 || (ipv4.source !== undefined && Object.hasOwn({ address: 0, netmask: 0, gateway: 0 }, key));

/**
 * Holds what is wanted of IPv4, together with what there is, to what a host may have. Faults: `invalid-input`, naming the
 * member.
 */
export const mustFit = (wanted: NetworkState, before: NetworkState): void => {
  const { source, address, netmask, gateway } = { ...before.ipv4, ...wanted.ipv4 };
  if (wanted.ipv4 === undefined) return;
  if (source === 'dhcp' && wanted.ipv4.source === undefined)
    throw new Fault('invalid-input', 'ipv4.source: its addresses come by DHCP, so say static to set them');
  if (source === 'dhcp' && wanted.ipv4.address === undefined)
    throw new Fault('invalid-input', 'ipv4.address: say where it will be found, the address that DHCP keeps for it');
  if (source === 'dhcp') return;
  const [host, mask, via] = [numberOf(address), numberOf(netmask), gateway == null ? null : numberOf(gateway)];
  if (host === null) throw new Fault('invalid-input', 'ipv4.address: the controller tells none, so give one');
  if (mask === null) throw new Fault('invalid-input', 'ipv4.netmask: the controller tells none, so give one');
  const prefix = prefixOf(netmask ?? '');
  if (prefix === null) throw new Fault('invalid-input', 'ipv4.netmask: its ones do not come first');
  if (prefix < 1 || prefix > 30) throw new Fault('invalid-input', 'ipv4.netmask: must have 1 to 30 ones');
  const [first, size] = [host - (host % 2 ** (32 - prefix)), 2 ** (32 - prefix)];
  if (host === first || host === first + size - 1)
    throw new Fault('invalid-input', `ipv4.address: ${address ?? ''} stands for its whole subnet`);
  if (via === null) return;
  if (via < first || via >= first + size)
    throw new Fault('invalid-input', `ipv4.gateway: ${gateway ?? ''} lies outside of the subnet of ${address ?? ''}`);
  if (via === host) throw new Fault('invalid-input', 'ipv4.gateway: is the address itself');
};

const numberOf = (text: string | undefined): number | null => (text === undefined ? null : ipv4Number(text));
