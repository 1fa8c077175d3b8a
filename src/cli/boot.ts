import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { bootTarget, type BootTarget } from '../domain/boot.ts';
import { Fault } from '../domain/fault.ts';
import { command, hostsFlag, hostsHelp, joined, type Context, type Hosts } from './context.ts';
import { eachHost } from './each-host.ts';
import { plain } from './screen.ts';

interface Options extends Hosts {
  readonly persistent?: boolean;
  readonly legacy?: boolean;
}

const device = z.looseObject({ target: z.string(), mode: z.string(), once: z.boolean() });

export const bootCommand = (context: Context): Command =>
  command('boot', 'Show or set what machines start from')
    .requiredOption(hostsFlag, hostsHelp, joined)
    .option('--persistent', 'each time, and not the next time alone')
    .option('--legacy', 'by the BIOS, and not by UEFI')
    .addArgument(new Argument('[device]', 'none lets the firmware choose').choices(bootTarget.options))
    .action(async (word: BootTarget | undefined, { hosts, persistent = false, legacy = false }: Options) => {
      if (word === undefined && (persistent || legacy))
        throw new Fault('invalid-input', '--persistent and --legacy go with a device to set');
      const body = { target: word, mode: legacy ? 'legacy' : 'uefi', once: !persistent };
      const { waitS } = context.globals();
      await eachHost(context, hosts, {
        schema: device,
        question: (target) => {
          const path = `/v1/machines/${encodeURIComponent(target)}/boot`;
          return word === undefined
            ? { method: 'get', path }
            : { method: 'put', path, body, ...(waitS !== null && { waitS }) };
        },
        line: (name, { target, mode, once }) =>
          `${name}: ${plain(`${target}, ${mode}, ${once ? 'once' : 'each time'}`)}`,
      });
    });
