import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { parse } from 'yaml';
import { faults, type FaultCode } from '../../../src/domain/fault.ts';
import { openapi } from '../../../src/http/openapi.ts';
import { operations } from '../../../src/operations/index.ts';

type Json = Readonly<Record<string, unknown>>;
interface Operation {
  readonly parameters?: readonly { readonly in?: string; readonly name?: string }[];
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

const document = openapi(operations, '1') as Json & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Readonly<Record<string, { readonly 'x-codes': readonly FaultCode[] }>>;
  };
};

const ajv = (): Ajv2020 => {
  const one = new Ajv2020({ strict: false, allErrors: true, formats: { 'media-range': true } });
  (formats as unknown as (to: Ajv2020) => void)(one); // its types name the older class
  return one;
};

/** Every value under that key, however deep. */
const under = (value: unknown, key: string): readonly unknown[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as Json).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...under(inner, key),
  ]);
};

const operationOf = (path: string, method: string): Operation => {
  const operation = document.paths[path]?.[method];
  if (operation === undefined) throw new Error(`${method} ${path} is not described`);
  return operation;
};

/** The codes that an operation is said to answer with, by the document. */
const codesOf = ({ responses }: Operation): readonly string[] =>
  Object.values(responses).flatMap(
    ({ $ref = '' }) => document.components.responses[$ref.replace('#/components/responses/', '')]?.['x-codes'] ?? [],
  );

describe('the OpenAPI document', () => {
  it('is one by the schema of OpenAPI 3.1', async () => {
    const text = await readFile(new URL('../../fixtures/openapi/schema-3.1.yaml', import.meta.url), 'utf8');
    // ajv takes a dynamic reference within a definition for one to the root; without another dialect it means this.
    const schema = text.replaceAll("$dynamicRef: '#meta'", '$ref: "#/$defs/schema"');
    const validate = ajv().compile(parse(schema) as Json);
    expect(validate(document), JSON.stringify(validate.errors?.slice(0, 5), null, 1)).to.be.true;
    expect(validate({ ...document, paths: { 'no-slash': {} } })).to.be.false;
    expect(validate({ ...document, components: { schemas: { 'a b': {} } } })).to.be.false;
  });

  it('holds JSON Schemas that compile', () => {
    const $defs = document.components.schemas;
    const schemas = [
      ...under(document.paths, 'schema'),
      ...under(document.components, 'schema'),
      ...Object.values($defs),
    ];
    expect(schemas.length).to.be.greaterThan(50);
    const one = ajv();
    for (const schema of schemas) {
      const text = JSON.stringify({ ...(schema as Json), $defs }).replaceAll('#/components/schemas/', '#/$defs/');
      expect(() => one.compile(JSON.parse(text) as Json), text.slice(0, 200)).not.to.throw();
    }
  });

  it('refers to nothing that is not there', () => {
    const targets = [...new Set(under(document, '$ref').map(String))];
    for (const target of targets) {
      const found = target
        .split('/')
        .slice(1)
        .reduce<unknown>((value, key) => (value as Json | undefined)?.[key], document);
      expect(found, target).to.be.an('object');
    }
    const { components } = document as unknown as { components: Record<string, Json> };
    for (const kind of ['schemas', 'responses', 'headers', 'parameters'])
      for (const name of Object.keys(components[kind] ?? {}))
        expect(targets).to.include(`#/components/${kind}/${name}`);
  });

  it('tells of each fault at the status that the table gives it', () => {
    for (const [name, { 'x-codes': codes }] of Object.entries(document.components.responses))
      for (const code of codes) expect(name.startsWith(String(faults[code].status)), `${code} in ${name}`).to.be.true;
  });

  it('tells of every fault that is an answer, and of which operation', () => {
    const told = new Set(Object.values(document.paths).flatMap((path) => Object.values(path).flatMap(codesOf)));
    const untold = Object.keys(faults).filter((code) => !told.has(code));
    expect(untold).to.deep.equal([
      'method-not-allowed', // where no operation is
      'request-timeout', // before there is a request
      'not-begun', // told of a target of a set
      'host-refused', // told in the result of an execution, as are the next three
      'host-key-mismatch',
      'host-login-refused',
      'host-unreachable',
    ]);
    const whoami = codesOf(operationOf('/v1/whoami', 'get'));
    expect(whoami).to.include.members(['unauthenticated', 'identity-unreachable']);
    expect(whoami).not.to.include.members(['not-found', 'too-large', 'controller-busy']);
    expect(codesOf(operationOf('/v1/machines/{machine}/power', 'put'))).to.include('outcome-unknown');
    expect(codesOf(operationOf('/v1/machines/{machine}/power', 'get'))).not.to.include('outcome-unknown');
  });

  it('names each operation once, and each part of its path', () => {
    const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, operation })),
    );
    const ids = entries.map(({ operation }) => (operation as Operation & { operationId: string }).operationId);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const { path, operation } of entries) {
      const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const named = (operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name);
      expect(named, path).to.deep.equal(parts);
    }
  });

  it('asks for a token everywhere but for what everybody may read', () => {
    const open = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).some((operation) => 'security' in operation) ? [path] : [],
    );
    expect(open).to.deep.equal(['/', '/v1', '/healthcheck', '/openapi.json', '/docs/faults']);
    expect(document['security']).to.deep.equal([{ keystone: [] }]);
  });
});
