import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { bootTarget } from '../domain/boot.ts';
import { Fault } from '../domain/fault.ts';
import { aimed, type Aimed } from './aim.ts';
import { showBootParameters } from './boot-parameters.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { changeHosts } from './fleet/change-each.ts';
import { paced, unpaced, type PaceFlags } from './fleet/pace.ts';
import { plain } from './screen.ts';

interface Options extends Aimed, PaceFlags {
  readonly persistent?: boolean;
  readonly legacy?: boolean;
  readonly uefi?: boolean;
}

const device = z.looseObject({ target: z.string(), mode: z.string(), once: z.boolean() });
const others = ['get', 'clear', 'parameters'] as const;

export const bootCommand = (context: Context): Command =>
  paced(
    aimed(command('boot', 'Show or set what machines start from'))
      .option('--persistent', 'each time, and not the next time alone')
      .option('--uefi', 'by UEFI, as is usual')
      .option('--legacy', 'by the BIOS, and not by UEFI'),
  )
    .addArgument(
      new Argument('[device]', 'none and clear let the firmware choose').choices([...others, ...bootTarget.options]),
    )
    .action(async (word: string | undefined, given: Options) => {
      const { hosts, persistent = false, legacy = false, uefi = false, ...pace } = given;
      const order = word ?? 'get';
      if ((others as readonly string[]).includes(order) && (persistent || legacy || uefi))
        throw new Fault('invalid-input', '--persistent, --uefi and --legacy go with a device to set');
      if (legacy && uefi) throw new Fault('invalid-input', '--uefi and --legacy exclude each other');
      if (order === 'get' || order === 'parameters') unpaced(order, pace);
      if (order === 'parameters') return showBootParameters(context, hosts);
      const { waitS } = context.globals();
      const wait = waitS !== null && { waitS };
      const path = (target: string): string => `/v1/machines/${encodeURIComponent(target)}/boot`;
      if (order === 'get')
        return eachHost(context, hosts, {
          schema: device,
          question: (target) => ({ method: 'get', path: path(target) }),
          line,
        });
      if (order === 'clear')
        return changeHosts(context, hosts, pace, {
          kind: 'boot.clear',
          parameters: {},
          schema: z.looseObject({}),
          question: (target) => ({ method: 'delete', path: path(target), ...wait }),
          line: (name) => plain(`${name}: cleared`),
        });
      const body = { target: order, mode: legacy ? 'legacy' : 'uefi', once: !persistent };
      return changeHosts(context, hosts, pace, {
        kind: 'boot.set',
        parameters: body,
        schema: device,
        question: (target) => ({ method: 'put', path: path(target), body, ...wait }),
        line,
      });
    });

const line = (name: string, { target, mode, once }: z.output<typeof device>): string =>
  plain(`${name}: ${target}, ${mode}, ${once ? 'once' : 'each time'}`);
