import { expect } from 'chai';
import { enrol, machineBodyFor } from '../support/enrol.ts';
import { freshName, startIgor, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';

interface Body {
  readonly machine: {
    readonly id: string;
    readonly name: string;
    readonly revision: number;
    readonly project_id: string;
  };
  readonly machines: readonly { readonly name: string; readonly project_id: string }[];
  readonly links: readonly { readonly rel: string; readonly href: string }[];
  readonly error: { readonly message: string };
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}

describe('machines', () => {
  let igor: TestIgor;
  before(async () => {
    igor = await startIgor();
  });
  after(async () => igor.stop());

  const projectId = async (name: string): Promise<string> => (await keystone()).seed.projects[name] ?? '';

  it('are powered on by a member of their project, as the BMC itself confirms', async () => {
    const { name, peer } = await enrol(igor, 'alpha');
    const bob = await igor.as('bob');
    const { body } = await bob.put(`/v1/machines/${name}/power`, { target: 'on' }).expect(200);
    expect(body).to.include({ target: 'on', before: 'off' });
    expect(await peer.chassis.power()).to.equal('on');
    const answer = await bob.get(`/v1/machines/${name}/power?refresh=true`).expect(200);
    expect(answer.body).to.include({ state: 'on', stale: false, wanted: null });
  });

  it('tell and keep what they start from', async () => {
    const { name, peer } = await enrol(igor, 'alpha');
    const bob = await igor.as('bob');
    await bob.put(`/v1/machines/${name}/boot`, { target: 'pxe' }).expect(200);
    expect(await peer.chassis.boot()).to.equal('pxe');
    expect((await bob.get(`/v1/machines/${name}/boot`).expect(200)).body).to.include({ target: 'pxe' });
  });

  it('tell their chassis status', async () => {
    const { name } = await enrol(igor, 'alpha');
    const { body } = await (await igor.as('carol')).get(`/v1/machines/${name}/health`).expect(200);
    expect(body).to.include({ power: 'off', power_fault: false });
  });

  it('tell what is written in their replaceable units', async () => {
    const { name } = await enrol(igor, 'alpha');
    const { body } = await (await igor.as('carol')).get(`/v1/machines/${name}/inventory`).expect(200);
    const { devices, observed_at } = body as { devices: readonly object[]; observed_at: string };
    expect(devices[0]).to.have.nested.property('product.serial_number', 'SN100000');
    expect(Date.parse(observed_at)).to.be.closeTo(Date.now(), 60_000);
  });

  it('are listed to a member when they are of its project, and to an admin all', async () => {
    const mine = await enrol(igor, 'alpha');
    const theirs = await enrol(igor, 'beta');
    const names = async (persona: string): Promise<readonly string[]> => {
      const { body } = await (await igor.as(persona)).get('/v1/machines?limit=1000').expect(200);
      return (body as Body).machines.map(({ name }) => name);
    };
    expect(await names('bob'))
      .to.include(mine.name)
      .and.not.include(theirs.name);
    expect(await names('mallory'))
      .to.include(theirs.name)
      .and.not.include(mine.name);
    expect(await names('alice')).to.include.members([mine.name, theirs.name]);
  });

  it('are paged through by links, without a gap or a repeat', async () => {
    const own = await startIgor();
    try {
      for (let i = 0; i < 5; i += 1) await enrol(own, 'alpha');
      const bob = await own.as('bob');
      const seen: string[] = [];
      let next: string | undefined = '/v1/machines?limit=2&sort=name:desc';
      while (next !== undefined) {
        const page = (await bob.get(next).expect(200)).body as Body;
        seen.push(...page.machines.map(({ name }) => name));
        const href: string | undefined = page.links.find(({ rel }) => rel === 'next')?.href;
        next = href === undefined ? undefined : href.replace('http://igor.test:8080', '');
      }
      expect(seen).to.have.length(5);
      expect(seen).to.deep.equal([...new Set(seen)].sort().reverse());
    } finally {
      await own.stop();
    }
  });

  it('are found by their names, several at once', async () => {
    const [one, two] = [await enrol(igor, 'alpha'), await enrol(igor, 'alpha')];
    await enrol(igor, 'alpha');
    const { body } = await (
      await igor.as('bob')
    )
      .get(`/v1/machines?name=in:${one.name},${two.name.toUpperCase()},nosuch`)
      .expect(200);
    expect((body as Body).machines.map(({ name }) => name)).to.have.members([one.name, two.name]);
  });

  it('may share a name in two projects: a member sees his own, an admin is told of both', async () => {
    const name = freshName('twin');
    const alice = await igor.as('alice');
    const admin = await igor.as('admin');
    const made = [];
    for (const project of ['alpha', 'beta']) {
      const body = { machine: { name, project_id: await projectId(project) } };
      made.push(((await alice.post('/v1/machines', body).expect(201)).body as Body).machine);
    }
    const { body } = await (await igor.as('mallory')).get(`/v1/machines/${name}`).expect(200);
    expect((body as Body).machine.project_id).to.equal(await projectId('beta'));
    expect(((await alice.get(`/v1/machines/${name}`).expect(200)).body as Body).machine.project_id).to.equal(
      await projectId('alpha'),
    );
    // The persona admin works in alpha as well; from elsewhere neither is nearer.
    expect(((await admin.get(`/v1/machines/${name}`).expect(200)).body as Body).machine.id).to.equal(made[0]?.id);
  });

  it('refuse a name that the project has, in whatever case', async () => {
    const name = freshName('Taken');
    const alice = await igor.as('alice');
    await alice.post('/v1/machines', { machine: { name } }).expect(201);
    const { body } = await alice.post('/v1/machines', { machine: { name: name.toLowerCase() } }).expect(409);
    expect((body as Body).errors[0]?.code).to.equal('out-of-band.conflict');
  });

  it('refuse a BMC that is enrolled, and a project that Keystone does not show', async () => {
    const { peer } = await enrol(igor, 'alpha');
    const alice = await igor.as('alice');
    await alice.post('/v1/machines', machineBodyFor(freshName('again'), await projectId('alpha'), peer)).expect(409);
    const { body } = await alice
      .post('/v1/machines', { machine: { name: freshName('lost'), project_id: 'f'.repeat(32) } })
      .expect(400);
    expect((body as Body).error.message).to.contain('machine.project_id');
  });

  it('are changed only as they were when looked at, if so asked', async () => {
    const { id } = await enrol(igor, 'alpha');
    const erin = await igor.as('erin');
    const before = await erin.get(`/v1/machines/${id}`).expect(200);
    const etag = before.headers['etag'] ?? '';
    const after = await erin
      .patch(`/v1/machines/${id}`, { machine: { tags: ['rack7'] } })
      .set('If-Match', etag)
      .expect(200);
    expect(after.headers['etag']).not.to.equal(etag);
    await erin
      .patch(`/v1/machines/${id}`, { machine: { tags: [] } })
      .set('If-Match', etag)
      .expect(412);
    const bob = await igor.as('bob');
    // What has no revision cannot be changed on condition of one.
    await bob.put(`/v1/machines/${id}/power`, { target: 'on' }).set('If-Match', etag).expect(412);
    const { body } = await erin.get('/v1/machines?tags=rack7').expect(200);
    expect((body as Body).machines).to.have.length(1);
  });

  it('have an ETag that no observation changes', async () => {
    const { id } = await enrol(igor, 'alpha');
    const bob = await igor.as('bob');
    const before = (await bob.get(`/v1/machines/${id}`).expect(200)).headers['etag'];
    await bob.put(`/v1/machines/${id}/power`, { target: 'on' }).expect(200);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    expect((await bob.get(`/v1/machines/${id}`).expect(200)).headers['etag']).to.equal(before);
  });

  it('are aimed elsewhere by an admin alone', async () => {
    const { id } = await enrol(igor, 'alpha', { ssh: true });
    const [erin, alice] = [await igor.as('erin'), await igor.as('alice')];
    for (const machine of [{ ssh: null }, { project_id: await projectId('beta') }, { bindings: [] }, { ports: [] }]) {
      const { body } = await erin.patch(`/v1/machines/${id}`, { machine }).expect(403);
      expect((body as Body).error.message).to.contain('oob:machine:aim');
    }
    await alice.patch(`/v1/machines/${id}`, { machine: { ssh: null } }).expect(200);
  });

  it('move to another project with their controllers, and are gone for the first', async () => {
    const { id, controllerId } = await enrol(igor, 'alpha');
    const alice = await igor.as('alice');
    await alice.patch(`/v1/machines/${id}`, { machine: { project_id: await projectId('beta') } }).expect(200);
    await (await igor.as('bob')).get(`/v1/machines/${id}`).expect(404);
    await (await igor.as('mallory')).get(`/v1/machines/${id}/power`).expect(200);
    const { body } = await alice.get(`/v1/controllers/${controllerId}`).expect(200);
    expect((body as { controller: { project_id: string } }).controller.project_id).to.equal(await projectId('beta'));
  });

  it('take their controllers with them when they are deleted', async () => {
    const { id, controllerId, peer } = await enrol(igor, 'alpha');
    const alice = await igor.as('alice');
    await alice.delete(`/v1/machines/${id}`).expect(204);
    await alice.get(`/v1/controllers/${controllerId}`).expect(404);
    await alice.post('/v1/machines', machineBodyFor(freshName('back'), await projectId('alpha'), peer)).expect(201);
  });

  it('never show a password or a private key, nor does the log', async () => {
    const { id, controllerId, peer } = await enrol(igor, 'alpha', { ssh: true });
    const alice = await igor.as('alice');
    const texts = [
      (await alice.get(`/v1/machines/${id}`)).text,
      (await alice.get(`/v1/controllers/${controllerId}`)).text,
      (await alice.get('/v1/audit-records?limit=1000')).text,
      igor.logText(),
    ];
    for (const text of texts) {
      expect(text).not.to.contain(peer.password);
      expect(text).not.to.contain('PRIVATE KEY');
      expect(text).not.to.contain(alice.token);
    }
    expect(texts[2]).to.contain('"password":"[secret]"');
  });
});
