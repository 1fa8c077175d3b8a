import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Peer } from './sessions.ts';

/** An endpoint of UDP that can be closed and opened again on its port. */
export interface UdpPort {
  readonly port: number;
  readonly packets: { readonly received: number; readonly sent: number };
  open(): Promise<void>;
  /** Sends now, or later by a delay; what has not gone when the port closes never goes. */
  send(datagram: Buffer, peer: Peer, delayMs: number): void;
  close(): Promise<void>;
}

/** `port` 0 takes a free one, and keeps it. */
export const udpPort = (address: string, port: number, hear: (datagram: Buffer, peer: Peer) => void): UdpPort => {
  const packets = { received: 0, sent: 0 };
  const delayed = new Set<NodeJS.Timeout>();
  let bound = port;
  let socket: Socket | null = null;

  const sendNow = (datagram: Buffer, peer: Peer): void => {
    // Nothing can be sent to port 0, from which anybody may send.
    if (socket === null || peer.port === 0) return;
    packets.sent += 1;
    // A peer that has gone is no concern of a BMC.
    socket.send(datagram, peer.port, peer.address, () => undefined);
  };

  return {
    get port() {
      return bound;
    },
    packets,
    async open() {
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
    },
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
      const closing = socket;
      socket = null;
      for (const timer of delayed) clearTimeout(timer);
      delayed.clear();
      if (closing === null) return;
      const closed = once(closing, 'close');
      closing.close();
      await closed;
    },
  };
};
