import { isIP } from 'node:net';
import { Fault } from '../../domain/fault.ts';
import type { Program } from './invocation.ts';
import type { Ipmi, IpmiEndpoint } from './link.ts';
import type { paces } from './pace.ts';
import { processes } from './process.ts';
import { shell } from './shell.ts';
import type { Shells } from './shells.ts';
import type { suiteMemory } from './suites.ts';

export interface TransportSetup extends Program {
  /** Null: a process for each command. */
  readonly shells: Shells | null;
  readonly paceOf: ReturnType<typeof paces>;
  readonly suitesOf: ReturnType<typeof suiteMemory>;
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
}

/**
 * The way in which a BMC is reached: a shell that stays, or a process for each command.
 * Sends nothing yet. Faults: `invalid-input` for an address or a credential that IPMI cannot carry.
 */
export const transport = (endpoint: IpmiEndpoint, setup: TransportSetup): Ipmi => {
  const { address, port, credential } = endpoint;
  if (isIP(address) === 0) throw new Fault('invalid-input', 'address: an IP address is wanted');
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Fault('invalid-input', 'port: 1 to 65535');
  checkText('username', credential.username, 16);
  checkText('password', credential.password.reveal(), 20);

  const { shells, paceOf, suitesOf } = setup;
  const at = `${address} ${port}`;
  const habits = {
    pace: paceOf(at, endpoint.options.min_interval_ms),
    suites: suitesOf(at, endpoint.options.cipher_suites),
  };
  const each = processes(endpoint, setup, habits);
  return shells === null ? each : shell(endpoint, { ...setup, ...habits, shells }, each);
};

/**
 * The lengths of IPMI 2.0 §22.28 and §22.30. What ipmitool would cut silently, or report as a refused login, is refused
 * here: it ends a password at the first tab or line end and at 20 bytes, and takes an empty one for none.
 */
const checkText = (what: string, text: string, most: number): void => {
  if (text === '') throw new Fault('invalid-input', `${what}: it is empty`);
  if (Buffer.byteLength(text) > most) throw new Fault('invalid-input', `${what}: IPMI takes at most ${most} bytes`);
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Fault('invalid-input', `${what}: it has a control character`);
};
