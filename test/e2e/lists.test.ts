import { expect } from 'chai';
import { enrol } from '../support/enrol.ts';
import { freshName, startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';

type Item = Readonly<Record<string, unknown>>;
interface Body {
  readonly machines: readonly Item[];
  readonly controllers: readonly Item[];
  readonly audit_records: readonly Item[];
  readonly machine: Item;
  readonly controller: Item;
  readonly count?: number;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
  readonly error: { readonly message: string };
}

describe('lists', () => {
  let igor: TestIgor;
  let alice: Client;
  let erin: Client;
  let bob: Client;
  const names = ['web01', 'web02', 'web03', 'db01', 'db02'];

  before(async () => {
    igor = await startIgor();
    [alice, erin, bob] = await Promise.all([igor.as('alice'), igor.as('erin'), igor.as('bob')]);
    const { seed } = await keystone();
    for (const [index, name] of names.entries()) {
      const machine = {
        name,
        project_id: seed.projects['alpha'],
        description: index % 2 === 0 ? 'a,b' : 'c',
        tags: [`rack${index}`, ...(name.startsWith('web') ? ['web'] : [])],
        maintenance: name === 'db02',
      };
      await alice.post('/v1/machines', { machine }).expect(201);
    }
  });
  after(async () => igor.stop());

  const get = async (path: string, as = bob): Promise<Body> => (await as.get(path).expect(200)).body as Body;
  const namesOf = async (query: string): Promise<readonly unknown[]> =>
    (await get(`/v1/machines?${query}`)).machines.map(({ name }) => name);
  const refused = async (path: string, as = bob): Promise<string> =>
    ((await as.get(path).expect(400)).body as Body).error.message;

  const found: readonly (readonly [query: string, names: readonly string[]])[] = [
    ['name=WEB01', ['web01']],
    ['name=in:web01,db02,nosuch', ['db02', 'web01']],
    ['name=nin:web01,db02', ['db01', 'web02', 'web03']],
    ['name=gte:web', ['web01', 'web02', 'web03']],
    ['name=gt:db&name=lt:web', ['db01', 'db02']],
    ['maintenance=true', ['db02']],
    ['maintenance=False&name=neq:db01', ['web01', 'web02', 'web03']],
    ['description=%22a,b%22', ['db02', 'web01', 'web03']],
    ['description=in:%22a,b%22,c&sort=name:desc', ['web03', 'web02', 'web01', 'db02', 'db01']],
    ['power_state=unknown&observed_at=null&tags=web', ['web01', 'web02', 'web03']],
    ['power_state=on', []],
    ['tags=web,rack1', ['web02']],
    ['tags-any=rack0,rack3', ['db01', 'web01']],
    ['not-tags=web,rack4', ['db01']],
    ['not-tags-any=web,rack1', ['db01', 'db02', 'web01', 'web03']],
    ['tags=web&not-tags=web', []],
    ['created_at=gte:2026-01-01&created_at=lt:9999-12-31T23:59:59%2B01:00&limit=2', ['db01', 'db02']],
    ['created_at=lt:2020-01-01T00:00:00 01:00', []],
    ['sort=maintenance:desc,name:desc', ['db02', 'web03', 'web02', 'web01', 'db01']],
    ['sort=description,name:desc&limit=4', ['web03', 'web01', 'db02', 'web02']],
  ];
  for (const [query, expected] of found) {
    it(`find by ${query}`, async () => expect(await namesOf(query)).to.deep.equal(expected));
  }

  const odd: readonly (readonly [query: string, naming: string])[] = [
    ['power_state=sideways', 'power_state: must be one of on, off, unknown'],
    ['health=gt:ok', 'health: has no order for gt; there are in, nin, neq'],
    ['id=web01', 'id: must be an id'],
    ['maintenance=yes', 'maintenance: must be true or false'],
    ['created_at=yesterday', 'created_at: must be a time such as 2026-11-20T10:00:00Z'],
    ['created_at=2026-01-01&created_at=yesterday', 'created_at: must be a time'],
    ['name=a,b', 'name: takes one value: several are in:a,b'],
    ['name=in:', 'name: has a comma without a value'],
    ['name=%22a', 'name: a quoted value is'],
    [Array.from({ length: 9 }, () => 'name=neq:a').join('&'), 'name: '],
    ['tags=', 'tags: must be tags with commas between'],
    ['tags-any=a,,b', 'tags-any: must be tags'],
    ['sort=password', 'sort: must be some of id, name'],
    ['sort=name:up', 'sort: must be some of'],
    ['sort=name,name:desc', 'sort: names a key twice'],
    ['sort_key=name', 'sort_key: unknown field'],
    ['sort_dir=asc', 'sort_dir: unknown field'],
    ['fields=name,password', 'fields: must be some of id, name'],
    ['fields=', 'fields: must be some of'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=1&limit=2', 'limit: is given more than once'],
    ['with_count=maybe', 'with_count'],
    ['marker=web01', 'marker: there is no such machine'],
    ['nmae=web01', 'nmae: unknown field'],
  ];
  for (const [query, naming] of odd) {
    it(`refuse ${query.slice(0, 60)}`, async () => expect(await refused(`/v1/machines?${query}`)).to.contain(naming));
  }

  it('link to themselves, to the first page and to the next, as long as there is one', async () => {
    const rels = ({ links }: Body): readonly string[] => links.map(({ rel }) => rel);
    const hrefOf = ({ links }: Body, rel: string): string =>
      links.find((one) => one.rel === rel)?.href.replace('http://igor.test:8080', '') ?? '';
    const first = await get('/v1/machines?limit=3&name=neq:web03&tags=web&tags-any=rack0,rack1');
    expect(rels(first)).to.deep.equal(['self', 'first']);
    const one = await get('/v1/machines?limit=2&name=gt:a&name=neq:web03&sort=name:desc&with_count=true');
    expect(rels(one)).to.deep.equal(['self', 'first', 'next']);
    const two = await get(hrefOf(one, 'next'));
    expect(rels(two)).to.deep.equal(['self', 'first']);
    expect([...one.machines, ...two.machines].map(({ name }) => name)).to.deep.equal([
      'web02',
      'web01',
      'db02',
      'db01',
    ]);
    expect(await get(hrefOf(two, 'self'))).to.deep.equal(two);
    expect(await get(hrefOf(two, 'first'))).to.deep.equal(one);
    expect([one.count, two.count]).to.deep.equal([4, 4]);
    expect(first).not.to.have.property('count');
  });

  it('count within the scope alone', async () => {
    const mallory = await igor.as('mallory');
    expect((await get('/v1/machines?with_count=true&limit=1', mallory)).count).to.equal(0);
    expect((await get('/v1/machines?with_count=True&limit=1')).count).to.equal(names.length);
  });

  it('refuse a marker that another project has, in the words for one that is nothing', async () => {
    const [{ id } = { id: '' }] = (await get('/v1/machines?limit=1&fields=id')).machines;
    const mallory = await igor.as('mallory');
    expect(await refused(`/v1/machines?marker=${String(id)}`, mallory)).to.contain('marker: there is no such machine');
  });

  it('answer the members that were asked for and no others', async () => {
    const { machines } = await get('/v1/machines?fields=tags,name&name=db01');
    expect(machines).to.deep.equal([{ name: 'db01', tags: ['rack3'] }]);
    const answer = await bob.get('/v1/machines/db01?fields=name,revision').expect(200);
    expect(answer.body).to.deep.equal({ machine: { name: 'db01', revision: 1 } });
    expect(answer.headers['etag']).to.equal('"1"');
    expect((await bob.get('/v1/machines/db01?fields=name').expect(200)).headers).not.to.have.property('etag');
    expect(await refused('/v1/machines/db01?fields=nmae')).to.contain('fields: must be some of id, name');
  });

  it('tell what one may do to each machine when they are asked', async () => {
    const [plain] = (await get('/v1/machines?limit=1')).machines;
    expect(plain).not.to.have.property('allowed_actions');
    const carol = await igor.as('carol');
    for (const [who, may] of [
      [bob, true],
      [carol, false],
    ] as const) {
      const [{ allowed_actions: allowed } = {}] = (await get('/v1/machines?limit=1&fields=allowed_actions', who))
        .machines;
      expect((allowed as readonly string[]).includes('oob:power:set')).to.equal(may);
    }
  });

  it('have controllers too, by what they are and how they fare', async () => {
    const { controllerId, peer } = await enrol(igor, 'alpha');
    await alice
      .post('/v1/controllers', { controller: { address: '127.0.0.1', port: 9, username: 'x', password: 'y' } })
      .expect(201);
    const ids = async (query: string, as = alice): Promise<readonly unknown[]> =>
      (await get(`/v1/controllers?${query}`, as)).controllers.map(({ id }) => id);
    expect(await ids(`port=${peer.port}&driver=ipmi&health=in:ok,unknown`, erin)).to.deep.equal([controllerId]);
    expect(await ids('port=9')).to.have.length(1);
    expect(await ids('project_id=null')).to.deep.equal(await ids('port=9'));
    expect(await ids('project_id=neq:null')).to.deep.equal([controllerId]);
    expect(await ids('sort=port:desc')).to.deep.equal([...(await ids('sort=port'))].reverse());
    const { controller } = await get(`/v1/controllers/${controllerId}?fields=port,username`, erin);
    expect(controller).to.deep.equal({ port: peer.port, username: peer.username });
    expect(await refused('/v1/controllers?marker=x', erin)).to.contain('marker: there is no such controller');
  });

  it('have what was done too, either way through time', async () => {
    const name = freshName('told');
    const made = await alice.post('/v1/machines', { machine: { name } }).expect(201);
    const { id } = (made.body as Body).machine;
    await bob.delete(`/v1/machines/${name}`).expect(403);
    await erin.patch(`/v1/machines/${name}`, { machine: { description: 'x' } }).expect(200);
    const records = async (query: string): Promise<readonly Item[]> =>
      (await get(`/v1/audit-records?target_id=${String(id)}&${query}`, erin)).audit_records;
    const down = await records('fields=id,kind,operation');
    expect(down.map(({ kind, operation }) => [operation, kind])).to.deep.equal([
      ['machine.update', 'outcome'],
      ['machine.update', 'intent'],
      ['machine.delete', 'denied'],
      ['machine.delete', 'intent'],
    ]);
    expect(await records('fields=id,kind,operation&sort=at')).to.deep.equal([...down].reverse());
    const paged: Item[] = [];
    for (let marker = ''; paged.length < 4; marker = `&marker=${String(paged.at(-1)?.['id'])}`)
      paged.push(...(await records(`fields=id,kind,operation&limit=1${marker}`)));
    expect(paged).to.deep.equal(down);
    const kinds = async (query: string): Promise<readonly unknown[]> => (await records(query)).map(({ kind }) => kind);
    expect(await kinds('outcome=null')).to.deep.equal(['intent', 'intent']);
    expect(await kinds('outcome=neq:done')).to.deep.equal(['intent', 'denied', 'intent']);
    expect(await kinds('code=forbidden&permission=oob:machine:delete')).to.deep.equal(['denied']);
    expect(await kinds('at=gt:2999-01-01')).to.deep.equal([]);
    expect(await kinds('kind=nin:intent,outcome&at=gte:2026-01-01&since=2026-01-01')).to.deep.equal(['denied']);
    expect(await refused('/v1/audit-records?since=yesterday', erin)).to.contain('since: must be a time');
    expect(await refused('/v1/audit-records?sort=user_id', erin)).to.contain('sort: must be some of at');
  });
});
