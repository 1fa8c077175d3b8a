import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { accountBody, accountName, accountToWire, settablePrivilege, type AccountAccess } from '../domain/account.ts';
import { Fault } from '../domain/fault.ts';
import type { Accounts, CallOptions } from '../ports/controller.ts';
import { accountPassword, alteredPassword, withRemains } from './account-parts.ts';

const accountInput = z.strictObject({
  name: accountName,
  password: accountPassword,
  privilege: settablePrivilege.describe('The most that it may ask for'),
  enabled: z.boolean().default(true).describe('Whether it may log in at once'),
});

export const accountCreate = operation({
  on: 'controller',
  name: 'account.create',
  summary: 'Let somebody log in to a controller itself',
  method: 'post',
  path: '/controllers/{controller}/accounts',
  permission: 'oob:account:create',
  effect: 'change',
  needs: ['accounts'],
  input: z.strictObject({ account: accountInput }),
  output: z.object({ account: accountBody }),
  statuses: [201],
  faults: ['conflict'],
  answer: ({ account: { links } }) => ({ location: new URL(links[0]?.href ?? '').pathname }),

  async run({ controller, input, device: { accounts }, href, signal }) {
    const { value: table } = await accounts.list({ signal });
    const [id] = table.free;
    if (table.accounts.some(({ name }) => name === input.account.name))
      throw new Fault('conflict', 'the controller has an account of that name');
    if (id === undefined) throw new Fault('conflict', `all ${table.slots} accounts of the controller are in use`);
    await fill(accounts, id, input.account, { signal });
    const { value: account } = await accounts.get(id, { signal });
    return { account: accountToWire(account, controller, href) };
  },
});

/**
 * In an order in which it can break off anywhere: nobody can log in before the last step. What went wrong is told with
 * what was left behind, which is nothing where it can be undone.
 */
const fill = async (
  accounts: Accounts,
  id: number,
  { name, password, privilege, enabled }: z.output<typeof accountInput>,
  call: CallOptions,
): Promise<void> => {
  // Some controllers refuse to shut a slot that has no name yet.
  await shut(accounts, id, call).catch(ignoreRefusal);
  try {
    await accounts.setName(id, name, call);
    await shut(accounts, id, call);
    if ((await accounts.setPassword(id, password, call)) === 'altered') throw alteredPassword();
    await accounts.setAccess(id, { ...closed, privilege, messaging: privilege !== 'none' }, call);
    if (enabled) await accounts.setEnabled(id, true, call);
  } catch (thrown) {
    throw withRemains(thrown, await undone(accounts, id, call));
  }
};

const closed: AccountAccess = { privilege: 'none', messaging: false, link: false, callbackOnly: false };

const shut = async (accounts: Accounts, id: number, call: CallOptions): Promise<void> => {
  await accounts.setAccess(id, closed, call);
  await accounts.setEnabled(id, false, call);
};

const ignoreRefusal = (thrown: unknown): void => {
  if (!(thrown instanceof Fault) || thrown.code !== 'controller-refused') throw thrown;
};

const undone = async (accounts: Accounts, id: number, call: CallOptions): Promise<string> => {
  try {
    await shut(accounts, id, call);
  } catch {
    return `account ${id} may be left behind as it was then: look at it, and delete it`;
  }
  return accounts.setName(id, '', call).then(
    () => 'what was done of it is undone',
    () => `account ${id} is left behind, disabled and without a privilege: delete it`,
  );
};
