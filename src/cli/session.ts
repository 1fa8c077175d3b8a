import { randomUUID } from 'node:crypto';
import type { Cloud } from '../domain/cloud.ts';
import { Fault } from '../domain/fault.ts';
import type { Secret } from '../domain/secret.ts';
import { client, type Answer, type Question, type Told } from './client.ts';
import { readCredentials, withPassword, type Credentials } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { locked } from './failure.ts';
import { askSecret } from './prompt.ts';
import { tokenCache, type Kept, type TokenCache } from './token-cache.ts';
import type { SignedIn, World } from './world.ts';

/** What every command takes. */
export interface Globals {
  readonly osCloud?: string;
  readonly endpoint?: string;
  readonly json: boolean;
  /** Seconds for one answer. */
  readonly timeoutS: number | null;
  /** Seconds that the service may wait before it answers. */
  readonly waitS: number | null;
  /** `--wait` without a number, for a command that knows how long is usual. */
  readonly isWaitBare: boolean;
}

/** A way to Igor, signed in. */
export interface Session {
  ask(question: Question): Promise<Answer>;
  /** Follows a stream of events until it ends. */
  follow(question: Question, told: Told): Promise<Answer>;
  close(): void;
}

/** A token with less life than this would end on the way. */
const leastLifeMs = 60_000;
/** Longer than the service works on one request. */
const usualTimeoutS = 75;

/**
 * With the token that `igor login` left while it lasts, else with one of this command's own, which is not kept. A kept
 * token that is refused is forgotten, and another fetched; so it is when a token's time is over before the command's.
 * Faults: `unauthenticated`, `misconfigured`, and those of a Keystone in trouble.
 */
export const openSession = async (world: World, globals: Globals): Promise<Session> => {
  const credentials = await readCredentials(world, globals.osCloud);
  const { cloud } = credentials;
  const cache = tokenCache(world, cloud);
  const kept = await keptToken(world, cache);
  let current: SignedIn = kept ?? (await signIn(world, credentials));
  const wire = client({
    endpoint: endpointOf(current.catalog, cloud, world.env, globals.endpoint ?? kept?.endpoint ?? undefined),
    tls: cloud,
    timeoutS: globals.timeoutS ?? usualTimeoutS,
    userAgent: `igor/${world.version}`,
    requestId: `req-${randomUUID()}`,
    signal: world.signal,
  });

  let renewing: { readonly of: SignedIn; readonly next: Promise<SignedIn> } | null = null;
  const renewed = async (refused: SignedIn): Promise<SignedIn> => {
    if (refused === kept) await cache.remove().catch(() => false);
    return signIn(world, credentials);
  };
  const asking = async (send: (token: Secret) => Promise<Answer>): Promise<Answer> => {
    const tried = current;
    const answer = await send(tried.token);
    // What is answered 401 was not begun: even a change may be sent again.
    if (!('failure' in answer) || answer.failure.status !== 401) return answer;
    // A long watch outlives its token.
    if (tried !== kept && tried.expiresAt.getTime() - world.now() > leastLifeMs) return answer;
    try {
      if (renewing?.of !== tried) renewing = { of: tried, next: renewed(tried) };
      current = await renewing.next;
    } catch (error) {
      if (error instanceof Fault) return { failure: locked(error) };
      throw error;
    }
    return send(current.token);
  };
  return {
    ask: async (question) => asking(async (token) => wire.ask(question, token)),
    follow: async (question, told) => asking(async (token) => wire.follow(question, token, told)),
    close: () => wire.close(),
  };
};

const keptToken = async (world: World, cache: TokenCache): Promise<Kept | null> => {
  const kept = await cache.read((line) => void world.stderr.write(`${line}\n`));
  return kept !== null && kept.expiresAt.getTime() - world.now() > leastLifeMs ? kept : null;
};

/** Asks for a password that is told nowhere. Faults as above. */
export const signIn = async (world: World, { cloud, lacksPasswordOf }: Credentials): Promise<SignedIn> =>
  world.signIn(lacksPasswordOf === null ? cloud : await asked(world, cloud, lacksPasswordOf), world.signal);

const asked = async (world: World, cloud: Cloud, user: string): Promise<Cloud> => {
  if (world.stdin.isTTY !== true)
    throw new Fault('unauthenticated', 'OS_PASSWORD: missing; set it, or sign in at a terminal with igor login');
  return withPassword(cloud, await askSecret(world, `Password of ${user}: `));
};
