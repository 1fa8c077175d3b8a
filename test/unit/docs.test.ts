import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { z } from 'zod';
import { settings } from '../../src/config.ts';
import { eventTypeNames } from '../../src/domain/event.ts';
import { faults } from '../../src/domain/fault.ts';
import type { Identity } from '../../src/domain/caller.ts';
import { permissions, policy } from '../../src/domain/policy.ts';
import { operations } from '../../src/operations/index.ts';
import { identityWith } from '../support/fakes.ts';
import { newUser } from './cli/world.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const markdown = (folder: string): readonly string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const pages = [...markdown('.'), ...markdown('docs'), ...markdown('openstack')];
const all = pages.map(read).join('\n');

/** What is found of a pattern, each once. */
const found = (pattern: RegExp, text: string): readonly string[] => [
  ...new Set([...text.matchAll(pattern)].map(([whole, part]) => part ?? whole)),
];
/** The rows of every table, as cells. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const section = (text: string, heading: string): string => text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

describe('the pages', () => {
  it('link to what is there', () => {
    const broken = pages.flatMap((page) =>
      found(/\]\(([^)\s]+)\)/g, prose(read(page)))
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !leadsSomewhere(page, target))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it('name npm scripts that there are', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
    expect(Object.keys(scripts)).to.include.members([...found(/npm run ([a-z:-]+)/g, all)]);
  });

  it('name no permission that there is not', () => {
    expect(permissions).to.include.members([...found(/oob:[a-z-]+:[a-z]+/g, all)]);
  });

  it('name no fault that there is not', () => {
    const named = found(/`((?:controller|host|identity|sessions|store|outcome|invalid|not|in)-[a-z-]+)`/g, all);
    expect(Object.keys(faults)).to.include.members([...named]);
  });

  it('name no event of the log, and no operation, that there is not', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => read(join('src', name)));
    const named = found(/`([a-z]+\.[a-z-]+)`/g, all).filter((name) => !/\.(ts|json|yaml|md|sh)$/.test(name));
    expect(named).to.include('journal.unsettled');
    expect(named.filter((name) => !sources.some((source) => source.includes(`'${name}'`)))).to.deep.equal([]);
  });
});

describe('the page for users', () => {
  it('has every operation, with its route, its words and its permission', () => {
    const rows = rowsOf(section(read('docs/user.md'), 'Every operation'))
      .slice(2)
      .map((cells) => [...cells.slice(0, 3), cells[3]?.split(';')[0]]);
    expect(rows).to.have.deep.members(
      operations.map(({ method, path, name, permission }) => [
        method.toUpperCase(),
        `\`/v1${path}\``,
        `\`${name.replace('.', ' ')}\``,
        `\`${permission}\``,
      ]),
    );
  });

  it('has every kind of event', () => {
    const named = rowsOf(section(read('docs/user.md'), 'HTTP')).map(([type = '']) => bare(type));
    expect(named).to.include.members([...eventTypeNames]);
    expect(eventTypeNames).to.include.members(named.filter((type) => type.startsWith('igor.')));
  });

  it('has every word of the command line', async () => {
    const user = await newUser('http://127.0.0.1:1');
    const { out } = await user.igor(['--help']);
    await user.leave();
    const words = found(/^ {2}([a-z]+(?: check)?)\b/gm, out.split('Commands:')[1] ?? '').filter(
      (word) => word !== 'help',
    );
    expect(words).to.include.members(['power', 'exec', 'serve', 'config check']);
    expect(words.filter((word) => !new RegExp(`\\bigor (${word})\\b`).test(all))).to.deep.equal([]);
  });
});

describe('the page for operators', () => {
  const page = read('docs/operator.md');
  const table = new Map(rowsOf(section(page, 'Settings')).map(([name = '', usual = '']) => [bare(name), bare(usual)]));

  it('has every setting, with its default', () => {
    for (const [name, schema] of Object.entries(settings.shape)) {
      const usual = z.safeParse(schema, undefined).data;
      const told = table.get(name);
      expect(told, name).not.to.equal(undefined);
      if (usual !== undefined && name !== 'IGOR_TARGET_NETWORKS') expect(told, name).to.equal(String(usual));
    }
    expect(page).to.contain(String(z.safeParse(settings.shape.IGOR_TARGET_NETWORKS, undefined).data));
  });

  it('names no setting that there is not', () => {
    const secret = Object.entries(settings.shape).filter(([, schema]) => schema.meta()?.['secret'] === true);
    const known = [...Object.keys(settings.shape), ...secret.map(([name]) => `${name}_FILE`), 'IGOR_CONFIG_FILE'];
    const misspelt = 'IGOR_LSTEN'; // to show what becomes of it
    const ofOthers = /^IGOR_(DEMO|TEST)_/;
    const named = found(/\b(?:IGOR|DATABASE)_[A-Z_]*[A-Z]/g, all).filter((name) => !ofOthers.test(name));
    expect([...known, misspelt]).to.include.members([...named]);
  });

  it('gives each role the permissions that it has, and no others', () => {
    const { permits } = policy();
    const rows = rowsOf(section(page, 'Who may do what')).filter(([first = '']) => first.startsWith('`oob:'));
    const told = rows.flatMap(([names = '', ...marks]) =>
      found(/oob:[a-z-]+:[a-z]+/g, names).map((name) => ({ name, marks: marks.map((mark) => mark === 'x') })),
    );
    expect(told.map(({ name }) => name)).to.have.members(permissions);
    for (const { name, marks } of told) {
      const permission = permissions.find((known) => known === name) ?? 'oob:whoami:get';
      const has = holders.map((holder) => permits(permission, holder, { project_id: 'p' }));
      expect(marks, name).to.deep.equal(has);
    }
  });
});

describe('register.sh', () => {
  it('is a script that a POSIX shell can parse', () => {
    const { status, stderr } = spawnSync('/bin/sh', ['-n', join(root, 'openstack/register.sh')], { encoding: 'utf8' });
    expect([status, stderr]).to.deep.equal([0, '']);
  });
});

/** The columns of the table of permissions. */
const holders: readonly Identity[] = ['reader', 'member', 'manager', 'admin', 'system reader'].map((name) => {
  const isSystem = name.startsWith('system ');
  return identityWith({
    projectId: isSystem ? null : 'p',
    systemScope: isSystem ? 'all' : null,
    roles: [name.replace('system ', '')],
  });
});

function bare(cell: string): string {
  return cell.replaceAll('`', '');
}

/** Without code, in which brackets mean something else. */
function prose(text: string): string {
  return text.replace(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '');
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : relative('.', join(dirname(page), path));
  if (!existsSync(join(root, file))) return false;
  return anchor === undefined || anchorsOf(read(file)).includes(anchor);
}

/** As GitHub makes them of headings, and those that are written. */
function anchorsOf(text: string): readonly string[] {
  const headings = found(/^#+ (.+)$/gm, text.replace(/^```.*?^```$/gms, ''));
  const slugs = headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  return [...slugs, ...found(/<a id="([^"]+)">/g, text)];
}
