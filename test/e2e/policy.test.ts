import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { passwordToken, requestJson } from '../../deploy/demo/json-client.ts';
import { passwordOf } from '../../deploy/demo/personas.ts';
import { enrol, machineBodyFor, type Enrolled } from '../support/enrol.ts';
import {
  clientOf,
  freshName,
  startIgor,
  testEnvironment,
  tokenOf,
  type Client,
  type TestIgor,
} from '../support/igor.ts';
import { bmc, keystone } from '../support/parts.ts';
import { runIgor } from '../support/process.ts';

/** As an editor or a deployment tool replaces a file. */
const replace = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
};

describe('a policy file', () => {
  let igor: TestIgor;
  let machine: Enrolled;
  let elsewhere: { readonly id: string; readonly domainId: string };
  let directory: string;
  let path: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'policy-'));
    path = join(directory, 'policy.yaml');
    await writeFile(path, '"oob:power:set": "rule:manager"\n');
    igor = await startIgor({ IGOR_POLICY_FILE: path });
    machine = await enrol(igor, 'alpha');
    elsewhere = await inAnotherDomain(igor);
  });
  after(async () => {
    await igor.stop();
    await rm(directory, { recursive: true });
  });

  const eventsOf = (name: string) => igor.logged.filter(({ msg }) => msg === name);
  /** After so many events of the log by this name. */
  const until = async (name: string, count: number): Promise<void> => {
    const end = Date.now() + 15_000;
    while (eventsOf(name).length < count && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(eventsOf(name).length).to.equal(count);
  };
  const change = async (text: string): Promise<void> => {
    const loaded = eventsOf('policy.loaded').length;
    await replace(path, text);
    await until('policy.loaded', loaded + 1);
  };
  const power = (client: Client, id = machine.id) => client.put(`/v1/machines/${id}/power`, { target: 'on' });
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${igor.metricsUrl}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };

  it('decides from the start, and again once it has changed, without a restart', async () => {
    const bob = await igor.as('bob');
    await power(bob).expect(403);
    await change('"oob:power:set": "rule:reader"\n');
    await power(await igor.as('carol')).expect(200);
    await power(bob).expect(200);
    expect(eventsOf('policy.loaded').at(-1)).to.deep.include({ changed: ['oob:power:set'], file: path });
  });

  it('opens nothing beyond what is seen', async () => {
    await change('"oob:power:set": "@"\n');
    await power(await igor.as('mallory')).expect(404);
  });

  it('stays as it was when it turns bad or goes, and says so in log and metrics', async () => {
    await change('"oob:power:set": "rule:manager"\n');
    expect(await metric('igor_policy_current')).to.equal(1);
    await replace(path, '"oob:power:set": "rule:everybody"\n');
    await until('policy.rejected', 1);
    expect(eventsOf('policy.rejected')[0]).to.deep.include({
      level: 50,
      problems: ['line 1, "oob:power:set": there is no rule "everybody"'],
    });
    await power(await igor.as('bob')).expect(403);
    expect([await metric('igor_policy_current'), await metric('igor_policy_reload_failures_total')]).to.deep.equal([
      0, 1,
    ]);
    await rm(path);
    await until('policy.rejected', 2);
    await power(await igor.as('bob')).expect(403);
    await power(await igor.as('erin')).expect(200);
    await change('{}\n');
    await power(await igor.as('bob')).expect(200);
    expect(await metric('igor_policy_current')).to.equal(1);
  });

  it('cuts the streams that it no longer opens', async () => {
    await change('{}\n');
    const { token } = await igor.as('bob');
    const stream = await fetch(`${igor.url}/v1/machines/${machine.id}/power/events`, {
      headers: { 'X-Auth-Token': token },
    });
    expect(stream.status).to.equal(200);
    const text = stream.text();
    const changedAt = Date.now();
    await change('"oob:power:watch": "rule:manager"\n');
    expect(await text).to.contain('oob:power:watch');
    // Three seconds as promised, and some for a busy machine.
    expect(Date.now() - changedAt).to.be.lessThan(6_000);
  });

  it('stops the start when it is bad', async () => {
    const bad = join(directory, 'bad.yaml');
    await writeFile(bad, '"oob:power:sett": "@"\n');
    const failure = await startIgor({ IGOR_POLICY_FILE: bad }).then(
      async (started) => started.stop().then(() => 'started'),
      (error: unknown) => String(error),
    );
    expect(failure).to.contain('line 1, "oob:power:sett": there is no such permission');
    const said = await runIgor(['config', 'check'], await testEnvironment({ IGOR_POLICY_FILE: bad }));
    expect([said.code, said.stdout]).to.deep.equal([2, '']);
    expect(said.stderr).to.contain('line 1, "oob:power:sett": there is no such permission');
  });

  describe("and a domain's token", () => {
    let alice: Client;
    before(async () => {
      alice = clientOf(igor.url, await domainToken('default'));
    });

    it('sees nothing, and may do nothing, unless a rule says so', async () => {
      await change('{}\n');
      await alice.get('/v1/machines').expect(403);
      await alice.get(`/v1/machines/${machine.id}`).expect(404);
      expect((await alice.get('/v1/whoami').expect(200)).body).to.deep.include({ scope: 'none' });
    });

    it("sees its domain's machines where one does, acts on them, and touches nothing else", async () => {
      await change('"oob:scope:domain": "role:admin"\n');
      const { body } = await alice.get('/v1/machines').expect(200);
      const ids = (body as { machines: { id: string }[] }).machines.map(({ id }) => id);
      expect(ids).to.include(machine.id).and.not.include(elsewhere.id);
      await alice.get(`/v1/machines/${machine.id}`).expect(200);
      await power(alice).expect(200);
      expect((await alice.get('/v1/whoami').expect(200)).body).to.deep.include({ scope: 'domain' });

      await alice.get(`/v1/machines/${elsewhere.id}`).expect(404);
      await power(alice, elsewhere.id).expect(404);
      await alice.get(`/v1/controllers/${machine.controllerId}`).expect(404);
      await alice.get('/v1/controllers').expect(403);
      await alice.get('/v1/audit-records').expect(403);
      const { seed } = await keystone();
      await alice.patch(`/v1/machines/${machine.id}`, { machine: { project_id: seed.projects['beta'] } }).expect(403);
      await alice.delete(`/v1/machines/${machine.id}`).expect(403);
      const peer = { ...machine.peer, port: 9 };
      await alice
        .post('/v1/machines', machineBodyFor(freshName('mine'), seed.projects['alpha'] ?? '', peer))
        .expect(403);
    });

    it('sees nothing of the first domain when it is of the other', async () => {
      const other = clientOf(igor.url, await domainToken(elsewhere.domainId));
      const { body } = await other.get('/v1/machines').expect(200);
      expect((body as { machines: { id: string }[] }).machines.map(({ id }) => id)).to.deep.equal([elsewhere.id]);
      await other.get(`/v1/machines/${machine.id}`).expect(404);
      await power(other).expect(404);
    });
  });

  describe('and the words', () => {
    it('print the sample, which fits', async () => {
      const { code, stdout } = await runIgor(['policy', 'sample'], {});
      await replace(path, stdout);
      const said = await runIgor(['policy', 'check', path], {});
      expect([code, said.code, said.stdout]).to.deep.equal([0, 0, `${path} fits, and changes nothing\n`]);
    });

    it('tell what is wrong, each with its line', async () => {
      await replace(path, 'a: "role"\n"oob:power:set": !\n');
      const { code, stdout, stderr } = await runIgor(['policy', 'check', path], {});
      expect([code, stdout]).to.deep.equal([1, '']);
      expect(stderr.split('\n').slice(1, 3)).to.deep.equal([
        '  line 2, "oob:power:set": a rule must be a text in quotes, such as "role:admin" or "!"',
        '  line 1, "a": "role" has no colon (character 1)',
      ]);
    });

    it('tell whom a file lets do more or less', async () => {
      await replace(path, '"oob:power:set": "rule:manager"\nopps: "role:ops"\n');
      const { code, stdout } = await runIgor(['policy', 'check'], { IGOR_POLICY_FILE: path });
      expect(code).to.equal(0);
      expect(stdout.split('\n')).to.deep.equal([
        `${path} fits, and changes oob:power:set, opps`,
        'no permission comes to opps: misspelt?',
        '  - member may no more, to what is of the own project or domain: oob:power:set',
        '',
      ]);
    });

    it('explain for a persona, and end with 1 where it may not', async () => {
      const asked = ['policy', 'explain', 'oob:power:set'];
      const may = await runIgor([...asked, '--persona', 'member'], {});
      expect([may.code, may.stdout.split('\n').slice(0, 2)]).to.deep.equal([
        0,
        ['oob:power:set: permitted', '  by     oob:power:set: member: role:member and project_id:%(project_id)s'],
      ]);
      const mayNot = await runIgor([...asked, '--persona', 'member', '--file', path, '--json'], {});
      expect(mayNot.code).to.equal(1);
      expect(JSON.parse(mayNot.stdout)).to.deep.include({
        permitted: false,
        by: 'oob:power:set: rule:manager',
        rules: path,
      });
      const beyond = await runIgor([...asked, '--as', 'admin,ops@alpha', '--project', 'beta', '--target', 'a=b'], {});
      expect([beyond.code, beyond.stdout.split('\n')[3]]).to.deep.equal([0, '  what   project_id beta, a b']);
      const system = await runIgor([...asked, '--as', 'reader@system'], {});
      expect([system.code, system.stdout.split('\n')[4]]).to.deep.equal([1, '  sees   every project']);
    });

    it('explain for whom a token in a file belongs to, and for who signs in, as Keystone says', async () => {
      const { url, seed } = await keystone();
      const file = join(directory, 'token');
      await writeFile(file, `${await tokenOf('bob')}\n`, { mode: 0o600 });
      const asked = ['policy', 'explain', 'oob:boot:set', '--json'];
      const byToken = await runIgor([...asked, '--token-file', file], { OS_AUTH_URL: url });
      const bob = { user: 'bob', project_id: seed.projects['alpha'], roles_count: true };
      expect([byToken.code, byToken.stderr]).to.deep.equal([0, '']);
      expect((JSON.parse(byToken.stdout) as { who: object }).who).to.deep.include(bob);
      const byLogin = await runIgor(asked, {
        OS_AUTH_URL: url,
        OS_USERNAME: 'bob',
        OS_PASSWORD: passwordOf('bob'),
        OS_PROJECT_NAME: 'alpha',
        OS_USER_DOMAIN_ID: 'default',
        OS_PROJECT_DOMAIN_ID: 'default',
      });
      expect([byLogin.code, byLogin.stderr]).to.deep.equal([0, '']);
      expect((JSON.parse(byLogin.stdout) as { who: object }).who).to.deep.include(bob);
    });

    it('say what is missing, and show no token', async () => {
      const { url } = await keystone();
      const file = join(directory, 'garbage');
      await writeFile(file, 'gAAAAAnonsense');
      const refused = await runIgor(['policy', 'explain', 'oob:boot:set', '--token-file', file], { OS_AUTH_URL: url });
      expect([refused.code, refused.stdout]).to.deep.equal([3, '']);
      expect(refused.stderr).to.contain('Keystone does not say whose this token is').and.not.contain('gAAAAA');
      const unknown = await runIgor(['policy', 'explain', 'oob:boot:sett', '--persona', 'admin'], {});
      expect([unknown.code, unknown.stderr.split(';')[0]]).to.deep.equal([
        2,
        'igor: there is no permission oob:boot:sett',
      ]);
      const nobody = await runIgor(['policy', 'explain', 'oob:boot:set', '--persona', 'constructor'], {});
      expect([nobody.code, nobody.stderr.split(';')[0]]).to.deep.equal([2, 'igor: --persona: there is no constructor']);
      const noArgv = await runIgor(['policy', 'explain', 'oob:boot:set', '--token', 'secret'], {});
      expect(noArgv.code).to.equal(2);
    });
  });
});

/** A token of alice's, of a domain. */
const domainToken = async (id: string): Promise<string> => {
  const { url } = await keystone();
  const answer = await fetch(`${url}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'alice', domain: { id: 'default' }, password: passwordOf('alice') } },
        },
        scope: { domain: { id } },
      },
    }),
  });
  expect(answer.status).to.equal(201);
  return answer.headers.get('x-subject-token') ?? '';
};

/** A machine of a project of a domain of its own, in which alice is admin too. */
const inAnotherDomain = async (igor: TestIgor): Promise<{ readonly id: string; readonly domainId: string }> => {
  const { url, seed } = await keystone();
  const token = await passwordToken({
    url,
    user: 'admin',
    password: passwordOf('admin'),
    project: 'admin',
    signal: AbortSignal.timeout(30_000),
  });
  const ask = async <T>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    schema: z.ZodType<T>,
    body?: object,
  ): Promise<T> => requestJson(method, `${url}${path}`, schema, { token, body, signal: AbortSignal.timeout(30_000) });
  const made = z.object({ id: z.string() });
  const { domain } = await ask('POST', '/domains', z.object({ domain: made }), {
    domain: { name: freshName('domain') },
  });
  const { project } = await ask('POST', '/projects', z.object({ project: made }), {
    project: { name: freshName('project'), domain_id: domain.id },
  });
  const { roles } = await ask('GET', '/roles?name=admin', z.object({ roles: z.array(made) }));
  const place = `/domains/${domain.id}/users/${seed.users['alice'] ?? ''}/roles/${roles[0]?.id ?? ''}`;
  await ask('PUT', place, z.null());
  const name = freshName('node');
  const alice = await igor.as('alice');
  const answer = await alice.post('/v1/machines', machineBodyFor(name, project.id, await bmc(name))).expect(201);
  return { id: (answer.body as { machine: { id: string } }).machine.id, domainId: domain.id };
};
