import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { accountBody, accountId, accountToWire } from '../domain/account.ts';
import { accountBy } from './account-parts.ts';

export const accountGet = operation({
  on: 'controller',
  name: 'account.get',
  summary: 'Show an account of a controller',
  method: 'get',
  path: '/controllers/{controller}/accounts/{account_id}',
  permission: 'oob:account:get',
  effect: 'read',
  needs: ['accounts'],
  input: z.strictObject({ account_id: accountId }),
  output: z.object({ account: accountBody }),
  faults: ['ambiguous'],

  async run({ controller, input, device, href, signal }) {
    const account = await accountBy(device.accounts, input.account_id, { signal });
    return { account: accountToWire(account, controller, href) };
  },
});
