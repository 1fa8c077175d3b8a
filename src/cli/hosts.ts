import { idOf } from '../domain/selection/id.ts';
import type { Aim } from './aim.ts';
import type { Question } from './client.ts';
import {
  exitCode,
  failureBody,
  noneFits,
  noSuchMachine,
  notUnderstood,
  sentence,
  unknownNames,
  type Failure,
} from './failure.ts';
import { inTurn } from './in-turn.ts';
import { byName, findMachines, inOrderOf } from './machines-list.ts';
import type { Screen } from './screen.ts';
import type { Session } from './session.ts';

/** A machine that was asked for, or a controller behind it. */
export interface Host {
  /** As it was asked for. */
  readonly name: string;
  /** As paths and bodies name it: its id, or its name where the service has to decide; null: there is none. */
  readonly target: string | null;
  /** Why there is none, unless it is that there is no such machine. */
  readonly failure?: Failure;
}

export type Outcome<T> =
  { readonly host: Host; readonly result: T } | { readonly host: Host; readonly failure: Failure };

const usuallyAtOnce = 16;

type Resolved = { readonly hosts: readonly Host[] } | { readonly failure: Failure };

/**
 * The machines that are aimed at, each once. What a list of names has and there is not, fails by itself; where more is said than
 * a list, nothing is done unless everything named is there, and where nothing fits.
 */
export const resolve = async (session: Session, { words, query }: Aim): Promise<Resolved> => {
  if (words !== null && Object.keys(query).length === 0) return resolveList(session, words);
  const found = await findMachines(session, { words, query: { ...query, fields: 'id,name' } });
  if ('failure' in found) return found;
  if (found.unknown.length > 0) return { failure: unknownNames(found.unknown) };
  if (found.machines.length === 0) return { failure: noneFits };
  const machines = words === null ? byName(found.machines) : inOrderOf(words, found.machines);
  return { hosts: machines.map(({ id, name }) => ({ name, target: id })) };
};

const resolveList = async (session: Session, words: readonly string[]): Promise<Resolved> => {
  const names = words.filter((word) => idOf(word) === null);
  const found = await findMachines(session, { words: names });
  if ('failure' in found) return found;
  const ids = new Map<string, readonly string[]>();
  for (const { name, id } of found.machines) ids.set(name.toLowerCase(), [...(ids.get(name.toLowerCase()) ?? []), id]);

  const hosts = words.map((name): Host => {
    const own = idOf(name);
    if (own !== null) return { name, target: own };
    const [id = null, ...others] = ids.get(name.toLowerCase()) ?? [];
    // Several projects may have the name: the service knows which one is meant, or says that it does not.
    return { name, target: others.length > 0 ? name.toLowerCase() : id };
  });
  const targets = new Set<string>();
  return {
    hosts: hosts.filter(({ target }) => {
      if (target === null) return true;
      if (targets.has(target)) return false;
      targets.add(target);
      return true;
    }),
  };
};

interface Work<T> {
  readonly question: (target: string) => Question;
  /** Null: it is not understood. */
  readonly read: (body: unknown) => T | null;
  /** In the order of the hosts, as they come. */
  readonly done: (outcome: Outcome<T>) => void;
  readonly atOnce?: number;
}

/** Asks for each host, a few at once. */
export const askEach = async <T>(
  session: Session,
  hosts: readonly Host[],
  { question, read, done, atOnce = usuallyAtOnce }: Work<T>,
): Promise<readonly Outcome<T>[]> => {
  const one = async (host: Host): Promise<Outcome<T>> => {
    if (host.target === null) return { host, failure: host.failure ?? noSuchMachine };
    const answer = await session.ask(question(host.target));
    if ('failure' in answer) return { host, failure: answer.failure };
    const result = read(answer.body);
    return result === null ? { host, failure: notUnderstood() } : { host, result };
  };
  return inTurn(hosts, atOnce, one, done);
};

/** A line on standard error for what failed. */
export const noteFailure = (screen: Screen, { name }: Host, failure: Failure): void =>
  screen.note(`${name}: ${sentence(failure)}`);

/** `{"results": […]}`, one for each host. */
export const resultsBody = <T>(outcomes: readonly Outcome<T>[]): object => ({
  results: outcomes.map((outcome) => ({
    name: outcome.host.name,
    target: outcome.host.target,
    ...('failure' in outcome ? failureBody(outcome.failure) : { result: outcome.result }),
  })),
});

export const codeOf = <T>(outcomes: readonly Outcome<T>[]): number =>
  exitCode(outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome.failure] : [])));
