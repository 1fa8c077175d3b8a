import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { accountId } from '../domain/account.ts';
import { accountBy, accountPassword, alteredPassword, mustNotBeOwn } from './account-parts.ts';

export const passwordSet = operation({
  on: 'controller',
  name: 'password.set',
  summary: 'Give an account of a controller another password',
  method: 'put',
  path: '/controllers/{controller}/accounts/{account_id}/password',
  permission: 'oob:password:set',
  effect: 'change',
  needs: ['accounts'],
  input: z.strictObject({ account_id: accountId, password: accountPassword }),
  output: z.null(),
  statuses: [204],
  faults: ['ambiguous', 'conflict'],

  async run({ controller, input, device: { accounts }, signal }) {
    const call = { signal };
    const account = await accountBy(accounts, input.account_id, call);
    mustNotBeOwn(account, controller, 'credential.rotate gives it another password, and keeps it');
    if ((await accounts.setPassword(account.id, input.password, call)) === 'altered') throw alteredPassword();
    return null;
  },
});
