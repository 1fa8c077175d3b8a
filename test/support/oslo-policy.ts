import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Attributes } from '../../src/domain/policy-language.ts';

/** Rules by name, and what is asked of them. */
export interface PolicyCase {
  readonly rules: Readonly<Record<string, string>>;
  readonly questions: readonly {
    readonly rule: string;
    readonly credentials: Attributes;
    readonly target: Attributes;
  }[];
}

const said = z.object({
  /** Names of the rules that could not be read. */
  failed: z.array(z.string()),
  /** A verdict, or the name of the exception that came instead. */
  answers: z.array(z.union([z.boolean(), z.string()])),
});

/** What the real oslo.policy, of Debian's package, says of each: in one process. */
export const askOslo = (cases: readonly PolicyCase[]): readonly z.output<typeof said>[] => {
  const script = fileURLToPath(new URL('oslo-policy.py', import.meta.url));
  const input = cases.map((one) => `${JSON.stringify(one)}\n`).join('');
  // Isolated: of nobody's PYTHONPATH or home.
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-I', script], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 240_000,
  });
  if (status !== 0) throw new Error(`oslo.policy did not answer (${status ?? 'killed'}): ${stderr.slice(-2_000)}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => said.parse(JSON.parse(line)));
};
