import { constants } from 'node:os';
import type { Command } from 'commander';
import { aimed, onlyOne, type Aimed } from './aim.ts';
import { command, fail, overSession, type Context } from './context.ts';
import { runOn, type Ran } from './execution.ts';
import { noSuchMachine } from './failure.ts';
import { codeOf, noteFailure, resolve, resultsBody, type Host, type Outcome } from './hosts.ts';
import { inTurn } from './in-turn.ts';
import { plain, type Screen } from './screen.ts';

/** Hosts in one execution: as many as the bound on an answer's size has room for at worst. */
const hostsAtOnce = 20;
const executionsAtOnce = 16;
/** What the service itself runs at once on one replica, and allows a command unasked. */
const serviceAtOnce = 16;
const usualTimeoutS = 30;
const marginS = 60;

export const execCommand = (context: Context): Command =>
  aimed(command('exec', 'Run a command on machines, over SSH'))
    .argument('<command...>', 'the program and its arguments, after --')
    .addHelpText(
      'after',
      '\n--timeout is the time that the command may take (30 s), --wait how long its end is waited for.',
    )
    .action(async (words: readonly string[], { hosts: aim }: Aimed) => {
      const { timeoutS, waitS, json } = context.globals();
      const { screen, world } = context;
      // --timeout is the command's here; an answer has its usual time.
      await overSession({ ...context, globals: () => ({ ...context.globals(), timeoutS: null }) }, async (session) => {
        const found = await resolve(session, aim);
        if ('failure' in found) return fail(context, found.failure);
        const { hosts } = found;
        const rounds = Math.ceil(hosts.length / serviceAtOnce);
        const wanted = {
          command: words,
          timeoutS,
          waitS: waitS ?? (timeoutS ?? usualTimeoutS) * rounds + marginS,
          signal: world.signal,
        };
        const isAlone = onlyOne(aim) !== null;
        const parts = await inTurn(
          portions(hosts),
          executionsAtOnce,
          async (portion) => runPortion(portion, async (there) => runOn(session, there, wanted)),
          (outcomes) => {
            for (const outcome of outcomes) show(screen, outcome, { isAlone, json });
          },
        );
        const outcomes = parts.flat();
        if (json) screen.json(resultsBody(outcomes));
        return exitCodeOf(outcomes, isAlone);
      });
    });

type Run = (hosts: readonly Host[]) => Promise<readonly Outcome<Ran>[]>;

const portions = (hosts: readonly Host[]): readonly (readonly Host[])[] =>
  Array.from({ length: Math.ceil(hosts.length / hostsAtOnce) }, (_, index) =>
    hosts.slice(index * hostsAtOnce, (index + 1) * hostsAtOnce),
  );

const runPortion = async (hosts: readonly Host[], run: Run): Promise<readonly Outcome<Ran>[]> => {
  const there = hosts.filter(({ target }) => target !== null);
  const ran = there.length === 0 ? [] : await run(there);
  return hosts.map((host) => ran.find((outcome) => outcome.host === host) ?? { host, failure: noSuchMachine });
};

interface How {
  readonly isAlone: boolean;
  readonly json: boolean;
}

/** One host's output passes as it is; several hosts' lines each begin with the host's name. */
const show = (screen: Screen, outcome: Outcome<Ran>, { isAlone, json }: How): void => {
  const { host } = outcome;
  if ('failure' in outcome) {
    noteFailure(screen, host, outcome.failure);
    return;
  }
  const { result } = outcome;
  if (!json) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const bytes = bytesOf(result, stream);
      screen.raw(isAlone ? bytes : prefixed(bytes, host.name, screen.isTerminal), stream);
    }
  }
  if (result.truncated) screen.note(`${host.name}: said more than is kept`);
  if (!isAlone && statusOf(result) !== 0) screen.note(`${host.name}: ${endOf(result)}`);
};

const bytesOf = (result: Ran, stream: 'stdout' | 'stderr'): Buffer => {
  const base64 = result[`${stream}_base64`];
  return base64 === undefined ? Buffer.from(result[stream] ?? '') : Buffer.from(base64, 'base64');
};

const prefixed = (bytes: Buffer, name: string, isTerminal: boolean): Buffer => {
  if (bytes.length === 0) return bytes;
  // One byte is one character, so that what is no UTF-8 survives a pipe.
  const text = bytes.toString(isTerminal ? 'utf8' : 'latin1');
  const lines = text.replace(/\n$/, '').split('\n');
  // On a terminal, a carriage return would let a host speak in another's name.
  const shown = lines.map((line) => (isTerminal ? line.split('\t').map(plain).join('\t') : line));
  return Buffer.from(shown.map((line) => `${name}: ${line}\n`).join(''), isTerminal ? 'utf8' : 'latin1');
};

const endOf = ({ exit_code: code, signal }: Ran): string =>
  plain(signal !== null ? `ended by ${signal}` : code === null ? 'ended without an exit code' : `exited with ${code}`);

/** As shells count. */
const statusOf = ({ exit_code: code, signal }: Ran): number => {
  if (code !== null) return code;
  const numbers: Readonly<Partial<Record<string, number>>> = constants.signals;
  return signal === null ? 1 : 128 + (numbers[`SIG${signal.replace(/^SIG/, '')}`] ?? 0);
};

const exitCodeOf = (outcomes: readonly Outcome<Ran>[], isAlone: boolean): number => {
  const [only] = outcomes;
  if (isAlone && only !== undefined && 'result' in only) return statusOf(only.result);
  const isClean = outcomes.every((outcome) => 'failure' in outcome || statusOf(outcome.result) === 0);
  return isClean ? codeOf(outcomes) : Math.max(1, codeOf(outcomes));
};
