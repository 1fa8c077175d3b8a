import type { Command } from 'commander';
import { z } from 'zod';
import { pause } from '../core/waiting.ts';
import { Fault } from '../domain/fault.ts';
import { aimed, type Aim, type Aimed } from './aim.ts';
import { command, fail, overSession, secondsOf, type Context } from './context.ts';
import { eachHost, settled, type Errand } from './each-host.ts';
import { resolve } from './hosts.ts';
import { sensorsBody, sensorTable, type SensorsSeen } from './sensor-table.ts';
import { plain } from './screen.ts';

interface Options extends Aimed {
  readonly state?: string;
  readonly type?: string;
  readonly thresholds?: boolean;
  readonly watch?: string | true;
}

const usualWatchS = 5;
type Table = NonNullable<Errand<SensorsSeen>['table']>;

export const sensorsCommand = (context: Context): Command =>
  aimed(command('sensors', 'Show the sensors of machines, or set thresholds of one'))
    .option('--state <states>', "only those in these states: 'warning,critical,non-recoverable'")
    .option('--type <types>', "only those that look at this: 'temperature,fan'")
    .option('--thresholds', 'with their thresholds')
    .option('--watch [seconds]', `again and again, until Ctrl-C (${usualWatchS})`)
    .argument('[sensor]', 'one of them, by its name or id; or the word threshold')
    .argument('[changes...]', "after threshold: the sensor, and 'upper_critical=95' as often as need be")
    .addHelpText('after', '\nTo set thresholds: igor sensors -h osl01 threshold "CPU1 Temp" upper_critical=95')
    .action(async (word: string | undefined, changes: readonly string[], { hosts, ...options }: Options) => {
      if (word === 'threshold') return set(context, hosts, changes, options);
      if (changes.length > 0)
        throw new Fault('invalid-input', `${changes[0]}: one sensor at a time, or threshold first`);
      await show(context, hosts, word ?? null, options);
    });

const show = async (
  context: Context,
  hosts: Aim,
  wanted: string | null,
  options: Omit<Options, 'hosts'>,
): Promise<void> => {
  const { watch, thresholds = false, state, type } = options;
  const query = {
    limit: '1000',
    ...(state !== undefined && { state: `in:${state}` }),
    ...(type !== undefined && { type: `in:${type}` }),
  };
  const { screen, world } = context;
  const errand = (shown: Table): Errand<SensorsSeen> => ({
    schema: sensorsBody(wanted),
    question: (target) => ({ method: 'get', path: `/v1/machines/${encodeURIComponent(target)}/sensors`, query }),
    // One that was asked for by its name is not there.
    holds: ({ sensors }) => wanted === null || sensors.length > 0,
    table: shown,
  });
  const table: Table = (outcomes) => {
    const { rows, missing } = sensorTable(outcomes, { thresholds, wanted });
    if (rows.length > 1) screen.table(rows);
    for (const name of missing) screen.note(`${name}: there is no such sensor`);
  };
  if (watch === undefined) return eachHost(context, hosts, errand(table));
  if (context.globals().json) throw new Fault('invalid-input', '--watch: not with --json');
  const seconds = watch === true ? usualWatchS : Math.max(1, secondsOf('--watch', watch) ?? usualWatchS);
  const afresh: Table = (outcomes) => {
    // Once all is there, so that nothing flickers.
    world.stdout.write(screen.isTerminal ? '\u001b[H\u001b[2J' : '\n');
    screen.line(new Date(world.now()).toISOString());
    table(outcomes);
  };
  await overSession(context, async (session) => {
    const found = await resolve(session, hosts);
    if ('failure' in found) return fail(context, found.failure);
    let code = 0;
    while (!world.signal.aborted) {
      code = await settled(context, session, found.hosts, errand(afresh));
      await pause(seconds * 1000, world.signal);
    }
    return code;
  });
};

const held = z.looseObject({ thresholds: z.record(z.string(), z.number().nullable()) });

const set = async (
  context: Context,
  hosts: Aim,
  words: readonly string[],
  options: Omit<Options, 'hosts'>,
): Promise<void> => {
  const [sensor, ...changes] = words;
  if (sensor === undefined || changes.length === 0)
    throw new Fault('invalid-input', 'threshold: say of which sensor, and what to set: upper_critical=95');
  const [alone] = (['state', 'type', 'thresholds', 'watch'] as const).filter((one) => options[one] !== undefined);
  if (alone !== undefined) throw new Fault('invalid-input', `--${alone}: not with threshold`);
  const body = Object.fromEntries(changes.map(changeOf));
  const { waitS } = context.globals();
  await eachHost(context, hosts, {
    schema: held,
    question: (target) => ({
      method: 'put',
      path: `/v1/machines/${encodeURIComponent(target)}/sensors/${encodeURIComponent(sensor)}/thresholds`,
      body,
      ...(waitS !== null && { waitS }),
    }),
    line: (name, { thresholds }) => {
      const set = Object.keys(body).map((one) => `${one} ${thresholds[one] ?? 'is not told'}`);
      return `${name}: ${plain(`${sensor}: ${set.join(', ')}`)}`;
    },
  });
};

/** What a threshold is called, and whether it can be so, the service knows. */
const changeOf = (word: string): readonly [string, number] => {
  const [, name = '', value = ''] = /^([a-z_-]+)=(-?\d+(?:\.\d+)?)$/.exec(word) ?? [];
  if (name === '')
    throw new Fault('invalid-input', `${plain(word)}: must be a threshold and a number, as upper_critical=95`);
  return [name.replaceAll('-', '_'), Number(value)];
};
