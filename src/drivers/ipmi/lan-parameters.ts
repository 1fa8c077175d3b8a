import { Fault } from '../../domain/fault.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';

/** Of the LAN configuration (IPMI 2.0 table 23-4). */
export const lanParameters = {
  setInProgress: 0,
  authenticationSupport: 1,
  authenticationEnables: 2,
  address: 3,
  addressSource: 4,
  mac: 5,
  mask: 6,
  header: 7,
  primaryPort: 8,
  secondaryPort: 9,
  arpControl: 10,
  arpInterval: 11,
  gateway: 12,
  gatewayMac: 13,
  backupGateway: 14,
  backupGatewayMac: 15,
  community: 16,
  destinations: 17,
  destinationType: 18,
  destinationAddress: 19,
  vlanId: 20,
  vlanPriority: 21,
  suiteCount: 22,
  suiteEntries: 23,
  suitePrivileges: 24,
  badPassword: 26,
  ipv6Support: 50,
  ipv6Enables: 51,
  ipv6Status: 55,
  ipv6Static: 56,
  ipv6Dynamic: 59,
} as const;
export type LanParameter = (typeof lanParameters)[keyof typeof lanParameters];

/** Completion codes of these two commands alone (IPMI 2.0 tables 23-2 and 23-3). */
const unsupported = 0x80;
const readOnly = 0x82;
const writeOnly = 0x83;

/**
 * The data of a parameter, without its revision; null where the controller has none to show. A BMC may say so by the
 * code for it, or as it does for any field that it does not know.
 */
export const lanParameter = async (
  ipmi: Ipmi,
  channel: number,
  parameter: LanParameter,
  call: CallOptions,
  set = 0,
): Promise<Buffer | null> => {
  const answer = await ipmi.ask({ netfn: 0x0c, command: 0x02, data: [channel, parameter, set, 0] }, call);
  if (absent.has(answer.completion)) return null;
  return done(answer, 'Get LAN Configuration Parameters', 1).subarray(1);
};

const absent: ReadonlySet<number> = new Set([unsupported, writeOnly, 0xc9, 0xcb, 0xcc]);

/** Sent once. Faults: `controller-refused`, `controller-unsupported`, `outcome-unknown`. */
export const setLanParameter = async (
  ipmi: Ipmi,
  channel: number,
  parameter: LanParameter,
  data: readonly number[],
  call: CallOptions,
): Promise<void> => {
  // The community is a password to whoever listens for traps.
  const isSecret = parameter === lanParameters.community;
  const message = { netfn: 0x0c, command: 0x01, data: [channel, parameter, ...data], ...(isSecret && { isSecret }) };
  const answer = await ipmi.tell(message, call);
  if (answer.completion === unsupported)
    throw new Fault('controller-unsupported', `${nameOf(parameter)}: the controller has no such parameter`);
  if (answer.completion === readOnly)
    throw new Fault('controller-unsupported', `${nameOf(parameter)}: the controller does not let it be set`);
  done(answer, `Set LAN Configuration Parameters, ${nameOf(parameter)}`);
};

/**
 * Begins to set, does it, and ends it, also after a failure: a BMC that was left in the middle refuses whoever comes next.
 * One that somebody else left so is gone on with, for no other change of ours runs there: to end it first would put in
 * force what was left half done. A BMC without this parameter goes without.
 */
export const bracketed = async (
  ipmi: Ipmi,
  channel: number,
  call: CallOptions,
  work: () => Promise<void>,
): Promise<void> => {
  const mark = async (state: number): Promise<number> =>
    (await ipmi.tell({ netfn: 0x0c, command: 0x01, data: [channel, lanParameters.setInProgress, state] }, call))
      .completion;
  const first = await mark(beginning);
  const failed = await work().then(
    // One that can roll back drops at the end what was not committed (ipmi_sim does); the others refuse this, or pass it over.
    async () => mark(committing).then(() => null, unanswered),
    unanswered,
  );
  // It may have gone with its answer to this, having taken the new address at once: where it is now tells.
  const ended = await mark(complete).then((completion) => ({ completion }), unanswered);
  if (failed !== null) throw failed.fault;
  if ('fault' in ended) throw ended.fault;
  if (ended.completion !== 0 && first !== unsupported)
    done({ completion: ended.completion, data: Buffer.alloc(0) }, 'Set LAN Configuration Parameters, set complete');
};

/** Ends what somebody began. Sent once. */
export const endSet = async (ipmi: Ipmi, channel: number, call: CallOptions): Promise<void> =>
  setLanParameter(ipmi, channel, lanParameters.setInProgress, [complete], call);

const complete = 0;
const beginning = 1;
const committing = 2;

const unanswered = (fault: unknown): { readonly fault: unknown } => ({ fault });

const nameOf = (parameter: LanParameter): string =>
  (Object.entries(lanParameters).find(([, number]) => number === parameter)?.[0] ?? '').replaceAll(
    /[A-Z]/g,
    (letter) => ` ${letter.toLowerCase()}`,
  );
