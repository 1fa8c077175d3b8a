import { expect } from 'chai';
import { z } from 'zod';
import { isList } from '../../../src/core/from-strings.ts';
import { permissions } from '../../../src/domain/policy.ts';
import { drivers } from '../../../src/drivers/index.ts';
import { openapi } from '../../../src/http/openapi.ts';
import { executionRun } from '../../../src/operations/execution-run.ts';
import { operations } from '../../../src/operations/index.ts';

const isFlat = (schema: z.ZodObject): boolean => {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return Object.values(properties).every(
    (property) =>
      isList(property) || (typeof property === 'object' && !['object', 'array'].includes(String(property.type))),
  );
};

describe('the registry of operations', () => {
  it('has each name once', () => {
    const names = operations.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('has each route once', () => {
    const routes = operations.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(routes).size).to.equal(routes.length);
  });

  it('can describe every schema', () => {
    const { paths } = openapi(operations, '0') as { paths: Record<string, Record<string, { operationId: string }>> };
    const described = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(described).to.include.members(operations.map(({ name }) => name));
  });

  it('uses every permission, but for the one that opens the fleet', () => {
    const used = new Set([...operations, executionRun].map(({ permission }) => permission));
    const unused = permissions.filter((permission) => !used.has(permission));
    expect(unused).to.deep.equal(['oob:scope:all', 'oob:scope:domain', 'oob:machine:aim', 'oob:machine:lend']);
  });

  it('names each permission after what it guards', () => {
    // A machine's tags are a part of what is recorded of it.
    const ofMachine = operations.filter(({ name }) => name.startsWith('tag.'));
    for (const { effect, permission } of ofMachine)
      expect(permission).to.equal(effect === 'read' ? 'oob:machine:get' : 'oob:machine:update');
    for (const { name, permission } of operations.filter((one) => !ofMachine.includes(one)))
      expect(permission).to.equal(`oob:${name.replace('.', ':')}`);
  });

  it('reads by GET alone, and changes by nothing else', () => {
    for (const { method, effect } of operations) {
      expect(effect === 'read' || effect === 'reveal').to.equal(method === 'get');
    }
  });

  it('asks GET for flat input, which a query can carry', () => {
    for (const { method, input, name } of operations) if (method === 'get') expect(isFlat(input), name).to.be.true;
  });

  it('needs only what some driver offers', () => {
    const offered = new Set([...drivers({ homeDir: '/nonexistent' }).values()].flatMap(({ offers }) => [...offers]));
    for (const { needs = [], name } of operations) for (const need of needs) expect(offered.has(need), name).to.be.true;
  });

  it('begins each path with what the operation is on', () => {
    for (const { on, path } of operations) {
      if (on === 'service') expect(path).not.to.contain('{');
      else expect(path.startsWith(`/${on}s/{${on}}`)).to.be.true;
    }
  });

  it('lets no output carry a secret', () => {
    const names = operations.flatMap(
      ({ output }) =>
        JSON.stringify(z.toJSONSchema(output)).match(/"(\w*(password|private|sealed|secret)\w*)":/g) ?? [],
    );
    expect(names).to.deep.equal([]);
  });
});
