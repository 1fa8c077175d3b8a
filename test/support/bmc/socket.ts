import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Peer } from './sessions.ts';

/** An endpoint of UDP that can be closed and opened again on its port. */
export interface UdpPort {
  readonly address: string;
  readonly port: number;
  readonly packets: { readonly received: number; readonly sent: number };
  open(): Promise<void>;
  /** Sends now, or later by a delay; what has not gone when the port closes never goes. */
  send(datagram: Buffer, peer: Peer, delayMs: number): void;
  close(): Promise<void>;
  /** Goes to another address, on the same port, or (null) to none; not if it is closed or moved anew before. */
  move(address: string | null, move: Move): void;
  settled(): Promise<void>;
}

export interface Move {
  /** How long it takes. */
  readonly ms: number;
  /** Whether it stays open where it is until then. */
  readonly stays: boolean;
}

const answerMs = 5;

/** `port` 0 takes a free one, and keeps it. */
export const udpPort = (first: string, port: number, hear: (datagram: Buffer, peer: Peer) => void): UdpPort => {
  const packets = { received: 0, sent: 0 };
  const delayed = new Set<NodeJS.Timeout>();
  let bound = port;
  let address = first;
  let moving: NodeJS.Timeout | null = null;
  let socket: Socket | null = null;

  const open = async (): Promise<void> => {
    if (socket !== null) return;
    const opening = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    try {
      opening.bind(bound, address);
      await once(opening, 'listening');
    } catch (error) {
      opening.close();
      throw error;
    }
    bound = opening.address().port;
    opening.on('error', () => undefined);
    opening.on('message', (datagram, peer) => {
      packets.received += 1;
      hear(datagram, peer);
    });
    socket = opening;
  };

  const shut = async (): Promise<void> => {
    const closing = socket;
    socket = null;
    for (const timer of delayed) clearTimeout(timer);
    delayed.clear();
    if (closing === null) return;
    const closed = once(closing, 'close');
    closing.close();
    await closed;
  };

  const sendNow = (datagram: Buffer, peer: Peer): void => {
    // Nothing can be sent to port 0, from which anybody may send.
    if (socket === null || peer.port === 0) return;
    packets.sent += 1;
    // A peer that has gone is no concern of a BMC.
    socket.send(datagram, peer.port, peer.address, () => undefined);
  };

  return {
    get address() {
      return address;
    },
    get port() {
      return bound;
    },
    packets,
    open,
    send(datagram, peer, delayMs) {
      if (delayMs === 0) {
        sendNow(datagram, peer);
        return;
      }
      const timer = setTimeout(() => {
        delayed.delete(timer);
        sendNow(datagram, peer);
      }, delayMs);
      delayed.add(timer);
    },
    async close() {
      if (moving !== null) clearTimeout(moving);
      moving = null;
      await shut();
    },
    async settled() {
      while (moving !== null) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    move(to, { ms, stays }) {
      if (moving !== null) clearTimeout(moving);
      const arrive = async (): Promise<void> => {
        await shut();
        address = to ?? address;
        if (to !== null) await open();
        moving = null;
      };
      // What was answered has to go first.
      const leave = async (): Promise<void> => {
        if (!stays) await shut();
        moving = setTimeout(() => void arrive(), ms);
      };
      moving = setTimeout(() => void leave(), answerMs);
    },
  };
};
