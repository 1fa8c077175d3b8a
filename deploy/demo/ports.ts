import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

export type Protocol = 'tcp' | 'udp';

/** Whether something could listen there now. */
export const isFree = async (protocol: Protocol, address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    if (protocol === 'udp') {
      // Without `reuseAddr`: ipmi_sim sets it, and two of them would share the port.
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.once('error', () => resolve(false));
      socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
    } else {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
    }
  });

/** A port of 127.0.0.1 that nothing listens on, below those that the kernel gives to outgoing connections. */
export const freePort = async (protocol: Protocol): Promise<number> => {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(protocol, '127.0.0.1', port)) return port;
  }
  throw new Error(`no free ${protocol} port between 20000 and 32000`);
};
