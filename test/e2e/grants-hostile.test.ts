import { expect } from 'chai';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { clientOf, startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { passwordToken } from '../../deploy/demo/json-client.ts';
import { keystone } from '../support/parts.ts';

/** What is granted, and what somebody makes of it who wants more. */
describe('grants, tried by who wants more', () => {
  let igor: TestIgor;
  let alphas: Enrolled;
  let users: Readonly<Record<string, string>>;
  let projects: Readonly<Record<string, string>>;
  let erin: Client;
  before(async () => {
    igor = await startIgor();
    alphas = await enrol(igor, 'alpha');
    ({ users, projects } = (await keystone()).seed);
    erin = await igor.as('erin');
  });
  after(async () => igor.stop());

  const give = async (changes: object): Promise<string> => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const grant = { machine: alphas.id, permissions: ['oob:power:get'], until, reason: 'a test', ...changes };
    const { body } = await erin.post('/v1/grants', { grant }).expect(201);
    return (body as { grant: { id: string } }).grant.id;
  };
  const as = async (user: string, project: string): Promise<Client> => {
    const { url } = await keystone();
    const signal = AbortSignal.timeout(10_000);
    return clientOf(igor.url, await passwordToken({ url, user, password: `${user}pw`, project, signal }));
  };

  it('show who may list nothing of the own project what is granted, and no more', async () => {
    const alice = await igor.as('alice');
    const service = projects['service'] ?? '';
    await alice.post('/v1/machines', { machine: { name: 'not-for-svc', project_id: service } }).expect(201);
    const svc = await as('svc', 'service');
    await svc.get('/v1/machines').expect(403);
    await give({ grantee: { user_id: users['svc'] } });
    const { body } = await svc.get('/v1/machines').expect(200);
    expect((body as { machines: { id: string }[] }).machines.map(({ id }) => id)).to.deep.equal([alphas.id]);
  });

  it('are not taken from a whole project by one of its members', async () => {
    const id = await give({ grantee: { project_id: projects['beta'] } });
    const mallory = await igor.as('mallory');
    await mallory.get(`/v1/machines/${alphas.id}/power`).expect(200);
    await mallory.delete(`/v1/grants/${id}`).expect(403);
    await mallory.get(`/v1/machines/${alphas.id}/power`).expect(200);
  });

  it('may be given up by the one person that they are for', async () => {
    const id = await give({ grantee: { user_id: users['mallory'] } });
    await (await igor.as('mallory')).delete(`/v1/grants/${id}`).expect(204);
  });

  it('are not kept out by who asks for more than anybody could approve', async () => {
    const carol = await igor.as('carol');
    const ask = async (): Promise<number> => {
      const grant = { permissions: ['oob:power:set'], reason: 'flood' };
      return (await carol.post(`/v1/machines/${alphas.id}/grant-requests`, { grant })).status;
    };
    const answers: number[] = [];
    for (let i = 0; i < 12; i += 1) answers.push(await ask());
    expect(answers.filter((status) => status === 201)).to.have.length(10);
    expect(answers.slice(10)).to.deep.equal([409, 409]);
  });

  it('go along with neither a trust, whose user is shown as the trustor, nor a lesser application credential', async () => {
    const beta = await enrol(igor, 'beta');
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const grant = {
      machine: beta.id,
      permissions: ['oob:power:get'],
      grantee: { user_id: users['bob'] },
      until,
      reason: 'bob',
    };
    await (await igor.as('alice')).post('/v1/grants', { grant }).expect(201);
    const power = `/v1/machines/${beta.id}/power`;
    await (await igor.as('bob')).get(power).expect(200);

    const bob = await keystoneAs('bob', 'alpha');
    const made = (await bob('/OS-TRUST/trusts', {
      trust: {
        trustor_user_id: users['bob'],
        trustee_user_id: users['mallory'],
        project_id: projects['alpha'],
        impersonation: true,
        roles: [{ name: 'member' }],
      },
    })) as { trust: { id: string } };
    const password = { user: { name: 'mallory', domain: { id: 'default' }, password: 'mallorypw' } };
    const byTrust = await signedIn({
      identity: { methods: ['password'], password },
      scope: { 'OS-TRUST:trust': { id: made.trust.id } },
    });
    const { body } = await byTrust.get('/v1/whoami').expect(200);
    expect(body).to.deep.include({ grants: [] }).and.to.have.nested.property('user.id', users['bob']);
    await byTrust.get(power).expect(404);

    const { application_credential } = (await bob(`/users/${users['bob'] ?? ''}/application_credentials`, {
      application_credential: { name: `reader-${Date.now()}`, roles: [{ name: 'reader' }] },
    })) as { application_credential: { id: string; secret: string } };
    const { id, secret } = application_credential;
    const byCredential = await signedIn({
      identity: { methods: ['application_credential'], application_credential: { id, secret } },
    });
    await byCredential.get(power).expect(200);
    await erin
      .post('/v1/grants', { grant: { ...grant, machine: alphas.id, permissions: ['oob:power:set'] } })
      .expect(201);
    await byCredential.put(`/v1/machines/${alphas.id}/power`, { target: 'on' }).expect(403);
  });

  it('are not approved by a token that acts for somebody', async () => {
    const open = await erin.get('/v1/grants').expect(200);
    const waiting = (open.body as { grants: { id: string; state: string }[] }).grants.find(
      ({ state }) => state === 'requested',
    );
    expect(waiting, 'carol has asked above').not.to.equal(undefined);
    const keystoneErin = await keystoneAs('erin', 'alpha');
    const { application_credential } = (await keystoneErin(`/users/${users['erin'] ?? ''}/application_credentials`, {
      application_credential: { name: `manager-${Date.now()}` },
    })) as { application_credential: { id: string; secret: string } };
    const { id, secret } = application_credential;
    const byCredential = await signedIn({
      identity: { methods: ['application_credential'], application_credential: { id, secret } },
    });
    await byCredential.put(`/v1/grants/${waiting?.id ?? ''}/approval`).expect(403);
    await erin.put(`/v1/grants/${waiting?.id ?? ''}/approval`).expect(200);
  });

  /** Posts to Keystone as a user. */
  const keystoneAs = async (user: string, project: string) => {
    const { url } = await keystone();
    const signal = AbortSignal.timeout(10_000);
    const token = await passwordToken({ url, user, password: `${user}pw`, project, signal });
    return async (path: string, body: object): Promise<unknown> => {
      const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' };
      return (await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    };
  };
  const signedIn = async (auth: object): Promise<Client> => {
    const { url } = await keystone();
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}/auth/tokens`, { method: 'POST', headers, body: JSON.stringify({ auth }) });
    return clientOf(igor.url, answer.headers.get('x-subject-token') ?? '');
  };
});
