import type { NetworkChannel } from '../../domain/network.ts';

/** What of a channel leaves a door open, or was left undone. */
export const warningsOf = ({
  cipher_suites: suites,
  authentication,
  access,
  access_stored: stored,
  ipv4,
  set_in_progress: isBeingSet,
}: NetworkChannel): readonly string[] => {
  const isOpen = suites.some(({ id, enabled }) => id === 0 && enabled !== false);
  const bare = Object.entries(authentication?.enabled ?? {}).filter(([, types]) => types.includes('none'));
  return [
    ...(isOpen ? ['cipher suite 0 is offered: whoever knows the name of an account gets in without its password'] : []),
    ...(bare.length === 0
      ? []
      : [`IPMI 1.5 lets ${bare.map(([level]) => level).join(', ')} in without a password (type none)`]),
    ...(access !== null && stored !== null && access.privilege_limit !== stored.privilege_limit
      ? [`its privilege limit will be ${stored.privilege_limit ?? 'none'} after the controller has started anew`]
      : []),
    ...(ipv4.netmask !== null && ipv4.prefix_length === null ? ['the ones of its mask do not come first'] : []),
    ...(isBeingSet ? ['somebody began to set it and has not ended'] : []),
  ];
};
