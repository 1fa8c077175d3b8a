import { spawn } from 'node:child_process';
import { markOf } from './orphans.ts';
import { lines } from './lines.ts';
import { mostInLine, type News, type Order } from './warden-words.ts';

export interface Warden {
  /** Goes out together with the others of the same moment. */
  order(order: Order): void;
  /** To be put in the environment of each shell. */
  readonly mark: Readonly<Record<string, string>>;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Has every shell close its session, and ends. */
  end(): Promise<void>;
}

export interface WardenSetup {
  readonly file: string;
  readonly execArgv: readonly string[];
  readonly mark: string;
  readonly heard: (news: News) => void;
}

const startMs = 10_000;
/** More than the warden gives its shells. */
const endMs = 14_000;

/** Rejects when it cannot be started. */
export const startWarden = async ({ file, execArgv, mark, heard }: WardenSetup): Promise<Warden> => {
  const marked = markOf(mark);
  const child = spawn(process.execPath, [...execArgv.filter((word) => !word.startsWith('--inspect')), file], {
    env: { PATH: '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', MALLOC_ARENA_MAX: '2', ...marked },
    stdio: ['pipe', 'pipe', 'ignore'],
    // A session of its own: Ctrl-C at our terminal must not reach the shells before us.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => {
      if (child.pid === undefined) resolve();
    });
  });
  const kill = (): void => void child.kill('SIGKILL');
  // What cannot be written any more is told by the end.
  child.stdin.on('error', () => undefined);

  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(kill, startMs);
    void ended.then(() => {
      clearTimeout(timer);
      reject(new Error('the warden ended'));
    });
    const listen = lines(mostInLine, (line) => {
      const news = JSON.parse(line) as News; // of the warden alone, whose words are these types
      if (news.is === 'ready') {
        clearTimeout(timer);
        resolve();
      }
      heard(news);
    });
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      if (!listen(chunk)) kill();
    });
  });
  await ready;

  let orders = '';
  const flush = (): void => {
    child.stdin.write(orders);
    orders = '';
  };

  return {
    order(order) {
      if (orders === '') setImmediate(flush);
      orders += `${JSON.stringify(order)}\n`;
    },
    mark: marked,
    ended,
    async end() {
      setImmediate(() => child.stdin.end());
      const timer = setTimeout(kill, endMs);
      await ended;
      clearTimeout(timer);
    },
  };
};
