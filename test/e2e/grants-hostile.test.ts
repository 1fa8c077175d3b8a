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
});
