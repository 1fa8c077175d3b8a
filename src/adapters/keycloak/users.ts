import { z } from 'zod';
import type { Person } from '../../domain/caller.ts';
import type { KeycloakMatch } from '../../domain/keycloak.ts';
import type { Standing } from '../../ports/services.ts';

/** What Keycloak answers to a search, as far as we read it. Whoever is not said to be enabled does not fit. */
const found = z.array(
  z.object({
    id: z.string(),
    username: z.string(),
    enabled: z.boolean(),
    email: z.string().nullish(),
    emailVerified: z.boolean().nullish(),
    firstName: z.string().nullish(),
    lastName: z.string().nullish(),
  }),
);
type User = z.infer<typeof found>[number];

/** The search for one user; null for a name that none can have. `exact` and `max` keep the answer small. */
export const searchFor = (match: KeycloakMatch, userName: string): Readonly<Record<string, string>> | null => {
  if (match !== 'id') return { [match]: userName };
  // Of a user of its own, or of one in a directory that it federates. Several could be asked for with blanks between.
  return /^([0-9a-f-]{36}|f:[^\s:]+:\S+)$/.test(userName) ? { search: `id:${userName}` } : null;
};

/** Whether an answer is a search's, whoever it is about. */
export const isSearchResult = (answer: unknown): boolean => found.safeParse(answer).success;

/** The one whom the answer is about; what was not asked for is not believed. */
export const standingIn = (answer: unknown, match: KeycloakMatch, userName: string): Standing => {
  const users = found.parse(answer).filter((user) => same(user[match] ?? '', userName, match));
  const [user] = users;
  if (user === undefined) return { state: 'absent' };
  if (users.length > 1) return { state: 'ambiguous' };
  return user.enabled ? { state: 'active', person: personOf(user) } : { state: 'disabled' };
};

/** Keycloak keeps user names and addresses in lower case, and finds them in any. */
const same = (one: string, other: string, match: KeycloakMatch): boolean =>
  match === 'id' ? one === other : one.toLowerCase() === other.toLowerCase();

const personOf = ({ username, email, emailVerified, firstName, lastName }: User): Person => {
  const whole = [firstName, lastName].map((part) => legible(part ?? '')).filter((part) => part !== '');
  const address = addressIn(email ?? '');
  return {
    name: (whole.join(' ') || legible(username)).slice(0, mostCharacters),
    email: address,
    emailVerified: address !== null && emailVerified === true,
  };
};

const mostCharacters = 255;

/** Without what would break a line of the journal, or turn its direction. */
const legible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cs}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '').trim();

/** ASCII alone is folded: other letters may become another address. */
const addressIn = (text: string): string | null =>
  text.length <= mostCharacters && /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(text)
    ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    : null;
