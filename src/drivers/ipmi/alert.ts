import { isIPv4 } from 'node:net';
import type { AlertDestination, AlertResult, AlertSetting } from '../../domain/alert-destination.ts';
import { Fault } from '../../domain/fault.ts';
import { ipv4Number, ipv4Text, ipv6Text, macText } from '../../domain/ip-address.ts';
import { observedNow } from '../../domain/observed.ts';
import type { Alerts, CallOptions } from '../../ports/controller.ts';
import { channelInfo, presentChannel } from './channel.ts';
import { countIn } from './lan.ts';
import { bracketed, lanParameter, lanParameters, setLanParameter } from './lan-parameters.ts';
import type { Ipmi } from './link.ts';
import { done } from './message.ts';

export const alerts = (ipmi: Ipmi): Alerts => {
  const numberOf = async (channel: number | null, call: CallOptions): Promise<number> => {
    const info = await channelInfo(ipmi, channel ?? presentChannel, call);
    if (info === null || info.medium === 'no-lan') throw new Fault('not-found', `channel ${channel ?? ''} is no LAN`);
    return info.id;
  };
  const countOf = async (channel: number, call: CallOptions): Promise<number> => {
    const count = await lanParameter(ipmi, channel, lanParameters.destinations, call);
    return count === null ? 0 : countIn(count);
  };
  const one = async (channel: number, id: number, call: CallOptions): Promise<AlertDestination> => {
    const [type, address] = [
      await lanParameter(ipmi, channel, lanParameters.destinationType, call, id),
      await lanParameter(ipmi, channel, lanParameters.destinationAddress, call, id),
    ];
    if (type === null || address === null) throw new Fault('not-found', `there is no alert destination ${id}`);
    return { id, channel, ...typeIn(type, id), ...addressIn(address, id) };
  };
  const existing = async (channel: number | null, id: number, call: CallOptions): Promise<number> => {
    const number = await numberOf(channel, call);
    const count = await countOf(number, call);
    if (id > count) throw new Fault('not-found', `channel ${number} has ${count} alert destinations`);
    return number;
  };

  return {
    async list(channel, call) {
      const number = await numberOf(channel, call);
      const count = await countOf(number, call);
      const destinations: AlertDestination[] = [];
      for (let id = 1; id <= count; id += 1) destinations.push(await one(number, id, call));
      return observedNow(destinations);
    },
    get: async (channel, id, call) => observedNow(await one(await existing(channel, id, call), id, call)),
    async set(channel, id, setting, call) {
      const number = await existing(channel, id, call);
      await bracketed(ipmi, number, call, async () => {
        await setLanParameter(ipmi, number, lanParameters.destinationType, [id, ...typeBytes(setting)], call);
        await setLanParameter(ipmi, number, lanParameters.destinationAddress, [id, ...addressBytes(setting)], call);
      });
      const now = await one(number, id, call).catch((cause: unknown) => {
        throw new Fault('outcome-unknown', 'it was accepted, and could not be read back', { cause });
      });
      const odd = Object.entries(setting).find(([key, value]) => now[key as keyof AlertSetting] !== value);
      if (odd !== undefined)
        throw new Fault('controller-refused', `it accepted the destination and kept another ${odd[0]}`);
      return now;
    },
    async test(channel, id, call) {
      const number = await existing(channel, id, call);
      const { address } = await one(number, id, call);
      if (address === null) throw new Fault('conflict', `alert destination ${id} has no address`);
      // An end that an earlier test had would be taken for this one's.
      await ipmi.tell(immediate(number, clearing | id), call);
      const answer = await ipmi.tell(immediate(number, id), call);
      const why = refusals[answer.completion];
      if (why !== undefined) throw new Fault('controller-refused', why);
      done(answer, 'Alert Immediate');
      return ended(ipmi, number, id, call);
    },
  };
};

/** Alert Immediate (IPMI 2.0 §30.7): the upper two bits tell what of it; no string goes with it. */
const immediate = (channel: number, selector: number) => ({ netfn: 0x04, command: 0x16, data: [channel, selector, 0] });
const asking = 0x40;
const clearing = 0x80;

const refusals: Readonly<Record<number, string>> = {
  0x81: 'another alert is under way',
  0x82: 'it sends no alert while somebody has a session over that channel',
};

const results: Readonly<Record<number, AlertResult>> = { 1: 'sent', 2: 'undelivered', 3: 'unanswered' };
const pending = 0xff;

/** Asked until it is known; who has no status to show has accepted the test all the same. */
const ended = async (ipmi: Ipmi, channel: number, id: number, call: CallOptions): Promise<AlertResult> => {
  for (let tries = 0; tries < statusTries; tries += 1) {
    const answer = await ipmi.ask(immediate(channel, asking | id), call);
    if (answer.completion !== 0) return 'untold';
    const [status = 0] = answer.data;
    if (status !== pending) return results[status] ?? 'untold';
    await new Promise((resolve) => setTimeout(resolve, statusMs));
    if (call.signal.aborted) break;
  }
  return 'pending';
};
const statusMs = 500;
const statusTries = 20;

const kinds: Readonly<Record<number, AlertDestination['kind']>> = { 0: 'trap', 6: 'oem-1', 7: 'oem-2' };

const checked = (data: Buffer, id: number, bytes: number): Buffer => {
  if (data.length < bytes || (data.readUInt8(0) & 0x0f) !== id)
    throw new Fault('controller-garbled', `it answered with something else than alert destination ${id}`);
  return data;
};

/** Parameter 18 (IPMI 2.0 table 23-4): selector, type, seconds, retries. */
export const typeIn = (
  data: Buffer,
  id: number,
): Pick<AlertDestination, 'kind' | 'acknowledged' | 'interval_seconds' | 'retries'> => {
  const bytes = checked(data, id, 4);
  const type = bytes.readUInt8(1);
  return {
    kind: kinds[type & 0x07] ?? 'other',
    acknowledged: (type & 0x80) !== 0,
    interval_seconds: bytes.readUInt8(2),
    retries: bytes.readUInt8(3) & 0x07,
  };
};

const typeBytes = ({ acknowledged, interval_seconds: seconds, retries }: AlertSetting): readonly number[] => [
  acknowledged ? 0x80 : 0x00,
  seconds,
  retries,
];

/** Parameter 19: selector, format, then for IPv4 gateway, address and MAC address, for IPv6 the address alone. */
export const addressIn = (data: Buffer, id: number): Pick<AlertDestination, 'address' | 'mac' | 'gateway'> => {
  const format = checked(data, id, 2).readUInt8(1) >> 4;
  if (format === 1) {
    const address = ipv6Text(checked(data, id, 18).subarray(2));
    return { address: address === '::' ? null : address, mac: null, gateway: 'default' };
  }
  if (format !== 0) throw new Fault('controller-garbled', `alert destination ${id} has an address of an unknown kind`);
  const bytes = checked(data, id, 13);
  const [address, mac] = [ipv4Text(bytes.subarray(3)), macText(bytes.subarray(7))];
  return {
    address: address === '0.0.0.0' ? null : address,
    mac: mac === '00:00:00:00:00:00' ? null : mac,
    gateway: (bytes.readUInt8(2) & 0x01) === 0 ? 'default' : 'backup',
  };
};

const addressBytes = ({ address, mac, gateway }: AlertSetting): readonly number[] => {
  if (address !== null && !isIPv4(address))
    throw new Fault('controller-unsupported', 'an alert destination is set to an IPv4 address alone');
  const number = address === null ? 0 : (ipv4Number(address) ?? 0);
  const octets = [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff];
  const macBytes = mac === null ? [0, 0, 0, 0, 0, 0] : mac.split(':').map((byte) => parseInt(byte, 16));
  return [0x00, gateway === 'backup' ? 1 : 0, ...octets, ...macBytes];
};
