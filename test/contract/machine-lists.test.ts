import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { machineList } from '../../src/adapters/postgres/machine-list.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import type { Scope } from '../../src/domain/caller.ts';
import { filterFrom, type Filter, type FilterValue } from '../../src/domain/filter.ts';
import { machineFields, type MachineField } from '../../src/domain/list-fields.ts';
import type { SortKey, TagFilter } from '../../src/domain/list-query.ts';
import { policy } from '../../src/domain/policy.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { MachineQuery } from '../../src/ports/services.ts';
import { database } from '../support/database.ts';
import { identityWith } from '../support/fakes.ts';
import { faultOf } from '../support/fault-of.ts';
import { descriptions, manyMachines, projects, tags, type Known } from '../support/random-machines.ts';

const count = 300;
const seed = 20_261_120;
const fields = Object.keys(machineFields) as readonly MachineField[];
const anyTags: TagFilter = { all: [], any: null, notAny: null, notAll: null };
const usual: MachineQuery = {
  limit: 1000,
  marker: null,
  filters: [],
  tags: anyTags,
  among: null,
  sort: [{ key: 'name', descending: false }],
  withCount: false,
};

const everything: Scope = policy().scopeOf(identityWith({ roles: ['admin'] }), []);
const only = (projectId: string): Scope => policy().scopeOf(identityWith({ projectId }), []);

/** A filter, by the text that a query has. */
const filter = (field: MachineField, text: string): Filter<MachineField> => {
  const read = filterFrom(field, machineFields[field], text);
  if ('problem' in read) throw new Error(`${field}=${text}: ${read.problem}`);
  return read.filter;
};

describe('the list of machines in PostgreSQL', () => {
  let connected: DataSource;
  let sql: Sql;
  let known: readonly Known[];
  before(async function () {
    this.timeout(120_000);
    connected = await source({ url: new Secret(await database()) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
    known = await manyMachines(sql, count, seed);
  });
  after(async () => connected.destroy());

  const idsOf = async (query: Partial<MachineQuery>, scope = everything): Promise<readonly string[]> =>
    (await machineList(sql, { ...usual, ...query }, scope)).items.map(({ id }) => id);

  /** Each page asks for another number of machines. */
  const pagedThrough = async (
    query: Partial<MachineQuery>,
    limits: readonly number[],
    scope: Scope,
  ): Promise<readonly string[]> => {
    const seen: string[] = [];
    for (let pages = 0; pages <= count; pages += 1) {
      const limit = limits[pages % limits.length] ?? 1;
      const page = await machineList(sql, { ...usual, ...query, limit, marker: seen.at(-1) ?? null }, scope);
      expect(page.items.length).to.be.at.most(limit);
      // A page that was announced has something on it.
      if (pages > 0) expect(page.items).not.to.be.empty;
      seen.push(...page.items.map(({ id }) => id));
      if (page.isLast) return seen;
      expect(page.items.length).to.equal(limit);
    }
    throw new Error('it never ends');
  };

  it('finds by random filters and tags what a loop over all of them finds, and counts it', async function () {
    this.timeout(120_000);
    const found: number[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(someFilter, { maxLength: 3 }), someTags, someScope, async (texts, wanted, scope) => {
        const filters = texts.map(([field, text]) => filter(field, text));
        const expected = known.filter((one) => sees(scope, one) && fits(one, filters, wanted)).map(({ id }) => id);
        found.push(expected.length);
        expect(await idsOf({ filters, tags: wanted }, scope)).to.have.members(expected);
        const page = await machineList(sql, { ...usual, limit: 1, filters, tags: wanted, withCount: true }, scope);
        expect(page.count).to.equal(expected.length);
      }),
      { numRuns: 500, seed },
    );
    // A property over empty lists alone would say nothing.
    expect(found.filter((length) => length > 0).length).to.be.greaterThan(100);
  });

  it('shows each machine once, in order, by whatever keys it is sorted and however pages are cut', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(someFilter, { maxLength: 1 }),
        fc.uniqueArray(someKey, { minLength: 1, maxLength: 4, selector: ({ key }) => key }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
        someScope,
        async (texts, sort, limits, scope) => {
          const filters = texts.map(([field, text]) => filter(field, text));
          const expected = known.filter((one) => sees(scope, one) && fits(one, filters, anyTags)).sort(by(sort));
          expect(await pagedThrough({ filters, sort }, limits, scope)).to.deep.equal(expected.map(({ id }) => id));
        },
      ),
      { numRuns: 60, seed },
    );
  });

  it('puts what has no value last, in either direction', async () => {
    const without = new Set(known.filter(({ observed_at }) => observed_at === null).map(({ id }) => id));
    for (const descending of [true, false]) {
      const ids = await idsOf({ sort: [{ key: 'observed_at', descending }] });
      expect(new Set(ids.slice(-without.size))).to.deep.equal(without);
    }
  });

  it('goes on behind a machine that fits the filters no more', async () => {
    const [first, second, ...rest] = await idsOf({ filters: [filter('maintenance', 'false')] });
    await sql.rows('UPDATE machines SET maintenance = true WHERE id = $1', [second]);
    try {
      const query = { filters: [filter('maintenance', 'false')], marker: second ?? null };
      expect(first).to.be.a('string');
      expect(await idsOf(query)).to.deep.equal(rest);
    } finally {
      await sql.rows('UPDATE machines SET maintenance = false WHERE id = $1', [second]);
    }
  });

  it('refuses a marker that is no id, that is nothing, or that lies beyond the scope', async () => {
    const theirs = known.find(({ project_id }) => project_id === 'beta')?.id ?? '';
    for (const marker of ['osl01', '', randomUUID(), theirs, "' OR true --"]) {
      const fault = await faultOf(machineList(sql, { ...usual, marker }, only('alpha')));
      expect([fault.code, fault.detail]).to.deep.equal(['invalid-input', 'marker: there is no such machine']);
    }
    expect((await machineList(sql, { ...usual, marker: theirs }, only('beta'))).items).not.to.be.empty;
  });

  const hostile = [
    `' OR '1'='1`,
    `'; DROP TABLE machines; --`,
    `osl0001') OR (1=1`,
    `{a,b}`,
    `{"a`,
    `\\'; SELECT pg_sleep(10); --`,
    `$1`,
    `%%`,
    `osl%`,
    `NULL`,
  ];
  for (const value of hostile) {
    it(`takes ${value} for a value, which none has`, async () => {
      const quoted = `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
      for (const field of ['name', 'project_id', 'description'] as const) {
        expect(await idsOf({ filters: [filter(field, `in:${quoted}`)] })).to.deep.equal([]);
        expect(await idsOf({ filters: [filter(field, `neq:${quoted}`)] })).to.have.length(count);
      }
      expect(await idsOf({ tags: { ...anyTags, all: [value] } })).to.deep.equal([]);
      expect(await idsOf({ tags: { ...anyTags, notAny: [value] } })).to.have.length(count);
    });
  }

  it('takes ten thousand names at once', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `OSL${String(index).padStart(4, '0')}`);
    expect(await idsOf({ filters: [filter('name', `in:${names.join(',')}`)] })).to.have.length(count);
  });

  it('compares times as answers show them, to the millisecond', async () => {
    const [one] = known;
    const at = one?.created_at.toISOString() ?? '';
    expect(await idsOf({ filters: [filter('created_at', at)] })).to.include(one?.id);
    expect(await idsOf({ filters: [filter('created_at', `gt:${at}`)] })).not.to.include(one?.id);
    expect(await idsOf({ filters: [filter('created_at', `lte:${at}`)] })).to.include(one?.id);
  });
});

const someScope = fc.constantFrom(everything, ...projects.map(only));
const sees = (scope: Scope, { project_id: project }: Known): boolean =>
  scope.kind === 'all' || (scope.kind === 'project' && scope.projectId === project);

const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
const several = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('in:', 'nin:'), fc.array(value, { minLength: 1, maxLength: 4 }))
    .map(([operator, values]) => operator + values.join(','));
const equality = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    several(value),
    fc.tuple(fc.constantFrom('', 'neq:'), value).map(([operator, one]) => operator + one),
  );
const order = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom('gt:', 'gte:', 'lt:', 'lte:'), value).map(([operator, one]) => operator + one);
const on = (field: MachineField, text: fc.Arbitrary<string>): fc.Arbitrary<readonly [MachineField, string]> =>
  text.map((one) => [field, one] as const);

const name = fc.integer({ min: 0, max: 999 }).map((number) => `oSl${String(number).padStart(4, '0')}`);
const time = fc.integer({ min: -1, max: 61_000 }).map((ms) => new Date(Date.UTC(2026, 10, 20) + ms).toISOString());
const exact = fc.constantFrom(0, 1, 1000, 60_000).map((ms) => new Date(Date.UTC(2026, 10, 20) + ms).toISOString());
const orNull = (value: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(value, fc.constant('null'));
const choices = (of: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...of);

/** What a query may ask of one field. How PostgreSQL orders descriptions is its own affair. */
const someFilter = fc.oneof(
  on('name', fc.oneof(equality(name), order(name))),
  on('project_id', equality(choices(projects))),
  on('description', equality(choices(descriptions.map(quoted)))),
  on('maintenance', equality(choices(['true', 'false']))),
  on('power_state', equality(choices(machineFields.power_state.choices))),
  on('health', equality(choices(machineFields.health.choices))),
  on('observed_at', fc.oneof(equality(orNull(exact)), order(time))),
  on('created_at', fc.oneof(equality(exact), order(time))),
  on('updated_at', fc.oneof(equality(exact), order(time))),
);

const tagList = fc.option(fc.uniqueArray(fc.constantFrom(...tags), { minLength: 1, maxLength: 2 }), {
  nil: null,
  freq: 2,
});
const someTags: fc.Arbitrary<TagFilter> = fc.record({
  all: fc.uniqueArray(fc.constantFrom(...tags), { maxLength: 1 }),
  any: tagList,
  notAny: tagList,
  notAll: tagList,
});

const sortable = fields.filter((field) => field !== 'description');
const someKey = fc.record({ key: fc.constantFrom(...sortable), descending: fc.boolean() });

/** As the pages for users tell it. */
const fits = (one: Known, filters: readonly Filter<MachineField>[], { all, any, notAny, notAll }: TagFilter): boolean =>
  filters.every((each) => holds(one, each)) &&
  all.every((tag) => one.tags.includes(tag)) &&
  (any === null || any.some((tag) => one.tags.includes(tag))) &&
  (notAny === null || !notAny.some((tag) => one.tags.includes(tag))) &&
  (notAll === null || !notAll.every((tag) => one.tags.includes(tag)));

const holds = (one: Known, { field, operator, values }: Filter<MachineField>): boolean => {
  const own = comparable(field, one[field]);
  const given = values.map((value) => comparable(field, value));
  if (operator === 'in') return given.includes(own);
  if (operator === 'nin') return !given.includes(own);
  const [limit = null] = given;
  if (own === null || limit === null) return false;
  if (operator === 'gt') return own > limit;
  if (operator === 'gte') return own >= limit;
  return operator === 'lt' ? own < limit : own <= limit;
};

const comparable = (field: MachineField, value: FilterValue): string | number | boolean | null => {
  if (value instanceof Date) return value.getTime();
  return field === 'name' ? String(value).toLowerCase() : value;
};

const by =
  (sort: readonly SortKey<MachineField>[]) =>
  (a: Known, b: Known): number => {
    for (const { key, descending } of sort) {
      const difference = compared(placeOf(key, a), placeOf(key, b), descending);
      if (difference !== 0) return difference;
    }
    return compared(a.id, b.id, sort.at(-1)?.descending === true);
  };

/** With what a Date leaves out. */
const placeOf = (key: MachineField, one: Known): string | number | boolean | null =>
  key === 'created_at' ? one.created_at.getTime() + one.microseconds / 1000 : comparable(key, one[key]);

const compared = <T extends string | number | boolean | null>(a: T, b: T, descending: boolean): number => {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b === descending ? 1 : -1;
};
