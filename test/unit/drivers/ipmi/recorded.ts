import { readdirSync, readFileSync } from 'node:fs';

/** What ipmitool 1.8.19 printed once; one character a byte. */
export interface Recorded {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = new URL('../../../fixtures/ipmitool/', import.meta.url);

/** The runs of a file that holds one or more, in order: `$ ipmitool …`, `[rc=0 53ms]`, `--- stdout`, `--- stderr`. */
export const recordedRuns = (name: string): readonly Recorded[] =>
  readFileSync(new URL(`${name}.txt`, folder), 'latin1')
    .split(/^(?=\$ ipmitool )/m)
    .filter((text) => text.startsWith('$'))
    .map((text) => {
      const part = (what: string): string => new RegExp(`^--- ${what}\\n([^]*?)^--- `, 'm').exec(text)?.[1] ?? '';
      return { rc: Number(/^\[rc=(\d+)/m.exec(text)?.[1]), stdout: part('stdout'), stderr: part('stderr') };
    });

/** The names of the files that hold runs. */
export const recordedNames = (): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => name.replace('.txt', ''))
    .sort();

/** The first run of a file. */
export const recorded = (name: string): Recorded => {
  const [first] = recordedRuns(name);
  if (first === undefined) throw new Error(`no run in ${name}`);
  return first;
};

/** The names of the failures recorded with `-v`. */
export const failureNames = (): readonly string[] =>
  readdirSync(new URL('failures/', folder))
    .filter((name) => name.endsWith('.v.txt'))
    .map((name) => name.replace('.v.txt', ''))
    .sort();

/** A failure recorded with `-v`: `# args`, `# rc`, `# stdout` and `# stderr`, each with what follows it. */
export const recordedFailure = (name: string): Recorded & { readonly words: readonly string[] } => {
  const text = readFileSync(new URL(`failures/${name}.v.txt`, folder), 'latin1');
  const [, args = '', rc = '', stdout = '', stderr = ''] =
    /^# args\n(.*)\n# rc\n(.*)\n# stdout\n([^]*?)# stderr\n([^]*)$/.exec(text) ?? [];
  return { words: args.split(' -v ')[1]?.split(' ') ?? [], rc: Number(rc), stdout, stderr };
};
