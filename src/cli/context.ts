import { Command } from 'commander';
import type { Operation } from '../core/operation.ts';
import { Fault } from '../domain/fault.ts';
import { exitCode, failureBody, sentence, type Failure } from './failure.ts';
import type { Screen } from './screen.ts';
import { openSession, type Globals, type Session } from './session.ts';
import type { World } from './world.ts';

/** What a command works with. */
export interface Context {
  readonly world: World;
  readonly screen: Screen;
  readonly operations: readonly Operation[];
  globals(): Globals;
  /** Notes the exit code. */
  end(code: number): void;
}

/** Does a command's work over a session, and notes its exit code. */
export const overSession = async (context: Context, work: (session: Session) => Promise<number>): Promise<void> => {
  const session = await openSession(context.world, context.globals());
  try {
    context.end(await work(session));
  } finally {
    session.close();
  }
};

/** Says why the whole command failed; returns the exit code. */
export const fail = ({ screen, globals }: Context, failure: Failure): number => {
  if (globals().json) screen.json(failureBody(failure));
  screen.note(`igor: ${sentence(failure)}`);
  return exitCode([failure]);
};

export const command = (name: string, description: string): Command => new Command(name).description(description);

/** Whole seconds of an option. Faults: `invalid-input`. */
export const secondsOf = (flag: string, text: string | undefined): number | null => {
  if (text === undefined) return null;
  if (!/^\d{1,5}$/.test(text)) throw new Fault('invalid-input', `${flag}: must be a number of whole seconds`);
  return Number(text);
};

/** An option that may be given more than once. */
export const together = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];
