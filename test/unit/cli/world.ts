import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { cli } from '../../../src/cli/index.ts';
import type { World } from '../../../src/cli/world.ts';
import type { Cloud } from '../../../src/domain/cloud.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { operations } from '../../../src/operations/index.ts';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A user at his terminal, with a home of his own. */
export interface User {
  readonly home: string;
  readonly env: Record<string, string>;
  /** The clouds that were signed in to. */
  readonly signIns: Cloud[];
  /** What Keystone gives next. */
  next: { token: string; lifeMs: number; endpoint: string | null } | Error;
  now: number;
  igor(argv: readonly string[], more?: Partial<World>): Promise<Result>;
  leave(): Promise<void>;
}

export const newUser = async (endpoint: string): Promise<User> => {
  const home = await mkdtemp(join(tmpdir(), 'igor-cli-'));
  const user: User = {
    home,
    env: {
      OS_AUTH_URL: 'http://keystone.invalid/v3',
      OS_USERNAME: 'bob',
      OS_PASSWORD: 'bob-password',
      OS_PROJECT_NAME: 'alpha',
    },
    signIns: [],
    next: { token: 'good', lifeMs: 3_600_000, endpoint },
    now: Date.parse('2026-11-20T10:00:30Z'),
    async igor(argv, more = {}) {
      const stdout = sink();
      const stderr = sink();
      const world: World = {
        env: user.env,
        home,
        stdin: Readable.from([]),
        stdout,
        stderr,
        async signIn(cloud) {
          user.signIns.push(cloud);
          if (user.next instanceof Error) throw user.next;
          const { token, lifeMs, endpoint: url } = user.next;
          const endpoints = url === null ? [] : [{ interface: 'public', region_id: 'RegionOne', url }];
          return {
            token: new Secret(token),
            expiresAt: new Date(user.now + lifeMs),
            catalog: [{ type: 'out-of-band', endpoints }],
          };
        },
        operations,
        version: '1.2.3',
        now: () => user.now,
        signal: new AbortController().signal,
        ...more,
      };
      const code = await cli(argv, world);
      return { code, out: stdout.text(), err: stderr.text() };
    },
    leave: async () => rm(home, { recursive: true, force: true }),
  };
  return user;
};

export type Sink = Writable & { text(): string; bytes(): Buffer };

export const sink = (more: object = {}): Sink => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(stream, {
    text: () => Buffer.concat(chunks).toString(),
    bytes: () => Buffer.concat(chunks),
    ...more,
  });
};

/** A terminal of some width. */
export const terminal = (columns = 80): Sink => sink({ isTTY: true, columns });

/** A keyboard at which this is typed. */
export const keyboard = (typed: string): PassThrough & { readonly isTTY: true } => {
  const stream = new PassThrough();
  stream.write(typed);
  return Object.assign(stream, { isTTY: true as const });
};
