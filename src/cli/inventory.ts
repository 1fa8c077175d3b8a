import type { Command } from 'commander';
import { z } from 'zod';
import { aimed, type Aimed } from './aim.ts';
import { command, type Context } from './context.ts';
import { eachHost } from './each-host.ts';
import { recordText } from './inventory-records.ts';
import { plain, type Screen } from './screen.ts';

const text = z.string().nullable().catch(null);
const custom = z.array(z.string()).catch([]);
const area = <Shape extends z.ZodRawShape>(shape: Shape) => z.looseObject(shape).nullable().catch(null);

const device = z.looseObject({
  id: z.int().catch(0),
  name: text,
  chassis: area({ type: text, part_number: text, serial_number: text, custom }),
  board: area({
    ...{
      manufactured_at: text,
      manufacturer: text,
      product_name: text,
      serial_number: text,
      part_number: text,
      custom,
    },
  }),
  product: area({
    ...{
      manufacturer: text,
      name: text,
      part_number: text,
      version: text,
      serial_number: text,
      asset_tag: text,
      custom,
    },
  }),
  records: z.array(z.looseObject({ kind: z.string().catch('record') })).catch([]),
  problems: z.array(z.string()).catch([]),
});
type Device = z.output<typeof device>;

export const inventoryCommand = (context: Context): Command =>
  aimed(command('inventory', 'Show makers, part and serial numbers of machines and their units')).action(
    async ({ hosts }: Aimed) =>
      eachHost(context, hosts, {
        schema: z.looseObject({ devices: z.array(device) }),
        question: (target) => ({ method: 'get', path: `/v1/machines/${encodeURIComponent(target)}/inventory` }),
        line: (name, { devices }) => sheet(context.screen, name, devices),
      }),
  );

interface Row {
  readonly label: string;
  readonly text: string;
  readonly isProblem?: boolean;
}

const sheet = (screen: Screen, name: string, devices: readonly Device[]): string => {
  const rows = devices.flatMap(rowsOf).map((row) => ({ ...row, label: plain(row.label), text: plain(row.text) }));
  const width = Math.max(0, ...rows.map(({ label }) => Array.from(label).length));
  const lines = rows.map(({ label, text: told, isProblem = false }) => {
    const gap = ' '.repeat(width - Array.from(label).length);
    return `  ${label}${gap}  ${isProblem ? screen.paint(told, 'yellow') : told}`;
  });
  return [`${name}${rows.length === 0 ? ': nothing is written' : ''}`, ...lines].join('\n');
};

const rowsOf = ({ id, name, chassis, board, product, records, problems }: Device): readonly Row[] => {
  // The machine's own needs no name.
  const unit = id === 0 ? '' : `${name ?? `unit ${id}`} `;
  const row = (what: string, parts: readonly (string | null)[]): readonly Row[] => {
    const told = parts.filter((part) => part !== null && part !== '').join(', ');
    return told === '' ? [] : [{ label: `${unit}${what}`, text: told }];
  };
  return [
    ...(chassis === null
      ? []
      : row('chassis', [chassis.type, part(chassis.part_number), serial(chassis.serial_number), ...chassis.custom])),
    ...(board === null
      ? []
      : row('board', [
          titled(board.manufacturer, board.product_name),
          ...[part(board.part_number), serial(board.serial_number)],
          prefixed('made', board.manufactured_at?.slice(0, 10) ?? null),
          ...board.custom,
        ])),
    ...(product === null
      ? []
      : row('product', [
          titled(product.manufacturer, product.name),
          ...[part(product.part_number), prefixed('version', product.version), serial(product.serial_number)],
          prefixed('asset', product.asset_tag),
          ...product.custom,
        ])),
    ...records.flatMap((record) => row(record.kind, [recordText(record)])),
    ...problems.map((problem) => ({ label: `${unit}problem`, text: problem, isProblem: true })),
  ];
};

const titled = (maker: string | null, product: string | null): string =>
  [maker, product].filter((word) => word !== null).join(' ');
const prefixed = (word: string, value: string | null): string | null => (value === null ? null : `${word} ${value}`);
const part = (value: string | null): string | null => prefixed('part', value);
const serial = (value: string | null): string | null => prefixed('serial', value);
