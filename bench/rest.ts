import type { BenchIgor, Cpu } from './igor.ts';
import { load, type Answers, type Question } from './load.ts';
import type { Row } from './rows.ts';

/** How long each line is measured. */
export interface Effort {
  readonly windows: number;
  readonly seconds: number;
}

export interface RestCase {
  readonly name: string;
  readonly connections: number;
  readonly bar?: number;
  next(): Question;
  isRight(body: string): boolean;
}

/** A second to warm up, then several windows: the one with the median CPU an answer, and the errors of all. */
export const restRow = async (igor: BenchIgor, effort: Effort, asked: RestCase): Promise<Row> => {
  const { name, connections, bar, next, isRight } = asked;
  const run = async (seconds: number): Promise<Answers> =>
    load({ url: igor.url, connections, until: { seconds }, next, isRight });
  const warm = await run(Math.min(1, effort.seconds));
  const windows: { answers: Answers; cost: Cpu }[] = [];
  for (let done = 0; done < effort.windows; done += 1) {
    const before = await igor.cpu();
    const answers = await run(effort.seconds);
    const after = await igor.cpu();
    const per = (ms: number): number => ms / answers.count;
    windows.push({
      answers,
      cost: { igor: per(after.igor - before.igor), postgres: per(after.postgres - before.postgres) },
    });
  }
  windows.sort((a, b) => a.cost.igor - b.cost.igor);
  const median = windows[Math.floor(windows.length / 2)];
  if (median === undefined) throw new Error('nothing was measured');
  const { perSecond, p50Ms, p99Ms } = median.answers;
  return {
    name,
    connections,
    perSecond,
    p50Ms,
    p99Ms,
    figure: median.cost.igor,
    postgres: median.cost.postgres,
    unit: 'ms CPU',
    ...(bar !== undefined && { bar }),
    errors: windows.reduce((sum, { answers }) => sum + answers.errors, warm.errors),
  };
};

/** Each in turn, for ever. */
export const inTurn = <T>(things: readonly T[]): (() => T) => {
  let at = 0;
  return () => {
    const thing = things[at % things.length];
    if (thing === undefined) throw new Error('there is nothing to take turns');
    at += 1;
    return thing;
  };
};
