import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../../../src/domain/secret.ts';
import { drivers } from '../../../../src/drivers/index.ts';
import type { Capabilities, Connection, Endpoint } from '../../../../src/ports/controller.ts';
import type { Recorded } from './recorded.ts';

/** A program in ipmitool's place: it says what it was told to say, one answer a call, the last one for ever. */
export interface StandIn extends AsyncDisposable {
  readonly homeDir: string;
  readonly connection: Connection;
  readonly device: Capabilities;
  /** The arguments of each call so far. */
  calls(): readonly (readonly string[])[];
}

/** An answer, or a shell script for what only a process can do. */
export type Answer = Partial<Recorded> | string;

/** Printed by `ipmitool -v` between logging in and sending the command. */
export const ready = 'Loading IANA PEN Registry...\nDiscovered IPMB address 0x0\n';

export const standIn = (answers: readonly Answer[], change: Partial<Endpoint> = {}): StandIn => {
  const directory = mkdtempSync(join(tmpdir(), 'igor-stand-in-'));
  const file = (name: string, content: string, mode = 0o600): void =>
    writeFileSync(join(directory, name), content, { encoding: 'latin1', mode });
  answers.forEach((answer, index) => {
    if (typeof answer === 'string') {
      file(`script.${index}`, answer);
      return;
    }
    const { rc = 0, stdout = '', stderr = ready } = answer;
    file(`stdout.${index}`, stdout);
    file(`stderr.${index}`, stderr);
    file(`script.${index}`, `cat ${directory}/stderr.${index} >&2; cat ${directory}/stdout.${index}; exit ${rc}`);
  });
  file('calls', '');
  file('ipmitool', program(directory, answers.length - 1), 0o700);

  const homeDir = join(directory, 'home');
  const ipmi = drivers({ homeDir, ipmitool: join(directory, 'ipmitool'), transport: 'processes' }).get('ipmi');
  const connection = ipmi?.open({
    address: '127.0.0.1',
    port: 623,
    credential: { username: 'admin', password: new Secret('adm1n-Secret') },
    options: {},
    shelf: null,
    ...change,
  });
  if (connection === undefined) throw new Error('there is no driver ipmi');

  return {
    homeDir,
    connection,
    device: connection.device as Capabilities, // the driver offers all
    calls: () =>
      readFileSync(join(directory, 'calls'), 'utf8')
        .split('\n\n')
        .filter((call) => call !== '')
        .map((call) => call.split('\n')),
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
};

const program = (directory: string, last: number): string => `#!/bin/sh
n=$(grep -c '^$' ${directory}/calls)
[ "$n" -gt ${last} ] && n=${last}
{ printf '%s\\n' "$@"; echo; } >>${directory}/calls
. ${directory}/script.$n
`;
