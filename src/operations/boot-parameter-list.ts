import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { bootParameter } from '../domain/boot-parameter.ts';
import { link } from '../domain/link.ts';

export const bootParameterList = operation({
  on: 'machine',
  name: 'boot-parameter.list',
  summary: 'Show the boot parameters of a machine that have a name',
  method: 'get',
  path: '/machines/{machine}/boot/parameters',
  permission: 'oob:boot-parameter:list',
  effect: 'read',
  needs: ['bootParameters'],
  input: z.strictObject({}),
  output: z.object({ parameters: z.array(bootParameter), observed_at: z.iso.datetime(), links: z.array(link) }),

  async run({ machine, device, href, signal }) {
    const { value, observedAt } = await device.bootParameters.list({ signal });
    return {
      parameters: [...value],
      observed_at: observedAt.toISOString(),
      links: [{ rel: 'self', href: href(`/v1/machines/${machine.id}/boot/parameters`) }],
    };
  },
});
