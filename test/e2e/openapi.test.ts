import { expect } from 'chai';
import { openapi } from '../../src/http/openapi.ts';
import { operations } from '../../src/operations/index.ts';
import { version } from '../../src/version.ts';
import { newMismatches } from '../support/answers.ts';
import { checkOf, type Answer, type Check, type Json } from '../support/document.ts';
import { enrol } from '../support/enrol.ts';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';

describe('what is served, and the document that is served with it', () => {
  let igor: TestIgor;
  let bob: Client;
  let document: Json;
  let check: Check;
  /** A good answer: the others are made from it. */
  let good: Answer;

  before(async () => {
    igor = await startIgor();
    bob = await igor.as('bob');
    document = (await bob.get('/openapi.json').expect(200)).body as Json;
    check = checkOf(document);
    const { id } = await enrol(igor, 'alpha');
    const path = `/v1/machines/${id}`;
    const alice = await igor.as('alice');
    const { status, headers, text } = await alice.patch(path, { machine: { tags: ['rack7'] } }).expect(200);
    good = { method: 'PATCH', path, status, headers: headers, body: text };
  });
  after(async () => igor.stop());

  it('are made from the same declarations', () => {
    expect(document).to.deep.equal(JSON.parse(JSON.stringify(openapi(operations, version))));
  });

  it('fit each other', () => {
    expect(check(good)).to.deep.equal([]);
  });

  const body = (change: (machine: Record<string, unknown>) => object): Partial<Answer> => {
    const { machine } = JSON.parse(good.body) as { machine: Record<string, unknown> };
    return { body: JSON.stringify({ machine: change(machine) }) };
  };
  const header = (name: string, value?: string): Partial<Answer> => {
    const { [name]: _old, ...headers } = good.headers;
    return { headers: value === undefined ? headers : { ...headers, [name]: value } };
  };
  const wrong: readonly (readonly [what: string, change: () => Partial<Answer>, telling: string])[] = [
    ['a member that is not declared', () => body((machine) => ({ ...machine, secret: 1 })), 'additional properties'],
    ['a member that is missing', () => body(({ name: _, ...machine }) => machine), "required property 'name'"],
    ['a member of another type', () => body((machine) => ({ ...machine, tags: 'rack7' })), 'must be array'],
    ['a value beyond the choices', () => body((machine) => ({ ...machine, health: 'fine' })), 'allowed values'],
    ['a time that is none', () => body((machine) => ({ ...machine, created_at: 'noon' })), 'date-time'],
    ['a body that is not JSON', () => ({ body: 'OK' }), 'the body does not fit'],
    ['another type', () => header('content-type', 'text/html'), 'is text/html'],
    ['no type', () => header('content-type'), 'without a Content-Type'],
    ['a status that is not declared', () => ({ status: 418 }), 'declares no 418'],
    ['no request id', () => header('x-openstack-request-id'), 'x-openstack-request-id is missing'],
    ['an odd version', () => header('openstack-api-version', '1.0'), 'openstack-api-version is 1.0'],
    ['no ETag', () => header('etag'), 'etag is missing'],
    ['a header that is not declared', () => header('retry-after', '3'), 'no header retry-after'],
    ['a success where nothing is', () => ({ path: '/v1/nothing' }), 'no operation is there'],
    ['a method that is not described', () => ({ method: 'POST' }), 'no operation is there'],
  ];
  for (const [what, change, telling] of wrong) {
    it(`do not fit with ${what}, which is told`, () => {
      expect(check({ ...good, ...change() }).join('\n')).to.contain(telling);
    });
  }

  it('do not fit with a failure that contradicts itself, or that the operation does not have', async () => {
    const { status, headers, text, request } = await bob.get('/v1/machines/nosuch').expect(404);
    const { pathname: path } = new URL((request as unknown as { url: string }).url);
    const failure = { method: 'GET', path, status, headers: headers as Record<string, string>, body: text };
    expect(check(failure)).to.deep.equal([]);
    const told = (change: (text: string) => string): string => check({ ...failure, body: change(text) }).join('\n');
    expect(told((one) => one.replaceAll('404', '403'))).to.contain('another status');
    expect(told((one) => one.replaceAll('req-', 'req-0'))).to.contain('another request id');
    expect(told((one) => one.replaceAll('out-of-band.not-found', 'out-of-band.in-use'))).to.contain('and not in-use');
    expect(told((one) => one.replaceAll('out-of-band.not-found', 'out-of-band.odd'))).to.contain('must match pattern');
  });

  it('are held together for whoever asks, by whatever means', async () => {
    const answer = await fetch(`${igor.url}/healthcheck`, { headers: { Accept: 'application/json' } });
    expect(await answer.json()).to.have.property('detailed');
    expect(newMismatches()).to.deep.equal([]);
  });
});
