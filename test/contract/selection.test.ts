import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { machineKeys } from '../../src/adapters/postgres/machine-keys.ts';
import { selectors } from '../../src/adapters/postgres/selectors.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { meaning, mustBeKnown, selection, type Select } from '../../src/core/selection.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { policy } from '../../src/domain/policy.ts';
import type { Selector } from '../../src/domain/selector.ts';
import { Secret } from '../../src/domain/secret.ts';
import { mostSelected, selectionInput } from '../../src/domain/selection/wanted.ts';
import type { NewSelector, Selectors } from '../../src/ports/selectors.ts';
import { database } from '../support/database.ts';
import { identityWith } from '../support/fakes.ts';
import { faultOf } from '../support/fault-of.ts';

const rules = policy();

const callerAs = (role: string, projectId: string | null): Caller => {
  const identity = identityWith({ projectId, roles: [role] });
  return {
    identity,
    scope: rules.scopeOf(identity, []),
    groups: [],
    grants: [],
    service: null,
    address: null,
    requestId: 'req-1',
    globalRequestId: null,
    token: null,
  };
};

const bob = callerAs('member', 'alpha');
const alice = callerAs('admin', 'alpha');
/** Sees everything and belongs to a project that has no machine. */
const erin = callerAs('admin', 'gamma');
/** Belongs to the project, and may not list its machines. */
const roleless = callerAs('stranger', 'alpha');

interface Made {
  readonly name: string;
  readonly project: string;
  readonly tags?: readonly string[];
  readonly power?: string;
}

const few: readonly Made[] = [
  { name: 'osl01', project: 'alpha', tags: ['rack7'], power: 'on' },
  { name: 'Osl02', project: 'alpha', tags: ['rack7', 'storage'], power: 'off' },
  { name: 'osl03', project: 'alpha', tags: ['storage', 'a b'], power: 'off' },
  { name: 'osl10', project: 'alpha', tags: ['rack8', 'x&!"y"', 'rack[7]'] },
  { name: 'osl9', project: 'alpha', tags: ['*', 'Ålesund'] },
  { name: 'osl01', project: 'beta', tags: ['rack7', 'theirs'] },
  { name: 'bgo01', project: 'beta', tags: ['storage'] },
  { name: 'osl01', project: 'delta' },
];

/** What is asked for, and the names of what comes; then what does not. */
const cases: readonly (readonly [range: string, names: string, unknown?: string])[] = [
  ['osl01', 'osl01'],
  ['OSL02,osl01', 'Osl02 osl01'],
  ['osl[01-03]', 'osl01 Osl02 osl03'],
  ['osl[01-03]!osl02', 'osl01 osl03'],
  ['@rack7', 'osl01 Osl02'],
  ['@rack7,@storage', 'osl01 Osl02 osl03'],
  ['@rack7&@storage', 'Osl02'],
  ['@rack7^@storage', 'osl01 osl03'],
  ['@storage!osl03', 'Osl02'],
  ['@rack[7-8]', 'osl01 Osl02 osl10'],
  ['@rack[7-9]', 'osl01 Osl02 osl10', '@rack9'],
  ['@*', 'osl01 Osl02 osl03 osl9 osl10'],
  ['@*!@storage', 'osl01 osl9 osl10'],
  ['@"*"', 'osl9'],
  ['@"a b"', 'osl03'],
  ['@"x&!\\"y\\""', 'osl10'],
  ['@"rack[7]"', 'osl10'],
  ['@Ålesund', 'osl9'],
  ['@RACK7', '', '@RACK7'],
  ['osl03,osl04', 'osl03', 'osl04'],
  ['osl[01-05]&@rack7', 'osl01 Osl02'],
  ['osl[01-05]!osl[02-05]', 'osl01'],
  ['osl[01-02],osl99!osl01', 'Osl02', 'osl99'],
  // What stands by itself and is not there is told, although it takes nothing away: it may be misspelt.
  ['@storage!osl3', 'Osl02 osl03', 'osl3'],
  ['@storage!@typo', 'Osl02 osl03', '@typo'],
  ['@storage&@typo', '', '@typo'],
  // Of other projects there is nothing, whatever it is called by.
  ['bgo01,@theirs,@storage', 'Osl02 osl03', 'bgo01 @theirs'],
  ['@rack7&@theirs', '', '@theirs'],
];

describe('selecting machines', () => {
  let connected: DataSource;
  let sql: Sql;
  let select: Select;
  const ids = new Map<string, string>();
  let statements = 0;

  before(async function () {
    this.timeout(120_000);
    connected = await source({ url: new Secret(await database()) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
    for (const made of few) await enrol(made);
    const counting: Sql = {
      ...sql,
      rows: async (...question) => {
        statements += 1;
        return sql.rows(...question);
      },
    };
    const keys = machineKeys(counting);
    select = selection(meaning({ keys, selectors: selectors(counting), rules }), keys);
  });
  after(async () => connected.destroy());

  const enrol = async ({ name, project, tags = [], power = 'unknown' }: Made): Promise<void> => {
    const id = randomUUID();
    ids.set(`${project}/${name}`, id);
    await sql.rows(
      `INSERT INTO machines (id, name, project_id, project_domain_id, description, maintenance, tags)
       VALUES ($1, $2, $3, 'default', '', false, $4)`,
      [id, name, project, tags],
    );
    await sql.rows('INSERT INTO observations (machine_id, power_state) VALUES ($1, $2)', [id, power]);
  };
  const idOf = (key: string): string => ids.get(key) ?? 'none';

  const selected = async (caller: Caller, wanted: object): Promise<string> => {
    const { machines, unknown } = await select(caller, selectionInput.parse(wanted));
    const names = machines.map(({ name, projectId }) => (projectId === 'alpha' ? name : `${projectId}/${name}`));
    return [...names, ...(unknown.length === 0 ? [] : ['?', ...unknown])].join(' ');
  };

  for (const [range, names, unknown] of cases) {
    it(`finds ${names === '' ? 'nothing' : names} for ${range}`, async () => {
      const said = unknown === undefined ? names : `${names} ? ${unknown}`.trim();
      expect(await selected(bob, { range })).to.equal(said);
    });
  }

  it('unites ids, names and a range in the order in which they are given, each machine once', async () => {
    const wanted = { ids: [idOf('alpha/osl9')], names: ['osl03', 'OSL9', 'none'], range: 'osl[01-03],@rack8' };
    expect(await selected(bob, wanted)).to.equal('osl9 osl03 osl01 Osl02 osl10 ? none');
  });

  it('takes ids within a range too, in any spelling', async () => {
    const id = idOf('alpha/osl03');
    expect(await selected(bob, { range: `@storage!${id.replaceAll('-', '').toUpperCase()}` })).to.equal('Osl02');
    expect(await selected(bob, { range: `${id},${idOf('beta/bgo01')}` })).to.equal(`osl03 ? ${idOf('beta/bgo01')}`);
  });

  it('narrows what is named by tags and filters, or selects by these alone', async () => {
    expect(await selected(bob, { tags: ['rack7'] })).to.equal('osl01 Osl02');
    expect(await selected(bob, { tags: ['rack7', 'storage'] })).to.equal('Osl02');
    expect(await selected(bob, { tags: ['nowhere'] })).to.equal('');
    expect(await selected(bob, { filter: { power_state: 'off' } })).to.equal('Osl02 osl03');
    expect(await selected(bob, { filter: { power_state: 'off' }, tags: ['rack7'] })).to.equal('Osl02');
    expect(await selected(bob, { filter: { power_state: 'off', 'not-tags': 'rack7' } })).to.equal('osl03');
    expect(await selected(bob, { filter: { name: ['gt:osl01', 'lt:osl1'] } })).to.equal('Osl02 osl03');
    expect(await selected(bob, { range: 'osl[01-04]', filter: { power_state: 'in:on,off' } })).to.equal(
      'osl01 Osl02 osl03 ? osl04',
    );
    expect(await selected(bob, { names: ['nothing'], tags: ['rack7'] })).to.equal('? nothing');
  });

  it("shows no other project's machine to anybody who does not see it", async () => {
    expect(await selected(callerAs('member', 'beta'), { range: '@*' })).to.equal('beta/bgo01 beta/osl01');
    expect(await selected(callerAs('member', 'gamma'), { range: '@*' })).to.equal('');
    expect(await selected(callerAs('member', null), { range: '@*,osl01' })).to.equal('? osl01');
    expect(await selected(bob, { ids: [idOf('beta/bgo01')] })).to.equal(`? ${idOf('beta/bgo01')}`);
  });

  it('finds for who may not list the machines of his project what he names, and no group', async () => {
    expect(await selected(roleless, { range: '@*' })).to.equal('');
    expect(await selected(roleless, { range: '@rack7' })).to.equal('? @rack7');
    expect(await selected(roleless, { tags: ['rack7'] })).to.equal('');
    expect(await selected(roleless, { names: ['osl01'], filter: { power_state: 'on' } })).to.equal('');
    expect(await selected(roleless, { names: ['osl01'] })).to.equal('osl01');
  });

  it("takes a name for that of the caller's own project, and else refuses one that several have", async () => {
    expect(await selected(alice, { range: 'osl01' })).to.equal('osl01');
    expect(await selected(alice, { range: '@rack7!osl01' })).to.equal('beta/osl01 Osl02');
    const { code, detail } = await faultOf(selected(erin, { range: 'osl[01-02]' }));
    expect(code).to.equal('ambiguous');
    const bearers = ['alpha', 'beta', 'delta'].map((project) => idOf(`${project}/osl01`));
    expect(detail).to.match(/^osl01 fits /);
    expect(detail.slice('osl01 fits '.length).split(', ')).to.have.members(bearers);
  });

  it('lets a name that several have narrow what is selected, and takes all of them away', async () => {
    expect(await selected(erin, { range: 'osl01&@theirs' })).to.equal('beta/osl01');
    expect(await selected(erin, { range: '@rack7!osl01' })).to.equal('Osl02');
    expect(await selected(erin, { names: ['osl01'], tags: ['theirs'] })).to.equal('beta/osl01');
  });

  describe('by what is saved', () => {
    const kept = (): Selectors => selectors(sql);
    const nothing = { description: '', expression: null, tags: null, filter: null };
    const save = async (name: string, said: Partial<NewSelector>, projectId = 'alpha'): Promise<Selector> =>
      kept().create({ ...nothing, name, projectId, createdBy: { id: 'u1', name: 'bob' }, ...said });
    const saved = new Map<string, Selector>();

    before(async () => {
      const all = [
        await save('Stores', { tags: ['storage'] }),
        await save('off', { filter: { power_state: 'off' } }),
        await save('seventh', { expression: '@rack7', filter: { power_state: 'on' }, tags: ['rack7'] }),
        await save('some', { expression: 'osl[01-09]!osl02,@nowhere' }),
        await save('without', { expression: '@*!@stores' }),
        await save('rack8', { expression: 'osl03' }),
        await save('nobody', { tags: ['nowhere'] }),
        await save('whole', { expression: '@*' }),
        await save('theirs', { expression: 'bgo01,osl01' }, 'beta'),
      ];
      for (const one of all) saved.set(one.name, one);
    });

    const here: readonly (readonly [range: string, names: string])[] = [
      ['@stores', 'Osl02 osl03'],
      ['@STORES!osl02', 'osl03'],
      ['@off&@rack7', 'Osl02'],
      ['@seventh', 'osl01'],
      ['@some', 'osl01 osl03'],
      ['@without', 'osl01 osl9 osl10'],
      ['@whole!@without', 'Osl02 osl03'],
      ['@nobody', ''],
      ['@*!@nobody', 'osl01 Osl02 osl03 osl9 osl10'],
    ];
    for (const [range, names] of here) {
      it(`finds ${names === '' ? 'nothing' : names} for ${range}, and misses nothing`, async () => {
        expect(await selected(bob, { range })).to.equal(names);
      });
    }

    it('takes a group for the selector of that name, and else for the tag', async () => {
      expect(await selected(bob, { range: '@rack8' })).to.equal('osl03');
      expect(await selected(bob, { tags: ['rack8'] })).to.equal('osl10');
    });

    it('narrows by a selector, or selects by it alone, by its name or id', async () => {
      expect(await selected(bob, { selector: 'STORES' })).to.equal('Osl02 osl03');
      expect(await selected(bob, { selector: saved.get('Stores')?.id ?? '' })).to.equal('Osl02 osl03');
      expect(await selected(bob, { selector: 'stores', range: 'osl03,osl01' })).to.equal('osl03');
      expect(await selected(bob, { selector: 'stores', tags: ['rack7'] })).to.equal('Osl02');
      expect(await selected(bob, { selector: 'rack7' })).to.equal('? @rack7');
      expect(await selected(bob, { selector: randomUUID(), range: 'osl01' })).to.match(/^\? @[0-9a-f-]{36}$/);
    });

    it("knows no other project's selectors, and shows by one's own no machine that one does not see", async () => {
      expect(await selected(bob, { selector: saved.get('theirs')?.id ?? '' })).to.match(/^\? @/);
      expect(await selected(callerAs('member', 'beta'), { range: '@stores' })).to.equal('? @stores');
      expect(await selected(callerAs('member', 'beta'), { range: '@whole' })).to.equal('? @whole');
      await save('foreign', { expression: 'bgo01,osl01' });
      expect(await selected(bob, { range: '@foreign' })).to.equal('osl01');
    });

    it('finds nothing by a selector for who may not list the machines of his project', async () => {
      expect(await selected(roleless, { range: '@some' })).to.equal('? @some');
    });

    it('refuses selectors that would name themselves, by whatever way', async () => {
      const a = await save('ring-a', { expression: '@ring-b,osl01' }); // as yet a tag
      const cases = [
        save('RING-B', { expression: 'osl02,@ring-a' }),
        save('self', { expression: 'osl01!@Self' }),
        kept().update(a.id, () => ({ expression: '@ring-a' }), null),
        save('ring-b', { expression: 'osl01' }).then(async ({ id }) =>
          kept().update(id, () => ({ expression: 'osl01,@ring-a' }), null),
        ),
      ];
      for (const one of cases) {
        const { code, detail } = await faultOf(one);
        expect([code, detail.slice(0, 31)]).to.deep.equal(['conflict', 'selectors would name themselves']);
      }
    });

    it('refuses one of two that would close a ring at the same time', async () => {
      const [one, two] = [await save('left', { tags: ['x'] }), await save('right', { tags: ['x'] })];
      const outcomes = await Promise.allSettled([
        kept().update(one.id, () => ({ expression: '@right' }), null),
        kept().update(two.id, () => ({ expression: '@left' }), null),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
    });

    it('does not hang on a ring that is there nevertheless, nor on a way that is too deep', async () => {
      await save('knot', { expression: 'osl01' });
      await sql.rows("UPDATE selectors SET expression = '@knot,osl02' WHERE name = 'knot'");
      expect((await faultOf(selected(bob, { range: '@knot' }))).detail).to.equal('selector knot names itself');
      for (let depth = 1; depth <= 8; depth += 1)
        await save(`deep${depth}`, { expression: depth === 1 ? 'osl01' : `@deep${depth - 1}` });
      expect(await selected(bob, { range: '@deep8' })).to.equal('osl01');
      expect((await faultOf(save('deep9', { expression: '@deep8' }))).code).to.equal('conflict');
      expect((await faultOf(save('deep0', { expression: '@deep[1-8]' }))).code).to.equal('conflict');
    });

    it('refuses rather than to pass over a condition that it does not understand', async () => {
      await save('odd', { filter: { power_state: 'off' } });
      await sql.rows(`UPDATE selectors SET filter = '{"colour": "red"}' WHERE name = 'odd'`);
      const { code, detail } = await faultOf(selected(bob, { range: '@odd' }));
      expect([code, detail]).to.deep.equal(['conflict', 'selector odd: its filter cannot be read; save it anew']);
    });

    it('neither forgets nor renames one that another names', async () => {
      const stores = saved.get('Stores')?.id ?? '';
      expect((await faultOf(kept().delete(stores, null))).detail).to.equal('other selectors name it: @without');
      expect((await faultOf(kept().update(stores, () => ({ name: 'stock' }), null))).code).to.equal('in-use');
      expect((await kept().update(stores, () => ({ name: 'STORES' }), null)).name).to.equal('STORES');
    });
  });

  it('refuses to select nobody knows what', async () => {
    expect(selectionInput.safeParse({}).success).to.equal(false);
    expect(selectionInput.safeParse({ range: 'osl[01' }).error?.issues[0]?.message).to.equal(
      'host range: "[01" at character 4: the bracket is not closed',
    );
    expect(selectionInput.safeParse({ filter: { power_state: 'half' } }).success).to.equal(false);
    expect(selectionInput.safeParse({ filter: { colour: 'red' } }).success).to.equal(false);
    expect((await faultOf(select(bob, {}))).code).to.equal('invalid-input');
    expect((await faultOf(select(bob, { tags: [], names: [] }))).code).to.equal('invalid-input');
  });

  it('tells folded what is not there', async () => {
    const { unknown } = await select(bob, { range: 'osl[01-99],@rack[1-9]&osl[50-60],@rack1' });
    const fault = await faultOf(Promise.resolve().then(() => mustBeKnown(unknown)));
    expect(fault.code).to.equal('not-found');
    expect(fault.detail).to.equal('there is no machine osl[50-60]; there is no selector and no tag @rack1');
    mustBeKnown([]);
  });

  it('finds ten thousand machines by their names at once, with two questions', async function () {
    this.timeout(60_000);
    await sql.rows(
      `WITH made AS (INSERT INTO machines (name, project_id, project_domain_id, description, maintenance, tags)
         SELECT 'many' || lpad(n::text, 5, '0'), 'many', 'default', '', false, '{all}' FROM generate_series(1, 10001) n RETURNING id)
       INSERT INTO observations (machine_id) SELECT id FROM made`,
    );
    await sql.rows('ANALYZE machines');
    const many = callerAs('member', 'many');
    const took: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      statements = 0;
      const begun = performance.now();
      const { machines } = await select(many, { range: 'many[00001-10000]' });
      took.push(performance.now() - begun);
      expect(machines).to.have.lengthOf(mostSelected);
      expect(machines.map(({ name }) => name)).to.deep.equal([...machines.map(({ name }) => name)].sort());
      expect(statements).to.equal(2);
    }
    expect(Math.min(...took)).to.be.below(2000); // 350 ms on an idle machine
    for (const range of ['many[00001-10001]', '@all', '@*']) {
      expect((await faultOf(select(many, { range }))).detail).to.equal('more than 10000 machines are meant');
    }
    expect((await select(many, { range: '@all&many[00001-00003]' })).machines).to.have.lengthOf(3);
  });
});
