import { Fault } from '../domain/fault.ts';
import type { PolicyRead } from '../domain/policy-file.ts';
import { policy, type Policy } from '../domain/policy.ts';
import type { Log } from '../ports/services.ts';
import { policyFileVersion, readPolicyFile, type PolicyFileReading } from './policy-file.ts';

/** The policy in force: of a file, which is looked at for changes, or as it is without one. */
export interface LivePolicy extends Policy {
  stop(): void;
}

interface Watching {
  readonly path: string | undefined;
  readonly log: Log;
  /** Told of each version of the file: whether it is in force now. */
  readonly heard: (isInForce: boolean) => void;
  readonly everyMs?: number;
}

/** Kubernetes swaps a link, an editor renames or writes over: a look each second sees them all, and inotify does not. */
const usualMs = 1_000;

/**
 * Reads the policy file, and again whenever it has changed and then stayed the same for one look, so that it is not read
 * half written. What cannot be used leaves the last good one in force, and is told once. Faults: `internal`, with every
 * problem, when there is no good one yet.
 */
export const livePolicy = async ({ path, log, heard, everyMs = usualMs }: Watching): Promise<LivePolicy> => {
  if (path === undefined) return { ...policy(), stop: () => undefined };
  const first = await readPolicyFile(path);
  if ('problems' in first) throw unusable(path, first.problems);

  let current = inForce(first);
  let handled = '';
  let noticed = first.version;
  const hear = (reading: PolicyFileReading): void => {
    handled = reading.version;
    if ('problems' in reading) log.error({ file: path, problems: reading.problems }, 'policy.rejected');
    else {
      current = inForce(reading);
      log.info({ file: path, changed: reading.changed }, 'policy.loaded');
    }
    heard(!('problems' in reading));
  };
  hear(first);

  const look = async (): Promise<void> => {
    const version = await policyFileVersion(path);
    const isSteady = version === noticed;
    noticed = version;
    if (version === handled || !isSteady) return;
    const reading = await readPolicyFile(path);
    noticed = reading.version;
    // Changed between the two: the next look finds out.
    if (reading.version === version) hear(reading);
  };
  let looking = false;
  const timer = setInterval(() => {
    // A file system that does not answer is asked once.
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, everyMs);
  timer.unref();

  return {
    permits: (...asked) => current.permits(...asked),
    decide: (...asked) => current.decide(...asked),
    scopeOf: (...asked) => current.scopeOf(...asked),
    grantedIn: (scope) => current.grantedIn(scope),
    stop: () => clearInterval(timer),
  };
};

const inForce = ({ rules }: PolicyRead): Policy => policy(rules);

const unusable = (path: string, problems: readonly string[]): Fault =>
  new Fault(
    'internal',
    `the policy in ${path} cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
