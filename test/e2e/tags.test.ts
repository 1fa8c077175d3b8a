import { expect } from 'chai';
import { freshName, startIgor, type Client, type TestIgor } from '../support/igor.ts';

interface Machine {
  readonly id: string;
  readonly tags: readonly string[];
  readonly revision: number;
}

describe("a machine's tags", () => {
  let igor: TestIgor;
  let erin: Client;
  let bob: Client;
  let machine: Machine;
  let at = '';

  before(async () => {
    igor = await startIgor();
    [erin, bob] = await Promise.all([igor.as('erin'), igor.as('bob')]);
  });
  after(async () => igor.stop());
  beforeEach(async () => {
    const alice = await igor.as('alice');
    const made = await alice
      .post('/v1/machines', { machine: { name: freshName('tagged'), tags: ['a', 'b'] } })
      .expect(201);
    ({ machine } = made.body as { machine: Machine });
    at = `/v1/machines/${machine.id}/tags`;
  });

  const now = async (): Promise<Machine> =>
    ((await bob.get(`/v1/machines/${machine.id}`).expect(200)).body as { machine: Machine }).machine;

  it('are shown, with the ETag of the machine', async () => {
    const { body, headers } = await bob.get(at).expect(200);
    expect(body).to.deep.equal({ tags: ['a', 'b'], revision: machine.revision });
    expect(headers['etag']).to.equal(`"${machine.revision}"`);
  });

  it('are replaced, each kept once', async () => {
    const { body, headers } = await erin.put(at, { tags: ['c', 'a', 'c'] }).expect(200);
    expect(body).to.deep.equal({ tags: ['c', 'a'], revision: machine.revision + 1 });
    expect(headers['etag']).to.equal(`"${machine.revision + 1}"`);
    expect((await now()).tags).to.deep.equal(['c', 'a']);
  });

  it('are taken all', async () => {
    await erin.delete(at).expect(204);
    expect((await now()).tags).to.deep.equal([]);
    await erin.delete(at).expect(204);
  });

  it('are told one by one, by HEAD too', async () => {
    await bob.get(`${at}/a`).expect(204);
    await bob.get(`${at}/c`).expect(404);
    await bob.get(`${at}/A`).expect(404);
    for (const [tag, status] of [
      ['a', 204],
      ['c', 404],
    ] as const) {
      const answer = await fetch(`${igor.url}${at}/${tag}`, { method: 'HEAD', headers: { 'X-Auth-Token': bob.token } });
      expect(answer.status).to.equal(status);
    }
  });

  it('are added with a Location, and again without a change', async () => {
    const { headers } = await erin.put(`${at}/rack%207`).expect(201);
    expect(headers['location']).to.equal(`http://igor.test:8080${at}/rack%207`);
    const { tags, revision } = await now();
    expect(tags).to.deep.equal(['a', 'b', 'rack 7']);
    await erin.put(`${at}/rack%207`).expect(201);
    expect((await now()).revision).to.equal(revision);
  });

  it('are taken one by one', async () => {
    await erin.delete(`${at}/a`).expect(204);
    expect((await now()).tags).to.deep.equal(['b']);
    await erin.delete(`${at}/a`).expect(404);
  });

  it('are all there when many are added at once', async () => {
    const added = ['p', 'q', 'r', 's'];
    const statuses = await Promise.all(added.map(async (tag) => (await erin.put(`${at}/${tag}`)).status));
    expect(statuses).to.deep.equal([201, 201, 201, 201]);
    expect((await now()).tags).to.have.members(['a', 'b', ...added]);
  });

  it('are changed only as they were when looked at, if so asked', async () => {
    const stale = `"${machine.revision}"`;
    await erin.put(`${at}/c`).set('If-Match', stale).expect(201);
    await erin.put(`${at}/d`).set('If-Match', stale).expect(412);
    await erin.put(`${at}/c`).set('If-Match', stale).expect(412);
    await erin.put(at, { tags: [] }).set('If-Match', stale).expect(412);
    await erin.delete(`${at}/a`).set('If-Match', stale).expect(412);
    await erin
      .patch(`/v1/machines/${machine.id}`, { machine: { tags: [] } })
      .set('If-Match', stale)
      .expect(412);
    expect((await now()).tags).to.deep.equal(['a', 'b', 'c']);
  });

  it('are at most fifty, however they come', async () => {
    const fifty = Array.from({ length: 50 }, (_, index) => `t${index}`);
    await erin.put(at, { tags: [...fifty, 'one more'] }).expect(400);
    await erin.put(at, { tags: fifty }).expect(200);
    await erin.put(`${at}/another`).expect(400);
    await erin.put(`${at}/t7`).expect(201);
  });

  it('are no more than printable text without a slash and a comma', async () => {
    for (const tag of ['a%2Cb', 'a%0Ab', '%20a', 'a'.repeat(61)]) await erin.put(`${at}/${tag}`).expect(400);
    await erin.put(`${at}/x`, { tag: 'y' }).expect(400);
    await erin.put(`${at}/x?tag=y`).expect(400);
    expect((await now()).tags).to.deep.equal(['a', 'b']);
  });

  it('are for those to change who may change the machine, and are journalled', async () => {
    for (const path of [at, `${at}/a`]) {
      await bob.put(path, path === at ? { tags: [] } : {}).expect(403);
      await bob.delete(path).expect(403);
    }
    await (await igor.as('mallory')).get(at).expect(404);
    await erin.put(`${at}/c`).expect(201);
    const { body } = await erin
      .get(`/v1/audit-records?target_id=${machine.id}&operation=tag.add&outcome=done`)
      .expect(200);
    expect(
      (body as { audit_records: readonly { input: object }[] }).audit_records.map(({ input }) => input),
    ).to.deep.equal([{ tag: 'c' }]);
  });
});
