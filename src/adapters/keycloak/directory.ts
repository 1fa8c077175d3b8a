import { readFileSync } from 'node:fs';
import { Fault } from '../../domain/fault.ts';
import type { Keycloak } from '../../domain/keycloak.ts';
import type { Directory, Standing } from '../../ports/services.ts';
import { bounded } from './bounded.ts';
import { isSearchResult, searchFor, standingIn } from './users.ts';

/** A user takes some 400 bytes, a token some 2 000. */
const mostBytes = 65_536;
const connections = 8;
/** Of one question; `standingOf` may take three of them, and whoever waits for it bounds them together. */
const answerMs = 3_000;

/** A directory that can also be asked whether it shows anybody. */
type Checked = Directory & { check(): Promise<'answers' | 'shows-nobody'> };

/** Keycloak's users, by its administration interface, as a client of the realm with `view-users`. */
export const keycloakDirectory = async (settings: Keycloak): Promise<Checked> => {
  // Loaded for those alone who use it: it takes 12 MB.
  const { default: KeycloakAdminClient } = await import('@keycloak/keycloak-admin-client');
  const { match } = settings;
  const ca = settings.caFile === null ? null : readFileSync(settings.caFile, 'utf8');
  const client = new KeycloakAdminClient({
    baseUrl: settings.url,
    realmName: settings.realm,
    timeout: answerMs,
    // A redirect would take the client's secret wherever it points.
    requestOptions: { redirect: 'error', dispatcher: await bounded({ ca, mostBytes, connections }) },
  });
  // A client's login comes without a refresh token, which the library's own renewal asks for.
  client.registerTokenProvider({ getAccessToken: async () => client.accessToken });

  let flight: Promise<void> | null = null;
  const renewed = async (): Promise<void> => {
    flight ??= client
      .auth({
        grantType: 'client_credentials',
        clientId: settings.clientId,
        clientSecret: settings.clientSecret.reveal(),
      })
      .catch((error: unknown) => {
        throw unavailable('its login', error);
      })
      .finally(() => (flight = null));
    await flight;
    if (client.accessToken === undefined) throw unavailable('its login', new Error('no token'));
  };

  /** Its token is renewed before it ends, and once when Keycloak refuses it all the same. */
  const asking = async <T>(question: () => Promise<T>): Promise<T> => {
    if (client.accessToken === undefined || client.isTokenExpired()) await renewed();
    const refused = client.accessToken;
    try {
      return await question();
    } catch (error) {
      if (statusOf(error) !== 401) throw unavailable('a search', error);
    }
    if (client.accessToken === refused) await renewed();
    return question().catch((error: unknown) => {
      throw unavailable('a search', error);
    });
  };

  return {
    async standingOf(userName): Promise<Standing> {
      const search = searchFor(match, userName);
      if (search === null) return { state: 'absent' };
      const answer: unknown = await asking(async () =>
        client.users.find({ ...search, exact: true, briefRepresentation: true, max: 2 }),
      );
      if (!isSearchResult(answer)) throw unavailable('a search', new Error('an odd body'));
      return standingIn(answer, match, userName);
    },
    async check() {
      const users: unknown = await asking(async () => client.users.count());
      if (typeof users !== 'number') throw unavailable('a count', new Error('an odd body'));
      return users > 0 ? 'answers' : 'shows-nobody';
    },
  };
};

const statusOf = (error: unknown): number | null =>
  error instanceof Error && 'response' in error && error.response instanceof Response ? error.response.status : null;

/** Never with Keycloak's own words, which may repeat what it was sent, nor with the library's error as cause. */
const unavailable = (to: string, error: unknown): Fault => {
  const status = statusOf(error);
  const why =
    status !== null
      ? `status ${status}${hints.get(status) ?? ''}`
      : error instanceof Error && error.name === 'TimeoutError'
        ? 'none in time'
        : 'none that can be read';
  return new Fault('directory-unavailable', `Keycloak gave no usable answer to ${to} (${why})`, { retryAfter: 5 });
};

const hints: ReadonlyMap<number, string> = new Map([
  [400, ': the client is not let in'],
  [401, ': the client is not let in'],
  [403, ': the client lacks view-users'],
  [404, ': no such realm there'],
]);
