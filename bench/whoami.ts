import http from 'node:http';
import { join } from 'node:path';
import { keystoneStandIn } from '../test/support/keystone-stand-in.ts';
import { floodRows } from './flood.ts';
import { startIgor, type BenchIgor, type IgorOptions } from './igor.ts';
import { startMemcached } from './memcached.ts';
import { peerProcesses, startPeer, type Peer } from './peer.ts';
import { inTurn, type Effort } from './rest.ts';
import type { Row } from './rows.ts';
import { sideRow, type SideRow } from './sides.ts';
import { madeToken, personaToken, record } from './site.ts';

export interface SidesOptions {
  readonly igor: IgorOptions;
  readonly effort: Effort;
  /** Real ones, each of a login of its own. */
  readonly severalTokens: number;
  readonly manyTokens: number;
  /** So many are asked with once, and Igor's memory is looked at. */
  readonly floodTokens: number;
}

/** Upstream validations for so many first uses of one token at once; the most of several trials. */
export interface FirstUses {
  readonly atOnce: number;
  readonly igor: number;
  readonly peer: number;
}

export const shownFirstUses = ({ atOnce, igor, peer }: FirstUses): string =>
  `${atOnce} first uses of one token at once: ${igor} validation of Igor's (bar 1: ${igor === 1 ? 'met' : 'missed'}), ${peer} of the peer's.`;

interface Sides {
  readonly igor: BenchIgor;
  readonly peer: Peer;
}

const path = '/v1/whoami';

/** One and several tokens, of the real Keystone. */
export const withKeystone = async (options: SidesOptions): Promise<readonly SideRow[]> => {
  const { effort, severalTokens } = options;
  const one = await personaToken('bob');
  const several: string[] = [];
  while (several.length < severalTokens) several.push(await personaToken('bob'));
  const next = (tokens: readonly string[]) => {
    const token = inTurn(tokens);
    return () => ({ path, token: token() });
  };
  const rows: SideRow[] = [];
  await withSides(options.igor, one, {}, async ({ igor, peer }) => {
    await seen(igor.url, [one, ...several]);
    await seen(peer.url, [one]);
    rows.push(await sideRow(igor, peer, effort, { name: '1 token', atLeast: 1.2, next: next([one]) }));
    await seen(peer.url, several);
    rows.push(await sideRow(igor, peer, effort, { name: `${severalTokens} tokens`, next: next(several) }));
  });
  await withSides(options.igor, one, { bare: true }, async ({ igor, peer }) => {
    await seen(igor.url, [one]);
    await seen(peer.url, [one]);
    rows.push(await sideRow(igor, peer, effort, { name: '1 token, peer: auth_token alone', next: next([one]) }));
  });
  return rows;
};

/** More tokens than Keystone makes in a reasonable time: both sides ask a stand-in that replays what it said. */
export const withStandIn = async (
  options: SidesOptions,
): Promise<{ readonly rows: readonly SideRow[]; readonly firstUses: FirstUses; readonly flood: readonly Row[] }> => {
  const { effort, manyTokens, floodTokens } = options;
  const { keystone, bodies } = await record();
  const standIn = await keystoneStandIn(keystone);
  standIn.tellAll(bodies);
  const tokens = Array.from({ length: manyTokens }, madeToken);
  const token = inTurn(tokens);
  const rows: SideRow[] = [];
  let firstUses: FirstUses = { atOnce: 0, igor: NaN, peer: NaN };
  try {
    const igorOptions = { ...options.igor, keystoneUrl: standIn.url };
    const measured = async ({ igor, peer }: Sides, name: string, bar: { readonly atLeast?: number }): Promise<void> => {
      await Promise.all([seen(igor.url, tokens), seen(peer.url, tokens)]);
      const before = standIn.validations();
      const row = await sideRow(igor, peer, effort, { name, ...bar, next: () => ({ path, token: token() }) });
      rows.push({ ...row, errors: row.errors + standIn.validations() - before });
    };
    await withSides(igorOptions, madeToken(), {}, async ({ igor, peer }) => {
      standIn.slow(firstUseMs);
      const counted = async (url: string) => upstream(url, standIn.validations);
      firstUses = { atOnce, igor: await counted(igor.url), peer: await counted(peer.url) };
      standIn.slow(0);
      await measured(
        { igor, peer },
        `${manyTokens} tokens, in-process caches`,
        manyTokens < barTokens ? {} : { atLeast: 4 },
      );
    });
    const memcached = await startMemcached(join(igorOptions.dataDir, 'memcached'));
    try {
      await withSides(igorOptions, madeToken(), { memcached: memcached.address }, async (sides) =>
        measured(sides, `${manyTokens} tokens, peer: memcached`, {}),
      );
    } finally {
      await memcached.stop();
    }
    const alone = await startIgor(igorOptions);
    const flood = await floodRows(alone, floodTokens).finally(async () => alone.stop());
    return { rows, firstUses, flood };
  } finally {
    await standIn.stop();
  }
};

/** The bar is for so many: the peer's cache looks at each. */
const barTokens = 10_000;

const atOnce = 64;
const trials = 5;
/** What Keystone takes for a token that it never saw. */
const firstUseMs = 15;

const upstream = async (url: string, validations: () => number): Promise<number> => {
  let most = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const [token, before] = [madeToken(), validations()];
    await Promise.all(Array.from({ length: atOnce }, async () => asked(url, token, new http.Agent())));
    most = Math.max(most, validations() - before);
  }
  return most;
};

/** Both, with the same answer to write and the same Keystone to ask. */
const withSides = async (
  options: IgorOptions,
  token: string,
  kind: { readonly bare?: boolean; readonly memcached?: string },
  act: (sides: Sides) => Promise<void>,
): Promise<void> => {
  const { dataDir, keystoneUrl, igorPasswordFile } = options;
  const igor = await startIgor(options);
  try {
    const told = JSON.parse(await asked(igor.url, token, new http.Agent())) as object; // an object of JSON, as whoami answers
    const peer = await startPeer({ dir: join(dataDir, 'peer'), keystoneUrl, igorPasswordFile, told, ...kind });
    try {
      await act({ igor, peer });
    } finally {
      await peer.stop();
    }
  } finally {
    await igor.stop();
  }
};

/** Every process of the peer has a cache of its own: a kept connection to each of them asks with each token. */
const seen = async (url: string, tokens: readonly string[]): Promise<void> => {
  const agents = Array.from({ length: peerProcesses }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  await Promise.all(
    agents.map(async (agent) => {
      for (const token of tokens) await asked(url, token, agent);
      agent.destroy();
    }),
  );
};

const asked = async (url: string, token: string, agent: http.Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = http.get(`${url}${path}`, { agent, headers: { 'X-Auth-Token': token } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.once('error', reject).once('end', () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`GET ${url}${path} was answered ${response.statusCode ?? 'nothing'}: ${body}`));
      });
    });
    request.setTimeout(30_000, () => request.destroy(new Error('no answer within 30 s'))).once('error', reject);
  });
