import { expect } from 'chai';
import { answer, idOf, machine, startPeer, type Peer } from './peer.ts';
import { newUser, terminal, type User } from './world.ts';

describe('igor machines', () => {
  let peer: Peer;
  let bob: User;

  beforeEach(async () => {
    peer = await startPeer(['osl01', 'osl02', 'osl03']);
    bob = await newUser(peer.url);
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });

  it('is a table, and no control character of a name or tag reaches the terminal', async () => {
    peer.machines[1] = machine('osl02', {
      tags: ['\u001b[31mred', 'a\u202eb', 'c\u009b2J'],
      power_state: 'off',
      health: 'unreachable',
      observed_at: null,
    });

    expect((await bob.igor(['machines'])).out.split('\n')).to.deep.equal([
      'NAME   POWER  HEALTH       PROJECT  TAGS               OBSERVED',
      'osl01  on     ok           alpha    rack7              30 s ago',
      'osl02  off    unreachable  alpha    \ufffd[31mred,a\ufffdb,c\ufffd2J  never',
      'osl03  on     ok           alpha    rack7              30 s ago',
      '',
    ]);
  });

  it('fits the width of a terminal by cutting the widest columns', async () => {
    peer.machines[0] = machine('osl01', { tags: ['t'.repeat(60)], project_id: '0123456789abcdef0123456789abcdef' });
    const narrow = terminal(60);
    await bob.igor(['machines'], { stdout: narrow, env: { ...bob.env, NO_COLOR: '1' } });

    const lines = narrow.text().trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).to.be.at.most(60);
    expect(lines[1]).to.contain('…').and.contain('30 s ago');
    expect(lines[2]).to.match(/^osl02 +on +ok +alpha +rack7 +30 s ago$/);
  });

  it('pages through a long list without following its links', async () => {
    for (let index = 0; index < 2500; index += 1) peer.machines.push(machine(`n${index}`, { id: idOf(`${index}`) }));

    const { out, code } = await bob.igor(['machines']);

    expect(code).to.equal(0);
    expect(out.trimEnd().split('\n')).to.have.length(1 + 2503);
    expect(peer.asked).to.have.length(3);
    expect(peer.asked[1]?.url).to.match(/^\/v1\/machines\?limit=1000&marker=[0-9a-f-]{36}$/);
  });

  it('ends with a service that names the same page for ever', async () => {
    peer.answers.set('GET /v1/machines', answer({ machines: [machine('osl01')], links: [{ rel: 'next', href: 'x' }] }));

    expect((await bob.igor(['machines'])).code).to.equal(0);
    expect(peer.asked.length).to.be.lessThan(4);
  });

  it('takes a range and tags, in the order of the range', async () => {
    peer.machines[2] = machine('osl03', { tags: ['rack7', 'gpu'] });

    expect((await bob.igor(['machines', '-h', `osl03,${idOf('osl01')}`])).out).to.match(/^NAME.*\nosl03.*\nosl01.*\n$/);
    expect((await bob.igor(['machines', '--tag', 'rack7', '--tag', 'gpu'])).out).to.match(/^NAME.*\nosl03.*\n$/);
    expect(peer.asked.at(-1)?.url).to.equal('/v1/machines?limit=1000&tags=rack7,gpu');
    expect(await bob.igor(['machines', '-h', 'osl01,nosuch'])).to.deep.include({
      code: 1,
      err: 'nosuch: Not found: you see no machine of this name (not-found)\n',
    });
  });

  it('passes filters, tags and order on, and takes as many pages as it needs', async () => {
    for (let index = 0; index < 1500; index += 1) peer.machines.push(machine(`n${index}`, { id: idOf(`${index}`) }));
    const options = [
      '--filter',
      'created_at=gte:2026-11-20',
      '--filter',
      'created_at=lt:2026-11-21',
      '--limit',
      '1200',
    ];
    const more = ['--filter', 'description=a=b', '--not-tag', 'spare', '--any-tag', 'a b', '--sort', 'name:desc'];
    const { out, code } = await bob.igor(['machines', ...options, ...more]);

    expect(code).to.equal(0);
    expect(out.trimEnd().split('\n')).to.have.length(1 + 1200);
    const filters = 'created_at=gte%3A2026-11-20&created_at=lt%3A2026-11-21&description=a%3Db';
    const rest = 'tags-any=a%20b&not-tags=spare&sort=name%3Adesc';
    expect(peer.asked[0]?.url).to.equal(`/v1/machines?limit=1000&${filters}&${rest}`);
    expect(peer.asked[1]?.url).to.match(new RegExp(`^/v1/machines\\?limit=200&.*&marker=`));
    expect(peer.asked).to.have.length(2);
  });

  it('shows the columns that are asked for, in a table and as JSON', async () => {
    peer.machines[0] = machine('osl01', { ssh: null, bindings: [{ roles: ['power'] }], tags: ['a', 'b'] });

    const { out } = await bob.igor([
      'machines',
      '-h',
      'osl01',
      '-c',
      'name,ssh',
      '-c',
      'bindings',
      '--columns',
      'tags',
    ]);
    expect(out).to.equal('NAME   SSH  BINDINGS               TAGS\nosl01  -    [{"roles":["power"]}]  a,b\n');
    expect(peer.asked[0]?.url).to.equal('/v1/machines?limit=1000&fields=id,name,ssh,bindings,tags&name=in%3Aosl01');
    const json = await bob.igor(['machines', '-h', 'osl01', '-c', 'power_state', '--json']);
    expect(JSON.parse(json.out)).to.deep.equal({ machines: [{ power_state: 'on' }] });
  });

  it('joins a range and a filter on names, and misses nobody whom the filter leaves out', async () => {
    const { code } = await bob.igor(['machines', '-h', 'osl01,nosuch', '--filter', 'name=neq:osl02']);

    expect(code).to.equal(0);
    expect(peer.asked[0]?.url).to.equal('/v1/machines?limit=1000&name=neq%3Aosl02&name=in%3Aosl01,nosuch');
  });

  const misunderstood: readonly (readonly [argv: readonly string[], says: string])[] = [
    [['--filter', 'power_state'], '--filter: must be field=value'],
    [['--filter', '=on'], '--filter: must be field=value'],
    [['--filter', 'limit=3'], '--filter: limit is no field of a machine'],
    [['--limit', '0'], '--limit: must be a whole number'],
    [['--limit', 'all'], '--limit: must be a whole number'],
    [['-h', 'osl01', '--sort', 'name'], 'with -h, machines come in the order of the range'],
    [['-h', 'osl01', '--limit', '3'], 'with -h, machines come in the order of the range'],
  ];
  for (const [argv, says] of misunderstood) {
    it(`does not take ${argv.join(' ')}, and asks for nothing`, async () => {
      const { code, err } = await bob.igor(['machines', ...argv]);
      expect(code).to.equal(2);
      expect(err).to.contain(says);
      expect(peer.asked).to.deep.equal([]);
    });
  }

  it('gives the machines as they came with --json', async () => {
    const { machines } = JSON.parse((await bob.igor(['machines', '--json'])).out) as { machines: object[] };

    expect(machines).to.deep.equal(peer.machines);
  });

  it('writes JSON that no terminal obeys', async () => {
    peer.machines[0] = machine('osl01', { tags: ['\u001b[2J', '\u009b2J', '\u202e', '\u{e0041}'] });

    const { out } = await bob.igor(['machines', '--json']);

    expect(out).not.to.match(/[^\P{C}\n]/u);
    expect((JSON.parse(out) as { machines: object[] }).machines).to.deep.equal(peer.machines);
  });

  it('shows who one is', async () => {
    peer.answers.set(
      'GET /v1/whoami',
      answer({
        user: { id: 'u1', name: 'bob', domain_id: 'default' },
        project: { id: 'p1', name: 'alpha', domain_id: 'default' },
        roles: ['member', 'reader'],
        scope: 'project',
        permissions: ['oob:machine:list', 'oob:power:set'],
        expires_at: '2026-11-20T11:00:00.000Z',
        grants: [
          {
            state: 'active',
            machine_id: 'm9',
            tags: [],
            permissions: ['oob:machine:get', 'oob:power:set'],
            until: '2026-11-20T12:00:00.000Z',
          },
          { state: 'pending', machine_id: null, tags: ['gpu', 'rack7'], permissions: ['oob:boot:set'], until: null },
        ],
      }),
    );

    expect((await bob.igor(['whoami'])).out.split('\n')).to.deep.equal([
      'User     bob (u1)',
      'Project  alpha (p1)',
      'Roles    member, reader',
      'Sees     project',
      'Until    2026-11-20T11:00:00.000Z',
      'May      oob:machine:list',
      '         oob:power:set',
      'Granted  oob:machine:get, oob:power:set on m9 until 2026-11-20T12:00:00.000Z (active)',
      '         oob:boot:set on tags gpu, rack7 (pending)',
      '',
    ]);
  });
});
