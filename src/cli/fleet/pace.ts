import { Option, type Command } from 'commander';
import { Fault } from '../../domain/fault.ts';
import { durationOf } from './duration.ts';

/** As typed. */
export interface PaceFlags {
  readonly stagger?: string;
  readonly maxParallel?: string;
  readonly stopAfter?: string;
  readonly order?: string;
  readonly deadline?: string;
  readonly reason?: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly detach?: true;
}

/** How a set of machines is to be changed. */
export interface Pace {
  /** As the service takes it: what is absent is for the service to choose. */
  readonly strategy: Readonly<Record<string, string | number>>;
  readonly deadlineS: number | null;
  readonly reason: string | null;
  /** Only the plan is wanted. */
  readonly isDry: boolean;
  /** Without asking. */
  readonly isAgreed: boolean;
  /** Not to be waited for. */
  readonly isDetached: boolean;
  /** Whether anything was said that only an operation on a set can do: then one machine is a set too. */
  readonly isForSets: boolean;
}

/** Takes the flags that every change of many machines has. */
export const paced = (one: Command): Command =>
  one
    .option('--stagger <time>', 'between the starts of two machines: 200ms, 2s')
    .option('--max-parallel <count>', 'so many machines at a time')
    .option('--stop-after <count>', 'begin nothing more after so many failures')
    .addOption(
      new Option('--order <order>', 'whether a chassis comes before its blades; unsaid, as the power wants it').choices(
        ['parents-first', 'parents-last', 'none'],
      ),
    )
    .option('--deadline <time>', 'cancel what has not begun by then: 10m (1h)')
    .option('--reason <text>', 'for the record')
    .option('--dry-run', 'show what would be done, and send nothing')
    .option('--yes', 'without asking, however many machines')
    .option('--detach', 'print the id of the operation, and do not wait for it');

/** Of a word that changes nothing. Faults: `invalid-input`, naming the flag. */
export const unpaced = (word: string, flags: PaceFlags): void => {
  const said = pacing.find((flag) => flags[flag] !== undefined);
  if (said !== undefined)
    throw new Fault(
      'invalid-input',
      `--${said.replaceAll(/[A-Z]/g, (big) => `-${big.toLowerCase()}`)}: ${word} changes nothing`,
    );
};

const pacing = [
  'stagger',
  'maxParallel',
  'stopAfter',
  'order',
  'deadline',
  'reason',
  'dryRun',
  'yes',
  'detach',
] as const satisfies readonly (keyof PaceFlags)[];

/** Faults: `invalid-input`, naming the flag. */
export const paceOf = (flags: PaceFlags): Pace => {
  const { stagger, maxParallel, stopAfter, order, deadline, reason } = flags;
  const strategy = {
    ...(maxParallel !== undefined && { max_parallel: countOf('--max-parallel', maxParallel) }),
    ...(stagger !== undefined && { stagger_ms: durationOf('--stagger', stagger) }),
    ...(stopAfter !== undefined && { stop_after_failures: countOf('--stop-after', stopAfter) }),
    ...(order !== undefined && { order }),
  };
  const isDry = flags.dryRun === true;
  const isDetached = flags.detach === true;
  if (isDry && isDetached) throw new Fault('invalid-input', '--dry-run and --detach exclude each other');
  const deadlineS = deadline === undefined ? null : Math.ceil(durationOf('--deadline', deadline) / 1000);
  if (deadlineS === 0) throw new Fault('invalid-input', '--deadline: must be more than nothing');
  return {
    strategy,
    deadlineS,
    reason: reason ?? null,
    isDry,
    isAgreed: flags.yes === true,
    isDetached,
    isForSets: isDry || isDetached || deadlineS !== null || reason !== undefined || Object.keys(strategy).length > 0,
  };
};

const countOf = (flag: string, text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Fault('invalid-input', `${flag}: must be a whole number from 1 on`);
  return Number(text);
};
