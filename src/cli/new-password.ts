import { Fault } from '../domain/fault.ts';
import { askSecret, readAll, type Terminal } from './prompt.ts';

/** A new password: asked for twice at the terminal, or all of standard input; never of the command line. Faults: `invalid-input`. */
export const newPassword = async (world: Terminal, fromStdin: boolean): Promise<string> => {
  if (fromStdin) return (await readAll(world)).replace(/\r?\n$/, '');
  if (world.stdin.isTTY !== true) throw new Fault('invalid-input', 'there is no terminal to ask at: --password-stdin');
  const password = await askSecret(world, 'New password: ');
  if (password !== (await askSecret(world, 'Once more: '))) throw new Fault('invalid-input', 'the two differ');
  return password;
};
