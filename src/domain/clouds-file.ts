import { LineCounter, parseDocument } from 'yaml';
import type { CloudSettings } from './cloud.ts';
import { settingsFrom, type CloudEntry, type SettingsReading } from './cloud-settings.ts';
import { Fault } from './fault.ts';

interface Sources {
  readonly env: CloudSettings;
  /** The text of clouds.yaml, if there is one. */
  readonly cloudsYaml?: string;
  /** The text of secure.yaml, which is laid over it. */
  readonly secureYaml?: string;
  /** Which entry; `OS_CLOUD`, if absent. */
  readonly cloud?: string;
}

/** Settings from `OS_*`, and from an entry of clouds.yaml if one is named. Sentences never repeat what the files hold. */
export const cloudSettings = ({ env, cloudsYaml, secureYaml, cloud = env['OS_CLOUD'] }: Sources): SettingsReading => {
  if (cloud === undefined || cloud === '') return settingsFrom(env, null);
  if (cloudsYaml === undefined)
    return { problems: [`OS_CLOUD: names ${JSON.stringify(cloud)}, and no clouds.yaml is found`] };
  try {
    const clouds = cloudsIn(cloudsYaml, 'clouds.yaml');
    const secure = secureYaml === undefined ? {} : cloudsIn(secureYaml, 'secure.yaml');
    if (!Object.hasOwn(clouds, cloud)) return { problems: [`OS_CLOUD: ${noSuchCloud(cloud, Object.keys(clouds))}`] };
    return settingsFrom(env, { ...flat(clouds[cloud]), ...flat(Object.hasOwn(secure, cloud) ? secure[cloud] : null) });
  } catch (error) {
    if (error instanceof Fault) return { problems: [error.detail] };
    throw error;
  }
};

const noSuchCloud = (cloud: string, known: readonly string[]): string =>
  `clouds.yaml has no entry ${JSON.stringify(cloud)}; it has ${known.length === 0 ? 'none' : known.join(', ')}`;

type Json = Readonly<Record<string, unknown>>;

const cloudsIn = (text: string, file: string): Json => {
  const lines = new LineCounter();
  // Every scalar as it is written: YAML 1.1 and 1.2 disagree on what a password of digits is.
  const document = parseDocument(text, { schema: 'failsafe', merge: true, prettyErrors: false, lineCounter: lines });
  const [first] = document.errors;
  if (first !== undefined)
    throw new Fault('invalid-input', `${file}: line ${lines.linePos(first.pos[0]).line} is not YAML`);
  let content: unknown;
  try {
    content = document.toJS();
  } catch {
    throw new Fault('invalid-input', `${file}: has an alias without its anchor, or too many aliases`);
  }
  const clouds = isObject(content) ? content['clouds'] : null;
  return isObject(clouds) ? clouds : {};
};

/** One level, of what is text: `auth` is opened, and the first of `regions` counts as the region. */
const flat = (entry: unknown): CloudEntry => {
  if (!isObject(entry)) return {};
  const { auth, regions, ...rest } = entry;
  const [first] = Array.isArray(regions) ? (regions as unknown[]) : [];
  const region = isObject(first) ? first['name'] : first;
  const members = { region_name: region, ...rest, ...(isObject(auth) ? auth : {}) };
  return Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (isText(value) ? [[name, value]] : [])));
};

const isText = (value: unknown): value is string => typeof value === 'string' && !['', '~', 'null'].includes(value);

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
