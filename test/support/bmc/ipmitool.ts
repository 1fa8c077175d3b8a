import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Said {
  /** Null when a signal ended it. */
  readonly rc: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How ipmitool is told to log in; each has a default that succeeds at a simulator with default options. */
export interface Options {
  readonly user?: string;
  readonly password?: string;
  /** Null leaves the choice to ipmitool. */
  readonly suite?: number | null;
  readonly privilege?: 'USER' | 'OPERATOR' | 'ADMINISTRATOR';
  readonly retries?: number;
  readonly isVerbose?: boolean;
  /** Kills it, without a chance to close its session. */
  readonly signal?: AbortSignal;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Debian's ipmitool, in a home of its own, which disposing removes. */
export interface Ipmitool extends AsyncDisposable {
  run(at: Endpoint, words: readonly string[], options?: Options): Promise<Said>;
}

/** The words before the command, without address and port. */
export const loginWords = ({ user = 'admin', suite = 17, privilege, retries = 2, isVerbose }: Options): string[] => [
  ...['-U', user, '-E'],
  ...(suite === null ? [] : ['-C', String(suite)]),
  ...['-L', privilege ?? 'ADMINISTRATOR', '-N', '1', '-R', String(retries)],
  ...(isVerbose === true ? ['-v'] : []),
];

/** The home has a short list of vendors: the long one takes 20 ms of CPU to read at each start. */
export const ipmitool = async (): Promise<Ipmitool> => {
  const home = await mkdtemp(join(tmpdir(), 'igor-ipmitool-'));
  const folder = join(home, '.local/usr/share/misc');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'enterprise-numbers.txt'), vendors);
  return {
    async run({ address, port }, words, options = {}) {
      const args = ['-I', 'lanplus', '-H', address, '-p', String(port), ...loginWords(options), ...words];
      const env = { LANG: 'C', HOME: home, IPMITOOL_PASSWORD: options.password ?? 'adm1n-Secret' };
      const { signal = AbortSignal.timeout(20_000) } = options;
      const settings = { env, signal, killSignal: 'SIGKILL', encoding: 'latin1' } as const;
      return new Promise((resolve) => {
        const child = execFile('/usr/bin/ipmitool', args, settings, (error, stdout, stderr) => {
          const rc = error === null ? 0 : error.code;
          resolve({ rc: typeof rc === 'number' ? rc : null, stdout, stderr });
        });
        child.stdin?.end();
      });
    },
    [Symbol.asyncDispose]: async () => rm(home, { recursive: true }),
  };
};

const vendors = `PRIVATE ENTERPRISE NUMBERS

0
  Reserved
    IANA
      iana&iana.org
`;
