import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Algorithms, AuthContext, Connection, ParsedKey, ServerChannel, Session } from 'ssh2';

/** What a real sshd would never do. A step that is not given is done as a good server does it; a command says `done`. */
export interface Manners {
  /** In place of a new ed25519 key. */
  readonly hostKeys?: readonly (string | ParsedKey)[];
  readonly algorithms?: Algorithms;
  readonly listen?: Listen;
  readonly login?: (context: AuthContext, visit: Visit) => void;
  readonly session?: (accept: () => Session, reject: () => void, visit: Visit) => void;
  readonly exec?: (accept: () => ServerChannel, reject: () => void, visit: Visit) => void;
}

/** One connection, with what ssh2 keeps to itself. */
export interface Visit {
  readonly socket: Socket;
  readonly connection: Connection;
  /** Messages without the checks that a channel makes. */
  readonly raw: {
    channelData(channel: number, data: Buffer): void;
    channelExtData(channel: number, data: Buffer, type: number): void;
    channelClose(channel: number): void;
    exitStatus(channel: number, status: number): void;
    disconnect(reason: number): void;
  };
  /** Any message: its number, and what follows. */
  readonly send: (message: Buffer) => void;
  /** Shows other keys from now on; `connection.rekey()` makes the client look. */
  readonly showOtherKeys: () => void;
}

interface Listen {
  readonly address?: string;
  readonly port?: number;
  /** Its end stays open when the client's is closed. */
  readonly clings?: boolean;
}

interface TcpServer {
  readonly address: string;
  readonly port: number;
  /** Connections that are open now. */
  open(): number;
  /** Connections there have been. */
  total(): number;
  stop(): Promise<void>;
}

export interface HostileSshd extends TcpServer {
  /** The public halves. */
  readonly hostKeys: readonly string[];
  /** Each attempt by its method; with a signature it is `publickey signed`. */
  readonly logins: readonly string[];
  readonly commands: readonly string[];
  readonly signals: readonly string[];
}

export const startHostileSshd = async (manners: Manners = {}): Promise<HostileSshd> => {
  const keys = (manners.hostKeys ?? [newHostKey()]).map(parsed);
  const logins: string[] = [];
  const commands: string[] = [];
  const signals: string[] = [];
  const settings = { hostKeys: keys.map((key) => ({ key })), algorithms: manners.algorithms ?? {} };
  const server = new ssh2.Server(settings, (connection) => {
    const visit = visitOf(connection, (name) => signals.push(name));
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      logins.push(context.method === 'publickey' && context.signature ? 'publickey signed' : context.method);
      if (manners.login) manners.login(context, visit);
      else if (context.method === 'publickey') context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept, reject) => {
      const open = (): Session => {
        const session = accept();
        session.on('exec', (acceptExec, rejectExec, { command }) => {
          commands.push(command);
          (manners.exec ?? done)(acceptExec, rejectExec, visit);
        });
        return session;
      };
      if (manners.session) manners.session(open, reject, visit);
      else open();
    });
  });
  const listener = await listening((socket) => {
    server.injectSocket(socket);
  }, manners.listen);
  return { ...listener, hostKeys: keys.map(publicLine), logins, commands, signals };
};

/** A server that takes connections and does with them as it is told. */
export const startTcp = async (onSocket: (socket: Socket) => void, listen?: Manners['listen']): Promise<TcpServer> =>
  listening((socket) => {
    onSocket(socket);
    // Only who reads learns that the other side has gone.
    socket.resume();
  }, listen);

export const newHostKey = (): string => ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private;

export const parsed = (key: string | ParsedKey): ParsedKey => {
  const result = ssh2.utils.parseKey(key);
  if (result instanceof Error) throw result;
  return result;
};

/** As in `known_hosts`, without the name. */
export const publicLine = (key: ParsedKey): string => `${key.type} ${key.getPublicSSH().toString('base64')}`;

const done = (accept: () => ServerChannel): void => {
  const channel = accept();
  channel.write('done');
  channel.exit(0);
  channel.end();
};

const listening = async (
  onSocket: (socket: Socket) => void,
  { address = '127.0.0.1', port = 0, clings = false }: Listen = {},
): Promise<TcpServer> => {
  const sockets = new Set<Socket>();
  let total = 0;
  const server = createServer({ allowHalfOpen: clings }, (socket) => {
    sockets.add(socket);
    total += 1;
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: address, port }, resolve);
  });
  return {
    address,
    port: (server.address() as AddressInfo).port, // a TCP server's is never a path
    open: () => sockets.size,
    total: () => total,
    stop: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};

/** Private members of ssh2, whose version is pinned. */
interface Internals {
  readonly _sock: Socket;
  readonly _protocol: Visit['raw'] & {
    _hostKeys: Record<string, ParsedKey>;
    readonly _handlers: { CHANNEL_REQUEST: (...args: readonly unknown[]) => void };
    readonly _packetRW: {
      readonly write: { readonly allocStart: number; alloc(length: number): Buffer; finalize(packet: Buffer): Buffer };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
  };
}

const visitOf = (connection: Connection, onSignal: (name: string) => void): Visit => {
  const { _sock: socket, _protocol: raw } = connection as unknown as Internals;
  const handle = raw._handlers.CHANNEL_REQUEST;
  // ssh2's own event is not emitted once the client has closed its end.
  raw._handlers.CHANNEL_REQUEST = (...args) => {
    if (args[2] === 'signal') onSignal(String(args[4]));
    handle(...args);
  };
  return {
    socket,
    connection,
    raw,
    send(message) {
      const { write } = raw._packetRW;
      const [start, packet] = [write.allocStart, write.alloc(message.length)];
      packet.set(message, start);
      raw._cipher.encrypt(write.finalize(packet));
    },
    showOtherKeys() {
      raw._hostKeys = Object.fromEntries(Object.keys(raw._hostKeys).map((type) => [type, parsed(newHostKey())]));
    },
  };
};
