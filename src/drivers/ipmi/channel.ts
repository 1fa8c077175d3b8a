import { Fault } from '../../domain/fault.ts';
import type { ChannelAccess, CipherSuite } from '../../domain/network.ts';
import type { PrivilegeLimit } from '../../domain/privilege-limit.ts';
import type { CallOptions } from '../../ports/controller.ts';
import { levelOf, privilegeIn } from './lan.ts';
import type { Ipmi } from './link.ts';
import { done, type Answer } from './message.ts';

export interface ChannelInfo {
  readonly id: number;
  readonly medium: 'lan' | 'other-lan' | 'no-lan';
  readonly protocol: string;
}

/** In place of a channel's number: the one that the question comes over. */
export const presentChannel = 0x0e;
/** Numbers of channels that may be a LAN: 0 is the primary IPMB, Fh the system interface (IPMI 2.0 table 6-1). */
export const lanNumbers: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/** Get Channel Info (IPMI 2.0 §22.24); null for a channel that is not there. */
export const channelInfo = async (ipmi: Ipmi, channel: number, call: CallOptions): Promise<ChannelInfo | null> => {
  const answer = await ipmi.ask({ netfn: 0x06, command: 0x42, data: [channel] }, call);
  if (isAbsent(answer)) return null;
  return channelInfoIn(done(answer, 'Get Channel Info', 4));
};

/** A number out of range, no such thing, an invalid field: BMCs differ in how they say that there is no such channel. */
const isAbsent = ({ completion }: Answer): boolean => completion === 0xc9 || completion === 0xcb || completion === 0xcc;

export const channelInfoIn = (data: Buffer): ChannelInfo => {
  const [id = 0, medium = 0, protocol = 0] = data;
  if (data.length < 4) throw new Fault('controller-garbled', 'the controller gave no channel');
  return {
    id: id & 0x0f,
    medium: media[medium & 0x7f] ?? 'no-lan',
    protocol: protocols[protocol & 0x1f] ?? 'other',
  };
};

/** IPMI 2.0 table 6-3. */
const media: Readonly<Record<number, ChannelInfo['medium']>> = { 4: 'lan', 6: 'other-lan' };

/** IPMI 2.0 table 6-2. */
const protocols: Readonly<Record<number, string>> = {
  ...{ 0: 'none', 1: 'ipmb', 2: 'icmb', 4: 'smbus', 5: 'kcs', 6: 'smic', 7: 'bt-10', 8: 'bt-15', 9: 'terminal' },
};

/** Of two settings, the one in force, and the one that the controller starts with. */
export type Settings = 'stored' | 'in-force';
const selection = { stored: 0x40, 'in-force': 0x80 } as const satisfies Record<Settings, number>;

/** Get Channel Access (IPMI 2.0 §22.23); null where the controller does not tell. */
export const channelAccess = async (
  ipmi: Ipmi,
  channel: number,
  which: Settings,
  call: CallOptions,
): Promise<ChannelAccess | null> => {
  const answer = await ipmi.ask({ netfn: 0x06, command: 0x41, data: [channel, selection[which]] }, call);
  // 82h: the command does not fit the channel.
  if (isAbsent(answer) || answer.completion === 0x82) return null;
  return channelAccessIn(done(answer, 'Get Channel Access', 2));
};

/** The flags say what is off. */
export const channelAccessIn = (data: Buffer): ChannelAccess => {
  if (data.length < 2) throw new Fault('controller-garbled', 'the controller gave no access');
  const flags = data.readUInt8(0);
  return {
    mode: (['disabled', 'pre-boot', 'always', 'shared'] as const)[flags & 0x07] ?? 'unknown',
    privilege_limit: privilegeIn(data.readUInt8(1) & 0x0f),
    alerting: (flags & 0x20) === 0,
    per_message_authentication: (flags & 0x10) === 0,
    user_level_authentication: (flags & 0x08) === 0,
  };
};

/** Set Channel Access (IPMI 2.0 §22.22), of the limit alone: what a session over the channel may do at most. */
export const setPrivilegeLimit = async (
  ipmi: Ipmi,
  channel: number,
  limit: PrivilegeLimit,
  call: CallOptions,
): Promise<void> => {
  // What is kept first: a limit in force may end the session that sends it.
  for (const which of ['stored', 'in-force'] as const) {
    const data = [channel, 0x00, selection[which] | levelOf(limit)];
    done(await ipmi.tell({ netfn: 0x06, command: 0x40, data }, call), 'Set Channel Access');
  }
};

/** Get Channel Cipher Suites (IPMI 2.0 §22.15), by suite and for IPMI; empty where the controller does not tell. */
export const channelSuites = async (
  ipmi: Ipmi,
  channel: number,
  call: CallOptions,
): Promise<readonly CipherSuite[]> => {
  const pieces: Buffer[] = [];
  for (let index = 0; index < mostPieces; index += 1) {
    const answer = await ipmi.ask({ netfn: 0x06, command: 0x54, data: [channel, 0x00, 0x80 | index] }, call);
    if (isAbsent(answer) || answer.completion === 0xc1) break;
    const piece = done(answer, 'Get Channel Cipher Suites', 1).subarray(1);
    pieces.push(piece);
    if (piece.length < bytesPerPiece) break;
  }
  return suitesIn(Buffer.concat(pieces));
};

/** The list is read sixteen bytes at a time, by a number of six bits. */
const bytesPerPiece = 16;
const mostPieces = 64;

const algorithms: Readonly<Record<'authentication' | 'integrity' | 'confidentiality', readonly string[]>> = {
  authentication: ['none', 'hmac-sha1', 'hmac-md5', 'hmac-sha256'],
  integrity: ['none', 'hmac-sha1-96', 'hmac-md5-128', 'md5-128', 'hmac-sha256-128'],
  confidentiality: ['none', 'aes-cbc-128', 'xrc4-128', 'xrc4-40'],
};

/**
 * The records (IPMI 2.0 table 22-18): C0h and an id, or C1h, an id and the maker's number; then algorithms, whose upper two
 * bits tell which of the three they are. Those of a maker's own are no suites of the specification, and are passed over.
 */
export const suitesIn = (data: Buffer): readonly CipherSuite[] => {
  const suites: CipherSuite[] = [];
  for (let at = 0; at < data.length;) {
    const start = data.readUInt8(at);
    if (start !== 0xc0 && start !== 0xc1) throw new Fault('controller-garbled', 'the list of cipher suites is broken');
    const head = start === 0xc0 ? 2 : 5;
    if (at + head > data.length) throw new Fault('controller-garbled', 'the list of cipher suites ends too soon');
    const id = data.readUInt8(at + 1);
    at += head;
    const tags: number[] = [];
    while (at < data.length && (data.readUInt8(at) & 0xc0) !== 0xc0) {
      tags.push(data.readUInt8(at));
      at += 1;
    }
    if (start === 0xc0 && !suites.some((suite) => suite.id === id)) suites.push(suiteOf(id, tags));
  }
  return suites;
};

const suiteOf = (id: number, tags: readonly number[]): CipherSuite => {
  const named = (kind: number, names: readonly string[]): string | null => {
    const tag = tags.find((one) => one >> 6 === kind);
    return tag === undefined ? null : (names[tag & 0x3f] ?? `number ${tag & 0x3f}`);
  };
  return {
    id,
    authentication: named(0, algorithms.authentication),
    integrity: named(1, algorithms.integrity),
    confidentiality: named(2, algorithms.confidentiality),
    enabled: null,
    privilege_limit: null,
  };
};
