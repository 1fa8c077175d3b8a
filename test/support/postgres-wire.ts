import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { scratch } from './parts.ts';

/** What stands between one replica and its database. */
export interface PostgresWire {
  /** The database, as it is reached over this. */
  readonly url: string;
  /** Nothing comes through any more, either way, and nobody is told; what was on its way waits. */
  cut(): void;
  /** It does again, what waited too. */
  mend(): void;
  stop(): Promise<void>;
}

const file = '.s.PGSQL.5432';

/** Over a server that is reached by its socket. */
export const postgresWire = async (databaseUrl: string): Promise<PostgresWire> => {
  const url = new URL(databaseUrl);
  const beyond = url.searchParams.get('host') ?? '';
  const here = await scratch('wire');
  const ends = new Set<Socket>();
  let isCut = false;

  const carry = (from: Socket, to: Socket): void => {
    ends.add(from);
    from.on('data', (chunk) => void to.write(chunk));
    from.on('error', () => to.destroy());
    from.once('close', () => {
      ends.delete(from);
      to.destroy();
    });
    if (isCut) from.pause();
  };
  const server = createServer((near) => {
    const far = createConnection(join(beyond, file));
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(join(here, file), resolve));
  url.searchParams.set('host', here);

  return {
    url: url.href,
    cut() {
      isCut = true;
      for (const end of ends) end.pause();
    },
    mend() {
      isCut = false;
      for (const end of ends) end.resume();
    },
    async stop() {
      for (const end of ends) end.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
