import { setTimeout as sleep } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import pg from 'pg';
import { passwordToken } from '../../deploy/demo/json-client.ts';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { clientOf, freshName, startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';

interface Wire {
  readonly id: string;
  readonly state: string;
  readonly permissions: readonly string[];
  readonly kind: string;
  readonly revision: number;
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe('grants', () => {
  let igor: TestIgor;
  /** The same service once more, on the same database. */
  let other: TestIgor;
  let users: Readonly<Record<string, string>>;
  let projects: Readonly<Record<string, string>>;
  let erin: Client;
  let bob: Client;
  let mallory: Client;
  before(async () => {
    igor = await startIgor();
    const { seed } = await keystone();
    ({ users, projects } = seed);
    other = await startIgor({ DATABASE_URL: igor.databaseUrl, IGOR_KEYRING_FILE: `${igor.dataDir}/keyring.json` });
    [erin, bob, mallory] = await Promise.all([igor.as('erin'), igor.as('bob'), igor.as('mallory')]);
  });
  after(async () => {
    await other.stop();
    await igor.stop();
  });

  const bodyOf = (machine: Enrolled, changes: object = {}): { grant: object } => ({
    grant: {
      machine: machine.name,
      permissions: ['oob:power:get', 'oob:power:set'],
      grantee: { user_id: users['mallory'] },
      until: inAnHour(),
      reason: 'a test of grants',
      ...changes,
    },
  });
  const granted = async (machine: Enrolled, changes: object = {}, by: Client = erin): Promise<Wire> =>
    ((await by.post('/v1/grants', bodyOf(machine, changes)).expect(201)).body as { grant: Wire }).grant;
  const power = (machine: Enrolled): string => `/v1/machines/${machine.name}/power`;
  const namesOf = (body: unknown): readonly string[] =>
    (body as { machines: { name: string }[] }).machines.map(({ name }) => name);

  describe('to a user', () => {
    it('take the machine into his sight and open what they name, and nothing else', async () => {
      const machine = await enrol(igor, 'alpha');
      await mallory.get(power(machine)).expect(404);
      const grant = await granted(machine);
      expect(grant.state).to.equal('active');
      await mallory.get(power(machine)).expect(200);
      await mallory.put(power(machine), { target: 'on' }).expect(200);
      await mallory.get(`/v1/machines/${machine.id}`).expect(200);
      expect(namesOf((await mallory.get('/v1/machines').expect(200)).body)).to.include(machine.name);
      await mallory.put(`/v1/machines/${machine.name}/boot`, { target: 'pxe' }).expect(403);
      await mallory.patch(`/v1/machines/${machine.name}`, { machine: { description: 'mine' } }).expect(403);
      await mallory.get(`/v1/controllers/${machine.controllerId}`).expect(404);
    });

    it('count at once where they are made and revoked, and within two seconds at every replica', async () => {
      const machine = await enrol(igor, 'alpha');
      const elsewhere = await other.as('mallory');
      await elsewhere.get('/v1/machines').expect(200); // it has looked just now
      const { id } = await granted(machine);
      await mallory.get(power(machine)).expect(200);
      const path = `/v1/machines/${machine.id}`;
      await until(async () => (await elsewhere.get(path)).status === 200);
      await erin.delete(`/v1/grants/${id}`).expect(204);
      await mallory.get(path).expect(404);
      await until(async () => (await elsewhere.get(path)).status === 404);
    });

    it('end when they say, without anybody doing anything', async () => {
      const machine = await enrol(igor, 'alpha');
      await granted(machine, { until: new Date(Date.now() + 1_500).toISOString() });
      await mallory.get(power(machine)).expect(200);
      await sleep(1_600);
      await mallory.get(power(machine)).expect(404);
      await (await other.as('mallory')).get(power(machine)).expect(404);
    });

    it('open nothing before they begin, nor outside their hours', async () => {
      const machine = await enrol(igor, 'alpha');
      const hour = 3_600_000;
      const later = await granted(machine, {
        from: new Date(Date.now() + hour).toISOString(),
        until: new Date(Date.now() + 2 * hour).toISOString(),
      });
      expect(later.state).to.equal('pending');
      const day = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 3) % 7];
      const resting = await granted(machine, { hours: [{ days: [day], from: '00:00', until: '23:59' }] });
      expect(resting.state).to.equal('resting');
      await mallory.get(power(machine)).expect(404);
    });

    it('are shown to the grantee, who may give them back and not change them', async () => {
      const machine = await enrol(igor, 'alpha');
      const { id } = await granted(machine);
      const whoami = (await mallory.get('/v1/whoami').expect(200)).body as { grants: Wire[] };
      expect(whoami.grants.map((grant) => grant.id)).to.include(id);
      const listed = (await mallory.get('/v1/grants').expect(200)).body as { grants: Wire[] };
      expect(listed.grants.map((grant) => grant.id)).to.include(id);
      await mallory.get(`/v1/grants/${id}`).expect(200);
      await mallory.patch(`/v1/grants/${id}`, { grant: { permissions: ['oob:boot:set'] } }).expect(403);
      await mallory.delete(`/v1/grants/${id}`).expect(204);
      await mallory.get(power(machine)).expect(404);
    });

    it('are hidden from those they do not concern', async () => {
      const machine = await enrol(igor, 'alpha');
      const { id } = await granted(machine, { grantee: { user_id: users['svc'] } });
      await mallory.get(`/v1/grants/${id}`).expect(404);
      await mallory.delete(`/v1/grants/${id}`).expect(404);
      await bob.get(`/v1/grants/${id}`).expect(403); // his project's, which he does not manage
      expect(JSON.stringify((await bob.get('/v1/grants').expect(200)).body)).not.to.contain(id);
      expect(JSON.stringify((await erin.get('/v1/grants').expect(200)).body)).to.contain(id);
    });

    it('are what the journal and allowed_actions name', async () => {
      const machine = await enrol(igor, 'alpha');
      const { id } = await granted(machine);
      const shown = (await mallory.get(`/v1/machines/${machine.id}`).expect(200)).body as {
        machine: { allowed_actions: string[] };
      };
      expect(shown.machine.allowed_actions.toSorted()).to.deep.equal([
        'oob:machine:get',
        'oob:machine:list',
        'oob:power:get',
        'oob:power:set',
      ]);
      await mallory.put(power(machine), { target: 'on' }).expect(200);
      const line = igor.logged.findLast(({ operation }) => operation === 'power.set');
      expect(line?.['by']).to.equal(`grant ${id}`);
    });

    it('let him run commands, and read what came of his own', async () => {
      const machine = await enrol(igor, 'alpha', { ssh: true });
      await mallory.post('/v1/executions', { targets: [machine.name], command: ['true'] }).expect(404);
      const { id } = await granted(machine, { permissions: ['oob:execution:create'] });
      const made = await mallory
        .post('/v1/executions', { targets: [machine.name], command: ['true'] })
        .set('Prefer', 'wait=20')
        .expect(200);
      const { execution } = made.body as { execution: { id: string; state: string } };
      expect(execution.state).to.equal('succeeded');
      await mallory.get(`/v1/executions/${execution.id}`).expect(200);
      await erin.delete(`/v1/grants/${id}`).expect(204);
      await mallory.post('/v1/executions', { targets: [machine.name], command: ['true'] }).expect(404);
    });
  });

  describe('by tags', () => {
    it('are about every machine of the project that carries each of them', async () => {
      const [one, two] = [freshName('tag'), freshName('tag')];
      const [both, single, theirs] = await Promise.all([
        enrol(igor, 'alpha'),
        enrol(igor, 'alpha'),
        enrol(igor, 'beta'),
      ]);
      await erin.patch(`/v1/machines/${both.id}`, { machine: { tags: [one, two] } }).expect(200);
      await erin.patch(`/v1/machines/${single.id}`, { machine: { tags: [one] } }).expect(200);
      await granted(both, { machine: undefined, tags: [one, two] });
      await mallory.get(power(both)).expect(200);
      await mallory.get(power(single)).expect(404);
      await erin.patch(`/v1/machines/${single.id}`, { machine: { tags: [one, two] } }).expect(200);
      await mallory.get(power(single)).expect(200);
      expect(namesOf((await mallory.get('/v1/machines').expect(200)).body)).to.include.members([
        both.name,
        single.name,
        theirs.name,
      ]);
      await erin.patch(`/v1/machines/${both.id}`, { machine: { tags: [] } }).expect(200);
      await mallory.get(power(both)).expect(404);
    });
  });

  it('open nothing of another project, however they came into the database', async () => {
    const machine = await enrol(igor, 'alpha');
    const client = new pg.Client(igor.databaseUrl);
    await client.connect();
    await client.query(
      `INSERT INTO grants (kind, project_id, machine_id, permissions, grantee_kind, grantee_id, from_at, time_zone, reason,
         granted_by_id, granted_by_name) VALUES ('grant', $1, $2, '{oob:machine:get,oob:power:get}', 'user', $3, now(), 'UTC', '', 'x', 'x')`,
      [projects['beta'], machine.id, users['mallory']],
    );
    await client.end();
    await sleep(1_100);
    await mallory.get(`/v1/machines/${machine.id}`).expect(404);
  });

  it('by tags keep who may not grant from putting those tags on, or taking them off', async () => {
    const policy = `${igor.dataDir}/policy.yaml`;
    await writeFile(policy, '"oob:machine:update": "rule:member"\n');
    const lenient = await startIgor({
      DATABASE_URL: igor.databaseUrl,
      IGOR_KEYRING_FILE: `${igor.dataDir}/keyring.json`,
      IGOR_POLICY_FILE: policy,
    });
    const machine = await enrol(igor, 'alpha');
    const [selected, free] = [freshName('tag'), freshName('tag')];
    await granted(machine, { machine: undefined, tags: [selected] });
    const retag = async (tags: readonly string[], status: number): Promise<unknown> =>
      (await lenient.as('bob')).patch(`/v1/machines/${machine.id}`, { machine: { tags } }).expect(status);
    await retag([free], 200);
    await sleep(1_100); // until that replica has heard of the grant
    await retag([free, selected], 403);
    await erin.patch(`/v1/machines/${machine.id}`, { machine: { tags: [free, selected] } }).expect(200);
    await retag([free], 403);
    await retag([selected], 200);
    await lenient.stop();
  });

  describe('to a project', () => {
    it('hold for its people as far as their roles there go', async () => {
      const machine = await enrol(igor, 'beta');
      const admin = await igor.as('alice');
      await granted(machine, { machine: machine.id, grantee: { project_id: projects['alpha'] } }, admin);
      const carol = await igor.as('carol');
      await carol.get(power(machine)).expect(200);
      await carol.put(power(machine), { target: 'on' }).expect(403);
      await bob.put(power(machine), { target: 'on' }).expect(200);
    });
  });

  describe('to a group', () => {
    /** Keystone, as its admin. */
    const atKeystone = async (method: string, path: string, body?: object): Promise<Record<string, { id: string }>> => {
      const { url } = await keystone();
      const login = { url, user: 'admin', password: 'adminpw', project: 'admin', signal: AbortSignal.timeout(10_000) };
      const answer = await fetch(url + path, {
        method,
        headers: { 'X-Auth-Token': await passwordToken(login), 'Content-Type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expect(answer.status).to.be.lessThan(300);
      return answer.status === 204 ? {} : ((await answer.json()) as Record<string, { id: string }>);
    };
    const fresh = async (user: string, project: string): Promise<Client> => {
      const { url } = await keystone();
      const login = { url, user, password: `${user}pw`, project, signal: AbortSignal.timeout(10_000) };
      return clientOf(igor.url, await passwordToken(login));
    };

    it('hold for its members, whom Keystone knows, and not for their application credentials', async () => {
      const machine = await enrol(igor, 'alpha');
      // Of this test alone: who leaves a group loses every token, also those that other tests hold.
      const name = freshName('member');
      const user = (await atKeystone('POST', '/users', { user: { name, password: `${name}pw` } }))['user']?.id ?? '';
      const { seed } = await keystone();
      await atKeystone('PUT', `/projects/${projects['beta']}/users/${user}/roles/${seed.roles['member']}`);
      const made = await atKeystone('POST', '/groups', { group: { name: freshName('storage') } });
      const group = made['group']?.id ?? '';
      const member = `/groups/${group}/users/${user}`;
      await atKeystone('PUT', member);
      const before = await fresh(name, 'beta');
      await before.get(power(machine)).expect(404);
      const { id } = await granted(machine, { grantee: { group_id: group } });
      const insider = await fresh(name, 'beta');
      await insider.get(power(machine)).expect(200);
      await (await fresh('bob', 'alpha')).get(`/v1/grants/${id}`).expect(403);

      const { url } = await keystone();
      const { application_credential: credential } = (await (
        await fetch(`${url}/users/${user}/application_credentials`, {
          method: 'POST',
          headers: { 'X-Auth-Token': insider.token, 'Content-Type': 'application/json' },
          body: JSON.stringify({ application_credential: { name: freshName('ac') } }),
        })
      ).json()) as { application_credential: { id: string; secret: string } };
      const { id: credentialId, secret } = credential;
      const identity = { methods: ['application_credential'], application_credential: { id: credentialId, secret } };
      const answer = await fetch(`${url}/auth/tokens`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ auth: { identity } }),
      });
      await clientOf(igor.url, answer.headers.get('x-subject-token')).get(power(machine)).expect(404);

      await atKeystone('DELETE', member);
      await sleep(1_100); // Keystone revokes by the second
      await (await fresh(name, 'beta')).get(power(machine)).expect(404);
    });

    it('are not given by one of its members', async () => {
      const machine = await enrol(igor, 'alpha');
      const made = await atKeystone('POST', '/groups', { group: { name: freshName('managers') } });
      const group = made['group']?.id ?? '';
      await atKeystone('PUT', `/groups/${group}/users/${users['erin']}`);
      const body = bodyOf(machine, { grantee: { group_id: group } });
      const { body: answer } = await (await fresh('erin', 'alpha')).post('/v1/grants', body).expect(403);
      expect((answer as { error: { message: string } }).error.message).to.contain('a group of his own');
    });
  });

  describe('are refused', () => {
    const refused = async (by: Client, body: object, status: number): Promise<string> =>
      ((await by.post('/v1/grants', body).expect(status)).body as { error: { message: string } }).error.message;

    it('from who may not grant, and for what the giver does not hold', async () => {
      const machine = await enrol(igor, 'alpha');
      await refused(bob, bodyOf(machine), 403);
      await refused(mallory, bodyOf(machine), 403);
      const theirs = await enrol(igor, 'beta');
      await refused(erin, bodyOf(theirs), 404);
      await refused(erin, bodyOf(machine, { machine: undefined, tags: ['x'], project_id: projects['beta'] }), 403);
    });

    it('for permissions that lead to more rights', async () => {
      const machine = await enrol(igor, 'alpha');
      for (const permission of [
        'oob:grant:create',
        'oob:machine:aim',
        'oob:credential:set',
        'oob:scope:all',
        'nonsense',
      ])
        await refused(erin, bodyOf(machine, { permissions: [permission] }), 400);
    });

    it('when somebody would widen himself', async () => {
      const machine = await enrol(igor, 'alpha');
      await refused(erin, bodyOf(machine, { grantee: { user_id: users['erin'] } }), 403);
      await refused(erin, bodyOf(machine, { grantee: { project_id: projects['alpha'] } }), 403);
    });

    it('to pass on what is only granted', async () => {
      const machine = await enrol(igor, 'alpha');
      await granted(machine);
      await refused(mallory, bodyOf(machine, { grantee: { user_id: users['svc'] } }), 403);
    });

    it('without an end, or with one that is over, too far, or never on that clock', async () => {
      const machine = await enrol(igor, 'alpha');
      await refused(erin, bodyOf(machine, { until: undefined }), 400);
      await refused(erin, bodyOf(machine, { until: '2020-01-01T00:00:00Z' }), 400);
      await refused(erin, bodyOf(machine, { until: '2099-01-01T00:00:00Z' }), 400);
      await refused(erin, bodyOf(machine, { until: '2027-03-28T02:30', time_zone: 'Europe/Oslo' }), 400);
      await refused(erin, bodyOf(machine, { time_zone: 'Mars/Olympus' }), 400);
    });

    it('about both a machine and tags, or neither, and for two grantees', async () => {
      const machine = await enrol(igor, 'alpha');
      await refused(erin, bodyOf(machine, { tags: ['x'] }), 400);
      await refused(erin, bodyOf(machine, { machine: undefined }), 400);
      await refused(erin, bodyOf(machine, { grantee: { user_id: 'a', project_id: 'b'.repeat(32) } }), 400);
      await refused(erin, bodyOf(machine, { grantee: {} }), 400);
    });
  });

  it('change under If-Match, and not beyond what the changer holds', async () => {
    const machine = await enrol(igor, 'alpha');
    const { id, revision } = await granted(machine);
    const path = `/v1/grants/${id}`;
    await erin
      .patch(path, { grant: { reason: 'lost' } })
      .set('If-Match', `"${revision + 7}"`)
      .expect(412);
    const changed = await erin
      .patch(path, { grant: { permissions: ['oob:power:get'] } })
      .set('If-Match', `"${revision}"`)
      .expect(200);
    expect((changed.body as { grant: Wire }).grant.permissions).not.to.include('oob:power:set');
    await mallory.put(power(machine), { target: 'on' }).expect(403);
  });

  it('stay behind when the machine goes to another project', async () => {
    const machine = await enrol(igor, 'alpha');
    const { id } = await granted(machine, { grantee: { user_id: users['bob'] } });
    const alice = await igor.as('alice');
    await alice.patch(`/v1/machines/${machine.id}`, { machine: { project_id: projects['beta'] } }).expect(200);
    await bob.get(`/v1/machines/${machine.id}`).expect(404);
    const shown = (await alice.get(`/v1/grants/${id}`).expect(200)).body as { grant: Wire };
    expect(shown.grant.state).to.equal('revoked');
  });

  describe('a lessee', () => {
    it('is a project whose people may do what was chosen, until it is taken back', async () => {
      const machine = await enrol(igor, 'alpha');
      const lessee = { project_id: projects['beta'], permissions: ['oob:power:set'] };
      await bob.patch(`/v1/machines/${machine.id}`, { machine: { lessee } }).expect(403);
      await mallory.get(power(machine)).expect(404);
      const lent = await erin.patch(`/v1/machines/${machine.id}`, { machine: { lessee } }).expect(200);
      expect((lent.body as { machine: { lessee: object } }).machine.lessee).to.deep.include({
        project_id: projects['beta'],
      });
      await mallory.put(power(machine), { target: 'on' }).expect(200);
      await mallory.get(power(machine)).expect(403); // not among what was chosen
      expect(namesOf((await mallory.get('/v1/machines').expect(200)).body)).to.include(machine.name);
      await erin.patch(`/v1/machines/${machine.id}`, { machine: { lessee: null } }).expect(200);
      await mallory.put(power(machine), { target: 'on' }).expect(404);
    });

    it('is never the owner, nor somebody whom the machine follows to another owner', async () => {
      const machine = await enrol(igor, 'alpha');
      const own = { project_id: projects['alpha'], permissions: ['oob:power:get'] };
      await erin.patch(`/v1/machines/${machine.id}`, { machine: { lessee: own } }).expect(400);
    });
  });

  describe('break-glass', () => {
    const requested = async (machine: Enrolled, by: Client = bob, minutes = 5): Promise<Wire> => {
      const body = { grant: { permissions: ['oob:boot:set'], minutes, reason: 'the rack is on fire' } };
      const { body: answer } = await by.post(`/v1/machines/${machine.id}/grant-requests`, body).expect(201);
      return (answer as { grant: Wire }).grant;
    };

    it('opens nothing until a second person approves, and is loud', async () => {
      const machine = await enrol(igor, 'alpha');
      const carol = await igor.as('carol');
      const { id, state } = await requested(machine, carol);
      expect(state).to.equal('requested');
      await carol.put(`/v1/machines/${machine.id}/boot`, { target: 'pxe' }).expect(403);
      await carol.put(`/v1/grants/${id}/approval`).expect(403);
      await bob.put(`/v1/grants/${id}/approval`).expect(403);
      const approved = await erin.put(`/v1/grants/${id}/approval`).expect(200);
      expect((approved.body as { grant: Wire }).grant.state).to.equal('active');
      await carol.put(`/v1/machines/${machine.id}/boot`, { target: 'pxe' }).expect(200);
      await erin.put(`/v1/grants/${id}/approval`).expect(409);
      const events = igor.logged
        .filter(({ grant, msg }) => grant === id && String(msg).startsWith('break-glass'))
        .map(({ msg, level }) => [msg, level]);
      expect(events).to.deep.equal([
        ['break-glass.requested', 40],
        ['break-glass.approved', 40],
      ]);
      const { text } = await fetch(`${igor.metricsUrl}/metrics`).then(async (answer) => ({
        text: await answer.text(),
      }));
      expect(text).to.match(/igor_alarms_total\{event="break-glass.approved"\} [1-9]/);
    });

    it('is not approved by the one who asked, whatever his role', async () => {
      const machine = await enrol(igor, 'alpha');
      const { id } = await requested(machine, erin);
      await erin.put(`/v1/grants/${id}/approval`).expect(403);
      await (await igor.as('alice')).put(`/v1/grants/${id}/approval`).expect(200);
    });

    it('needs a reason', async () => {
      const machine = await enrol(igor, 'alpha');
      const without = { grant: { permissions: ['oob:boot:set'] } };
      await bob.post(`/v1/machines/${machine.id}/grant-requests`, without).expect(400);
      const blank = { grant: { permissions: ['oob:boot:set'], reason: '   ' } };
      await bob.post(`/v1/machines/${machine.id}/grant-requests`, blank).expect(400);
    });
  });
});

/** Within two seconds, which is what is promised. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const end = Date.now() + 2_000;
  while (!(await holds())) {
    if (Date.now() > end) expect.fail('it did not come about within two seconds');
    await sleep(50);
  }
};
