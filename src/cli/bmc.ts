import type { Command } from 'commander';
import { z } from 'zod';
import { command, hostsFlag, hostsHelp, joined, type Context, type Hosts } from './context.ts';
import { eachController } from './controllers.ts';

const controller = z.object({
  controller: z.looseObject({
    id: z.string(),
    driver: z.string().catch(''),
    address: z.string().catch(''),
    port: z.number().catch(0),
    health: z.string().catch('unknown'),
  }),
});

export const bmcCommand = (context: Context): Command =>
  command('bmc', 'Show the controllers behind machines')
    .requiredOption(hostsFlag, hostsHelp, joined)
    .action(async ({ hosts }: Hosts) =>
      eachController(context, hosts, {
        schema: controller,
        question: (target) => ({ method: 'get', path: `/v1/controllers/${encodeURIComponent(target)}` }),
        table: (outcomes) => {
          const rows = outcomes.flatMap((outcome) => {
            if ('failure' in outcome) return [];
            const { id, driver, address, port, health } = outcome.result.controller;
            const colour = health === 'ok' ? 'green' : health === 'unknown' || health === 'slow' ? 'yellow' : 'red';
            return [[outcome.host.name, driver, `${address}:${port}`, { text: health, colour } as const, id]];
          });
          if (rows.length > 0) context.screen.table([['NAME', 'DRIVER', 'ADDRESS', 'HEALTH', 'CONTROLLER'], ...rows]);
        },
      }),
    );
