import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { passwordToken } from '../../deploy/demo/json-client.ts';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { clientOf, startIgor, type TestIgor } from '../support/igor.ts';
import { keystone } from '../support/parts.ts';

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly operation: string;
  readonly permission: string;
  readonly outcome: string | null;
  readonly code: string | null;
  readonly request_id: string;
  readonly user: { readonly name: string };
  readonly target: { readonly id: string | null; readonly name: string | null; readonly addresses: readonly string[] };
  readonly input: unknown;
  readonly roles: readonly string[];
  readonly address: string | null;
  readonly decided_by: string | null;
  readonly service: object | null;
  readonly delegation: { readonly kind: string; readonly id: string } | null;
}

describe('the journal', () => {
  let igor: TestIgor;
  let machine: Enrolled;
  before(async () => {
    igor = await startIgor();
    machine = await enrol(igor, 'alpha');
  });
  after(async () => igor.stop());

  const rows = async (persona: string, query = ''): Promise<readonly Row[]> => {
    const { body } = await (await igor.as(persona)).get(`/v1/audit-records${query}`).expect(200);
    return (body as { audit_records: Row[] }).audit_records;
  };
  const of = (id: string): string => `?machine=${id}&limit=1000`;

  it('has a change as two rows: what was meant before it was sent, and what became of it', async () => {
    const answer = await (await igor.as('bob')).put(`/v1/machines/${machine.name}/power`, { target: 'on' }).expect(200);
    const [outcome, intent] = await rows('erin', of(machine.id));
    expect([intent?.kind, outcome?.kind, outcome?.outcome]).to.deep.equal(['intent', 'outcome', 'done']);
    expect(intent).to.deep.include({ operation: 'power.set', permission: 'oob:power:set', input: { target: 'on' } });
    expect(intent?.user.name).to.equal('bob');
    expect(intent?.request_id).to.equal(answer.headers['x-openstack-request-id']);
    expect(intent?.target.addresses).to.deep.equal([`127.0.0.1:${machine.peer.port}`]);
  });

  it('has from where it came, with which roles, and what decided it', async () => {
    await (await igor.as('bob')).put(`/v1/machines/${machine.name}/power`, { target: 'on' }).expect(200);
    for (const row of (await rows('erin', of(machine.id))).slice(0, 2)) {
      expect(row).to.include({ address: '127.0.0.1', service: null, delegation: null });
      expect(row.decided_by).to.contain('oob:power:set');
      expect(row.roles).to.include('member');
    }
  });

  it('has the service that passed a request on, the trust that it acts by, and the grant that decided it', async () => {
    const { url, seed } = await keystone();
    const login = { url, signal: AbortSignal.timeout(20_000) };
    const service = await passwordToken({ ...login, user: 'svc', password: 'svcpw', project: 'service' });
    const bob = await igor.as('bob');
    await bob.put(`/v1/machines/${machine.name}/power`, { target: 'on' }).set('X-Service-Token', service).expect(200);
    expect((await rows('erin', of(machine.id)))[0]?.service).to.deep.include({ name: 'svc' });

    const mallory = await passwordToken({ ...login, user: 'mallory', password: 'mallorypw', project: 'beta' });
    const answer = await fetch(`${url}/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: { methods: ['token'], token: { id: mallory } },
          scope: { 'OS-TRUST:trust': { id: seed.trust } },
        },
      }),
    });
    const trusted = clientOf(igor.url, answer.headers.get('x-subject-token'));
    await trusted.put(`/v1/machines/${machine.name}/power`, { target: 'on' }).expect(200);
    const [byTrust] = await rows('erin', of(machine.id));
    expect(byTrust?.delegation).to.deep.equal({
      kind: 'trust',
      id: seed.trust,
      user_id: seed.users['mallory'],
    });
    expect(byTrust?.user.name).to.equal('mallory');

    const lent = await enrol(igor, 'alpha');
    const grant = {
      machine: lent.name,
      permissions: ['oob:power:set'],
      grantee: { user_id: seed.users['mallory'] },
      until: new Date(Date.now() + 60_000).toISOString(),
      reason: 'to be told of',
    };
    const { body } = await (await igor.as('erin')).post('/v1/grants', { grant }).expect(201);
    const { id } = (body as { grant: { id: string } }).grant;
    await (await igor.as('mallory')).put(`/v1/machines/${lent.name}/power`, { target: 'on' }).expect(200);
    expect((await rows('erin', of(lent.id)))[0]?.decided_by).to.equal(`grant ${id}`);
  });

  it('tells a project what its people did to what is lent to them, and not where that is reached', async () => {
    const lent = await enrol(igor, 'beta');
    const { seed } = await keystone();
    const alice = await igor.as('alice');
    const lessee = { project_id: seed.projects['alpha'], permissions: ['oob:power:set'] };
    await alice.patch(`/v1/machines/${lent.id}`, { machine: { lessee } }).expect(200);
    await (await igor.as('bob')).put(`/v1/machines/${lent.id}/power`, { target: 'on' }).expect(200);
    await alice.put(`/v1/machines/${lent.id}/power`, { target: 'on' }).expect(200);
    expect(await rows('alice', `${of(lent.id)}&operation=power.set`)).to.have.length(4);
    const told = await rows('erin', of(lent.id));
    expect(told.map(({ user, target }) => [user.name, target.addresses])).to.deep.equal([
      ['bob', []],
      ['bob', []],
    ]);
  });

  it('does not tell a project what an admin enrolled for another with a token of this one', async () => {
    const theirs = await enrol(igor, 'beta');
    const text = JSON.stringify(await rows('erin', '?limit=1000'));
    expect(text).not.to.contain(theirs.name);
    expect(JSON.stringify(await rows('alice', '?limit=1000'))).to.contain(theirs.name);
  });

  it('leaves plain reads to the log, which says what decided each, refused or not', async () => {
    const answer = await (await igor.as('bob')).get(`/v1/machines/${machine.name}`).expect(200);
    const refused = await (await igor.as('carol')).get('/v1/audit-records').expect(403);
    const lineOf = async ({ headers }: { headers: Record<string, string> }) => {
      // It is written when the answer is out, which the client may see first.
      for (;;) {
        const id = headers['x-openstack-request-id'];
        const line = igor.logged.find((one) => one['msg'] === 'request.ended' && one['request_id'] === id);
        if (line !== undefined) return line;
        await sleep(10);
      }
    };
    expect((await lineOf(answer))['by']).to.contain('oob:machine:get');
    expect((await lineOf(refused))['by']).to.contain('oob:audit:list');
  });

  it('has plain reads too where that is configured, each in one row', async () => {
    const thorough = await startIgor({
      IGOR_AUDIT_READS: 'true',
      DATABASE_URL: igor.databaseUrl,
      IGOR_KEYRING_FILE: `${igor.dataDir}/keyring.json`,
    });
    try {
      const before = (await rows('alice', of(machine.id))).length;
      await (await thorough.as('bob')).get(`/v1/machines/${machine.name}`).expect(200);
      const after = await rows('alice', of(machine.id));
      expect(after).to.have.length(before + 1);
      expect(after[0]).to.include({ kind: 'outcome', operation: 'machine.get', outcome: 'done' });
    } finally {
      await thorough.stop();
    }
  });

  it('has who was refused, for a change and for a read', async () => {
    const carol = await igor.as('carol');
    await carol.put(`/v1/machines/${machine.name}/power`, { target: 'off' }).expect(403);
    await carol.get('/v1/audit-records').expect(403);
    expect((await rows('erin', of(machine.id)))[0]).to.include({
      kind: 'denied',
      operation: 'power.set',
      code: 'forbidden',
    });
    const refused = (await rows('alice', '?operation=audit.list&limit=1000')).find(({ kind }) => kind === 'denied');
    expect(refused?.user.name).to.equal('carol');
  });

  it('has who asked for what exists beyond his sight, for the operator alone', async () => {
    await (await igor.as('mallory')).get(`/v1/machines/${machine.name}/power`).expect(404);
    const probe = (await rows('alice', of(machine.id))).find(({ kind }) => kind === 'missed');
    expect(probe?.user.name).to.equal('mallory');
    expect(probe?.target).to.include({ id: machine.id, name: machine.name });
    expect((await rows('erin', of(machine.id))).filter(({ kind }) => kind === 'missed')).to.deep.equal([]);
  });

  it('has no row for what is nowhere, nor for a plain read', async () => {
    const before = (await rows('alice', '?limit=1000')).length;
    await (await igor.as('mallory')).get('/v1/machines/nowhere').expect(404);
    await (await igor.as('bob')).get(`/v1/machines/${machine.name}`).expect(200);
    // The reading of the journal is itself a revealing read: an intent and an outcome.
    expect((await rows('alice', '?limit=1000')).length).to.equal(before + 2);
  });

  it('shows a manager his own project, and pages through it from the newest on', async () => {
    const other = await enrol(igor, 'beta');
    await (await igor.as('mallory')).put(`/v1/machines/${other.name}/power`, { target: 'on' }).expect(200);
    expect(await rows('erin', of(other.id))).to.deep.equal([]);
    expect(await rows('alice', of(other.id))).to.have.length(2);
    const all = await rows('erin', of(machine.id));
    const paged = [];
    for (let marker = ''; ;) {
      const page = await rows('erin', `?machine=${machine.id}&limit=2${marker}`);
      paged.push(...page);
      if (page.length < 2) break;
      marker = `&marker=${page.at(-1)?.id ?? ''}`;
    }
    expect(paged.map(({ id }) => id)).to.deep.equal(all.map(({ id }) => id));
  });
});
