import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { accountBody, accountToWire } from '../domain/account.ts';
import { link } from '../domain/link.ts';

export const accountList = operation({
  on: 'controller',
  name: 'account.list',
  summary: 'List who may log in to a controller itself',
  method: 'get',
  path: '/controllers/{controller}/accounts',
  permission: 'oob:account:list',
  effect: 'read',
  needs: ['accounts'],
  input: z.strictObject({}),
  output: z.object({
    accounts: z.array(accountBody),
    max: z.int().describe('Accounts that the controller has room for'),
    free: z.int().describe('How many more it takes'),
    fixed_names: z.int().describe('Numbers, from 1 on, whose names cannot be changed'),
    observed_at: z.iso.datetime(),
    links: z.array(link),
  }),

  async run({ controller, device, href, signal }) {
    const { value, observedAt } = await device.accounts.list({ signal });
    return {
      accounts: value.accounts.map((account) => accountToWire(account, controller, href)),
      max: value.slots,
      free: value.free.length,
      fixed_names: value.fixedNames,
      observed_at: observedAt.toISOString(),
      links: [{ rel: 'self', href: href(`/v1/controllers/${controller.id}/accounts`) }],
    };
  },
});
