import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { bootTarget } from '../domain/boot.ts';
import { Fault } from '../domain/fault.ts';
import { aimed, type Aimed } from './aim.ts';
import { showBootParameters } from './boot-parameters.ts';
import type { Question } from './client.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { plain } from './screen.ts';

interface Options extends Aimed {
  readonly persistent?: boolean;
  readonly legacy?: boolean;
  readonly uefi?: boolean;
}

const device = z.looseObject({ target: z.string(), mode: z.string(), once: z.boolean() });
const others = ['get', 'clear', 'parameters'] as const;

export const bootCommand = (context: Context): Command =>
  aimed(command('boot', 'Show or set what machines start from'))
    .option('--persistent', 'each time, and not the next time alone')
    .option('--uefi', 'by UEFI, as is usual')
    .option('--legacy', 'by the BIOS, and not by UEFI')
    .addArgument(
      new Argument('[device]', 'none and clear let the firmware choose').choices([...others, ...bootTarget.options]),
    )
    .action(async (word: string | undefined, { hosts, persistent = false, legacy = false, uefi = false }: Options) => {
      const order = word ?? 'get';
      if ((others as readonly string[]).includes(order) && (persistent || legacy || uefi))
        throw new Fault('invalid-input', '--persistent, --uefi and --legacy go with a device to set');
      if (legacy && uefi) throw new Fault('invalid-input', '--uefi and --legacy exclude each other');
      if (order === 'parameters') return showBootParameters(context, hosts);
      const body = { target: order, mode: legacy ? 'legacy' : 'uefi', once: !persistent };
      const { waitS } = context.globals();
      const wait = waitS !== null && { waitS };
      const question = (target: string): Question => {
        const path = `/v1/machines/${encodeURIComponent(target)}/boot`;
        if (order === 'get') return { method: 'get', path };
        return order === 'clear' ? { method: 'delete', path, ...wait } : { method: 'put', path, body, ...wait };
      };
      if (order === 'clear')
        return eachHost(context, hosts, { schema: z.looseObject({}), question, line: (name) => `${name}: cleared` });
      return eachHost(context, hosts, {
        schema: device,
        question,
        line: (name, { target, mode, once }) =>
          `${name}: ${plain(`${target}, ${mode}, ${once ? 'once' : 'each time'}`)}`,
      });
    });
