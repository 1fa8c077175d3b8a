import type { Entry } from './log-answers.ts';
import type { Cell, Colour, Screen } from './screen.ts';
import type { World } from './world.ts';

/** What is shown of one machine, in this order. */
export interface Shown {
  readonly name: string;
  readonly entries: readonly Entry[];
}

/**
 * The entries as a table whose last column is broken into as many lines as it takes: a sentence that is cut off tells nothing.
 * Where there is little room, the sensor has no column of its own.
 */
export const showEntries = (
  screen: Screen,
  { stdout }: Pick<World, 'stdout'>,
  pages: readonly Shown[],
  hints: boolean,
): void => {
  const all = pages.flatMap(({ name, entries }) => entries.map((one) => ({ name, one })));
  if (all.length === 0) return;
  const columns = screen.isTerminal ? (stdout.columns ?? 80) : Infinity;
  const widest = (heading: string, texts: readonly string[]): number =>
    texts.reduce((most, text) => Math.max(most, text.length), heading.length) + between;
  const left =
    columns -
    widest(
      'NAME',
      all.map(({ name }) => name),
    ) -
    widest(
      'TIME (UTC)',
      all.map(({ one }) => timeOf(one)),
    ) -
    widest(
      'SEVERITY',
      all.map(({ one }) => one.severity),
    );
  const wide =
    left -
    widest(
      'SENSOR',
      all.map(({ one }) => sensorOf(one)),
    );
  const isWide = wide >= fairRoom;
  const room = Math.max(leastRoom, isWide ? wide : left);
  const rows = all.flatMap(({ name, one }) => {
    const event = isWide || one.sensor === null ? one.event : `${sensorOf(one)}: ${one.event}`;
    const [first = '', ...more] = wrapped(event, room);
    const advice = hints && one.hint !== null ? wrapped(`> ${one.hint}`, room) : [];
    const sensor = isWide ? [sensorOf(one)] : [];
    return [
      [name, timeOf(one), severityOf(one), ...sensor, first],
      ...[...more, ...advice].map((text) => ['', '', '', ...sensor.map(() => ''), text]),
    ];
  });
  screen.table([['NAME', 'TIME (UTC)', 'SEVERITY', ...(isWide ? ['SENSOR'] : []), 'WHAT'], ...rows]);
};

/** Blanks behind a column. */
const between = 2;
/** Enough for a sentence on two lines. */
const fairRoom = 36;
const leastRoom = 16;

/** `2026-11-20 10:00:35`. */
export const momentIn = (instant: string): string => instant.replace('T', ' ').replace(/(\.\d+)?Z$/, '');

/** Before its clock was set, as the controller counts. */
export const timeOf = ({ at, since_boot_seconds: since }: Entry): string => {
  if (at !== null) return momentIn(at);
  return since === null ? '-' : `start +${since} s`;
};

const severities: Readonly<Partial<Record<string, Colour>>> = { warning: 'yellow', critical: 'red' };

export const severityOf = ({ severity }: Entry): Cell => {
  const colour = severities[severity];
  return colour === undefined ? severity : { text: severity, colour };
};

export const sensorOf = ({ sensor }: Entry): string => {
  if (sensor === null) return '-';
  return sensor.name ?? `${sensor.type} 0x${sensor.number.toString(16).padStart(2, '0')}`;
};

/** In lines of so many characters, broken between words where there are some. */
const wrapped = (text: string, room: number): readonly string[] => {
  const words = text.split(' ').flatMap((word) => (word.length <= room ? [word] : chunks(word, room)));
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
};

const chunks = (word: string, room: number): readonly string[] =>
  Array.from({ length: Math.ceil(word.length / room) }, (_, index) => word.slice(index * room, (index + 1) * room));
