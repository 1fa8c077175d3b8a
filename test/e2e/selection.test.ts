import { expect } from 'chai';
import { clientOf, startIgor, tokenOf, type Client, type TestIgor } from '../support/igor.ts';
import { passwordOf } from '../../deploy/demo/personas.ts';
import { keystone, scratch } from '../support/parts.ts';
import { runIgor, type Said } from '../support/process.ts';
import { systemToken } from '../support/tokens.ts';
import { newUser, type User } from '../unit/cli/world.ts';

interface Selector {
  readonly id: string;
  readonly name: string;
  readonly expression: string | null;
  readonly filter: object | null;
  readonly revision: number;
}

const rack7 = 'rack 7 & "more"';

const ours = [
  { name: 'osl01', tags: ['storage', rack7] },
  { name: 'osl02', tags: ['storage'] },
  { name: 'osl03', tags: [rack7] },
  { name: 'osl10', tags: ['spare'] },
];
const theirs = [
  { name: 'osl01', tags: ['storage', 'theirs'] },
  { name: 'bgo01', tags: ['storage'] },
];

describe('selections of machines', () => {
  let igor: TestIgor;
  let bob: Client;
  let mallory: Client;
  let user: User;

  before(async () => {
    igor = await startIgor();
    [bob, mallory] = await Promise.all([igor.as('bob'), igor.as('mallory')]);
    const alice = await igor.as('alice');
    const { seed } = await keystone();
    for (const [project, machines] of [
      ['alpha', ours],
      ['beta', theirs],
    ] as const)
      for (const one of machines)
        await alice.post('/v1/machines', { machine: { ...one, project_id: seed.projects[project] } }).expect(201);
    user = await newUser(igor.url);
  });
  after(async () => {
    await user.leave();
    await igor.stop();
  });

  const found = async (client: Client, select: string, more = ''): Promise<string> => {
    const { body } = await client.get(`/v1/machines?select=${encodeURIComponent(select)}${more}`).expect(200);
    const { machines, unknown } = body as { machines: { name: string }[]; unknown: string[] };
    return [...machines.map(({ name }) => name), ...(unknown.length === 0 ? [] : ['?', ...unknown])].join(' ');
  };
  const save = async (client: Client, selector: object): Promise<Selector> =>
    ((await client.post('/v1/selectors', { selector }).expect(201)).body as { selector: Selector }).selector;
  const say = async (...words: string[]): Promise<readonly [number, string, string]> => {
    user.next = { token: await tokenOf('bob'), lifeMs: 3_600_000, endpoint: igor.url };
    const { code, out, err } = await user.igor(words);
    return [code, out, err.replaceAll(/req-[0-9a-f-]{36}/g, 'req')];
  };

  describe('over HTTP', () => {
    it('are listed by an expression, with what of it is not there', async () => {
      expect(await found(bob, '@storage!osl02,osl99')).to.equal('osl01 ? osl99');
      expect(await found(bob, '@*&osl[01-05]')).to.equal('osl01 osl02 osl03');
      expect(await found(bob, `@${JSON.stringify(rack7)}`)).to.equal('osl01 osl03');
      expect(await found(bob, 'bgo01,@theirs,@storage')).to.equal('osl01 osl02 ? bgo01 @theirs');
      expect(await found(mallory, '@*')).to.equal('bgo01 osl01');
    });

    it('are paged, sorted and filtered like any list', async () => {
      expect(await found(bob, '@*!osl02', '&sort=name:desc&not-tags=spare')).to.equal('osl03 osl01');
      const { body } = await bob.get('/v1/machines?select=%40*&limit=3&fields=id,name&with_count=true').expect(200);
      const { links, count } = body as { links: { rel: string; href: string }[]; count: number };
      expect(count).to.equal(4);
      const next = new URL(links.find(({ rel }) => rel === 'next')?.href ?? '');
      const rest = (await bob.get(`${next.pathname}${next.search}`).expect(200)).body as { machines: object[] };
      expect(rest.machines).to.have.lengthOf(1);
    });

    for (const [what, select] of [
      ['an expression that ends too soon', 'osl[01-03]!'],
      ['one of a million names', 'osl[1-1000000]'],
      ['one of too many characters', 'a'.repeat(10_000)],
      ['an empty one', ''],
    ] as const)
      it(`refuse ${what}`, async () => {
        const { body } = await bob.get(`/v1/machines?select=${encodeURIComponent(select)}`).expect(400);
        expect((body as { errors: { detail: string }[] }).errors[0]?.detail).to.match(/^select: /);
      });

    it("take a name for the caller's own project's, and refuse one that several others have", async () => {
      expect(await found(await igor.as('alice'), 'osl01')).to.equal('osl01');
      const system = clientOf(igor.url, await systemToken('alice'));
      const { body } = await system.get('/v1/machines?select=osl01').expect(409);
      expect((body as { errors: { code: string }[] }).errors[0]?.code).to.equal('out-of-band.ambiguous');
      expect(await found(system, 'osl01&@theirs')).to.equal('osl01');
    });
  });

  describe('that are saved', () => {
    it('are made, shown, changed and forgotten, as their revision is', async () => {
      const made = await save(bob, { name: 'Spares', description: 'of rack 8', tags: ['spare'], filter: null });
      expect(await found(bob, '@spares')).to.equal('osl10');
      const shown = await bob.get(`/v1/selectors/${made.id}`).expect(200);
      expect(shown.headers['etag']).to.equal('"1"');
      expect((await bob.get('/v1/selectors/SPARES').expect(200)).body).to.deep.equal(shown.body);

      const filter = { name: 'osl01', power_state: 'in:on,off', 'not-tags': 'x' };
      const changed = await bob
        .patch(`/v1/selectors/${made.id}`, { selector: { tags: null, filter } })
        .set('If-Match', '"1"')
        .expect(200);
      expect((changed.body as { selector: Selector }).selector).to.deep.include({ tags: null, filter, revision: 2 });
      await bob
        .patch(`/v1/selectors/${made.id}`, { selector: { description: '' } })
        .set('If-Match', '"1"')
        .expect(412);
      // Merged, as RFC 7396 has it.
      const merged = await bob
        .patch(`/v1/selectors/${made.id}`, { selector: { filter: { power_state: null, 'not-tags': null } } })
        .expect(200);
      expect((merged.body as { selector: Selector }).selector.filter).to.deep.equal({ name: 'osl01' });
      await bob.patch(`/v1/selectors/${made.id}`, { selector: { filter: { name: null } } }).expect(400);
      expect(await found(bob, '@spares')).to.equal('osl01');
      await bob.delete(`/v1/selectors/${made.id}`).set('If-Match', '"2"').expect(412);
      await bob.delete(`/v1/selectors/${made.id}`).expect(204);
      await bob.get(`/v1/selectors/${made.id}`).expect(404);
      expect(await found(bob, '@spares')).to.equal('? @spares');
    });

    it("are seen by their project only, and a name may be several projects'", async () => {
      const { id } = await save(bob, { name: 'mine', expression: '@storage' });
      await save(mallory, { name: 'mine', expression: '@storage,osl02' });
      expect(await found(bob, '@mine')).to.equal('osl01 osl02');
      expect(await found(mallory, '@mine')).to.equal('bgo01 osl01');
      await mallory.get(`/v1/selectors/${id}`).expect(404);
      await mallory.patch(`/v1/selectors/${id}`, { selector: { expression: '@*' } }).expect(404);
      await mallory.delete(`/v1/selectors/${id}`).expect(404);
      const listed = (await mallory.get('/v1/selectors?name=mine').expect(200)).body as { selectors: Selector[] };
      expect(listed.selectors.map(({ expression }) => expression)).to.deep.equal(['@storage,osl02']);
      await bob.post('/v1/selectors', { selector: { name: 'MINE', expression: 'osl01' } }).expect(409);
    });

    it('are used by who reads, and made by who is a member', async () => {
      await save(bob, { name: 'read', expression: 'osl[01-02]' });
      const carol = await igor.as('carol');
      expect(await found(carol, '@read')).to.equal('osl01 osl02');
      await carol.post('/v1/selectors', { selector: { name: 'other', expression: 'osl01' } }).expect(403);
    });

    it('neither name themselves nor lose what they name', async () => {
      const inner = await save(bob, { name: 'inner', expression: 'osl01' });
      await save(bob, { name: 'outer', expression: '@inner,@tag' });
      const { body } = await bob.patch(`/v1/selectors/${inner.id}`, { selector: { expression: '@outer' } }).expect(409);
      expect((body as { errors: { detail: string }[] }).errors[0]?.detail).to.equal(
        'selectors would name themselves: @inner @outer @inner',
      );
      await bob.delete(`/v1/selectors/${inner.id}`).expect(409);
      await bob.patch(`/v1/selectors/${inner.id}`, { selector: { name: 'other' } }).expect(409);
    });

    for (const [what, selector] of [
      ['says nothing', { name: 'x' }],
      ['says nothing by a filter', { name: 'x', filter: {} }],
      ['cannot be read', { name: 'x', expression: 'osl[1-' }],
      ['is too long', { name: 'x', expression: Array.from({ length: 900 }, (_, n) => `n${n}`).join(',') }],
      ['has a name that @name could not say', { name: 'a b', tags: ['x'] }],
      ['has the name of everything', { name: '*', tags: ['x'] }],
      ['has the name of an id', { name: '6f1b6a52-0000-4000-8000-000000000000', tags: ['x'] }],
      ['filters by what is no field', { name: 'x', filter: { colour: 'red' } }],
      ['names too many groups', { name: 'x', expression: '@g[1-1001]' }],
    ] as const)
      it(`are refused when one ${what}`, async () => {
        await bob.post('/v1/selectors', { selector }).expect(400);
      });
  });

  describe('on the command line', () => {
    it('are asked for in one request, and narrowed by tags and filters', async () => {
      const names = async (...words: string[]): Promise<string> => {
        const [, out] = await say('machines', '-c', 'name', ...words);
        return out.split('\n').slice(1, -1).join(' ');
      };
      expect(await names('-h', '@storage!osl02')).to.equal('osl01');
      expect(await names('-h', 'osl10,osl0[1-3]')).to.equal('osl10 osl01 osl02 osl03');
      expect(await names('-h', '@*', '--tag', rack7)).to.equal('osl01 osl03');
      expect(await names('-h', '@*', '--filter', 'name=gt:osl02')).to.equal('osl03 osl10');
    });

    it('say of each machine what came of it, whatever it was selected by', async () => {
      const asked = async (...words: string[]): Promise<readonly [number, string]> => {
        const [code, out, err] = await say('bmc', ...words);
        return [code, (out + err).replaceAll(/: .*/g, '')];
      };
      expect(await asked('--tag', 'storage')).to.deep.equal([1, 'osl01\nosl02\n']);
      expect(await asked('--filter', 'name=in:osl03,osl10')).to.deep.equal([1, 'osl03\nosl10\n']);
      expect(await asked('-h', 'osl[01-10]!osl[02-09]', '-h', 'osl03')).to.deep.equal([1, 'osl01\nosl03\nosl10\n']);
      expect(await asked('-h', 'osl03,osl01', '--tag', rack7)).to.deep.equal([1, 'osl03\nosl01\n']);
    });

    it('do nothing when something that is named beside a group is not there, and when nothing fits', async () => {
      expect(await say('power', '-h', '@storage!osl5', 'off')).to.deep.equal([
        1,
        '',
        'igor: Not found: you see no machine osl5; nothing was done (not-found)\n',
      ]);
      expect(await say('power', '-h', '@storage!@typo', 'off')).to.deep.equal([
        1,
        '',
        'igor: Not found: you see no machine, selector or tag @typo; nothing was done (not-found)\n',
      ]);
      expect(await say('power', '--tag', 'nowhere', 'off')).to.deep.equal([
        1,
        '',
        'igor: Not found: no machine that you see fits (not-found)\n',
      ]);
    });

    it('are kept, shown, changed and forgotten', async () => {
      expect(await say('selectors', 'create', 'kept', '-h', '@storage', '--tag', 'storage')).to.deep.equal([
        0,
        '@kept: @storage --tag storage\n',
        '',
      ]);
      expect((await say('selectors', 'list'))[1]).to.match(
        /^NAME +SELECTS +DESCRIPTION\n[^]*@kept +@storage --tag storage/,
      );
      expect((await say('selectors', 'show', 'kept'))[1]).to.match(/\nNow +osl0\[1-2\] \(2\)\n/);
      expect(
        await say('selectors', 'set', 'kept', '--without', 'tags', '--filter', 'name=osl02', '--description', 'one'),
      ).to.deep.equal([0, '@kept: @storage --filter name=osl02\n', '']);
      expect(await say('hosts', '@kept')).to.deep.equal([0, 'osl02\n', '']);
      expect(await say('selectors', 'delete', 'kept')).to.deep.equal([0, 'kept: deleted\n', '']);
      expect((await say('selectors', 'show', 'kept'))[0]).to.equal(1);
      expect((await say('selectors', 'set', 'kept'))[0]).to.equal(2);
    });
  });

  describe('by igor as a process', () => {
    const run = async (...words: string[]): Promise<Said> => runIgor(words, {});

    it('are expanded, folded and counted without signing in, where there is no group', async () => {
      const [expanded, folded, counted, wrong] = await Promise.all([
        run('hosts', 'r[1-2]n[08-10/2]!r1n08', 'gw'),
        run('hosts', '-f', 'osl01,osl02', 'osl04'),
        run('hosts', '--count', 'osl[1-20000]'),
        run('hosts', 'osl[1-'),
      ]);
      expect(expanded).to.deep.equal({ code: 0, stdout: 'r1n10\nr2n08\nr2n10\ngw\n', stderr: '' });
      expect(folded.stdout).to.equal('osl0[1-2,4]\n');
      expect(counted.stdout).to.equal('20000\n');
      expect(wrong).to.deep.include({ code: 2, stdout: '' });
    });

    it('are resolved by the service, where there is one', async () => {
      const { url } = await keystone();
      const env = {
        HOME: await scratch('home'),
        OS_AUTH_URL: url,
        OS_USERNAME: 'bob',
        OS_PASSWORD: passwordOf('bob'),
        OS_PROJECT_NAME: 'alpha',
        OS_USER_DOMAIN_NAME: 'Default',
        OS_PROJECT_DOMAIN_NAME: 'Default',
      };
      const said = await runIgor(['--endpoint', igor.url, 'hosts', '-f', '@storage,osl03'], env);
      expect(said).to.deep.equal({ code: 0, stdout: 'osl0[1-3]\n', stderr: '' });
    });
  });
});
