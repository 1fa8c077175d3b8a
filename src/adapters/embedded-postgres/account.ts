import { Fault } from '../../domain/fault.ts';
import { asAccount, run, type Account } from './process.ts';

/** The account that PostgreSQL runs as when we are root, made if there is none; null when we are not root. */
export const chooseAccount = async (signal: AbortSignal): Promise<Account | null> => {
  if (process.getuid?.() !== 0) return null;
  const found = (await find('postgres', signal)) ?? (await find('igor', signal));
  if (found !== null) return found;
  try {
    await run([...newAccount, 'igor'], { signal });
  } catch (thrown) {
    // Another process may have made it in the meantime.
    const made = await find('igor', signal);
    if (made === null) throw thrown;
    return made;
  }
  const made = await find('igor', signal);
  if (made === null) throw new Fault('store-unavailable', 'the user "igor" was made and is not there');
  return made;
};

/** Whether the account can reach a path, and enter the directory or run the program there; asked of the system, which alone knows of access lists and the like. */
export const canUse = async (account: Account, path: string, signal: AbortSignal): Promise<boolean> => {
  try {
    await run(asAccount(account, ['test', '-x', path]), { signal });
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.detail.includes('ended with code 1:')) return false;
    throw thrown;
  }
};

const newAccount = [
  'useradd',
  '--system',
  '--user-group',
  '--no-create-home',
  '--home-dir',
  '/nonexistent',
  '--shell',
  '/usr/sbin/nologin',
];

/** `getent` ends with 2 for a name that is not there. */
const find = async (name: string, signal: AbortSignal): Promise<Account | null> => {
  const line = await run(['getent', 'passwd', name], { signal }).catch((thrown: unknown) => {
    if (thrown instanceof Fault && thrown.detail.includes('ended with code 2:')) return '';
    throw thrown;
  });
  const [, , uid, gid] = line.split(':').map(Number);
  return uid === undefined || gid === undefined || uid === 0 ? null : { name, uid, gid };
};
