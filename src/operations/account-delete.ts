import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { accountId } from '../domain/account.ts';
import { Fault } from '../domain/fault.ts';
import { generatedPassword } from '../domain/password.ts';
import { accountBy, mustNotBeOwn, withRemains } from './account-parts.ts';

/** IPMI has no deleting: nobody can log in after the first step, and the last sets the slot free. */
export const accountDelete = operation({
  on: 'controller',
  name: 'account.delete',
  summary: 'Take an account away from a controller',
  method: 'delete',
  path: '/controllers/{controller}/accounts/{account_id}',
  permission: 'oob:account:delete',
  effect: 'change',
  needs: ['accounts'],
  input: z.strictObject({ account_id: accountId }),
  output: z.null(),
  statuses: [204],
  faults: ['ambiguous', 'conflict'],

  async run({ controller, input, device: { accounts }, signal }) {
    const call = { signal };
    const account = await accountBy(accounts, input.account_id, call);
    mustNotBeOwn(account, controller, 'it cannot be deleted');
    const { id, isFixed } = account;
    if (isFixed) throw new Fault('conflict', `account ${id} has a fixed name, and can be disabled alone`);
    await accounts.setEnabled(id, false, call);
    try {
      await accounts.setAccess(id, { privilege: 'none', messaging: false, link: false, callbackOnly: false }, call);
      // Whoever names the slot again, beside Igor, is not to find the old password there.
      await accounts.setPassword(id, generatedPassword(16), call);
      await accounts.setName(id, '', call);
    } catch (thrown) {
      throw withRemains(thrown, `account ${id} is disabled, and may be left there`);
    }
    return null;
  },
});
