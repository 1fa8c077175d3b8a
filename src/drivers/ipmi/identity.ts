import type { CallOptions } from '../../ports/controller.ts';
import { macIn } from './lan.ts';
import { lanParameter, lanParameters } from './lan-parameters.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';

/**
 * What tells this BMC from every other: its GUID together with its MAC address, for some makers give all boards one GUID.
 * Null where it shows neither.
 */
export const identityOf = async (ipmi: Ipmi, channel: number | null, call: CallOptions): Promise<string | null> => {
  // Of the system, which every IPMI 2.0 BMC should have for logins; else of the device (IPMI 2.0 §22.14, §20.8).
  const guid = (await guidBy(ipmi, 0x37, call)) ?? (await guidBy(ipmi, 0x08, call));
  const data = channel === null ? null : await lanParameter(ipmi, channel, lanParameters.mac, call);
  const mac = data === null ? null : macIn(data);
  return guid === null && mac === null ? null : `${guid ?? ''}/${mac ?? ''}`;
};

const guidBy = async (ipmi: Ipmi, command: number, call: CallOptions): Promise<string | null> => {
  const answer = await ipmi.ask({ netfn: 0x06, command }, call);
  if (answer.completion !== 0) return null;
  const guid = done(answer, 'Get GUID', 16).subarray(0, 16).toString('hex');
  return /^(00|ff)+$/.test(guid) ? null : guid;
};
