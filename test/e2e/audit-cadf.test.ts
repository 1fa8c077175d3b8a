import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { CadfEvent } from '../../src/domain/cadf.ts';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { startIgor, type TestIgor } from '../support/igor.ts';

interface Judged {
  /** Of each event; empty: there is none. */
  readonly problems: readonly string[];
  readonly middleware: readonly {
    readonly action: string;
    readonly typeURI: string;
    readonly keys: readonly string[];
    readonly initiator: readonly string[];
  }[];
}

interface Link {
  readonly rel: string;
  readonly href: string;
}

interface Item {
  readonly id: string;
}

const script = fileURLToPath(new URL('audit-cadf.py', import.meta.url));

/** By Debian's pyCADF and keystonemiddleware. */
const judged = async (events: readonly CadfEvent[], acts: readonly (readonly [string, string])[]): Promise<Judged> => {
  const child = spawn('/usr/bin/python3', [script], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const heard = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (heard.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (heard.err += chunk.toString()));
  child.stdin.end(JSON.stringify({ events, acts }));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(heard.err);
  return JSON.parse(heard.out) as Judged;
};

describe('the journal as CADF events', () => {
  let igor: TestIgor;
  let machine: Enrolled;
  before(async () => {
    igor = await startIgor();
    machine = await enrol(igor, 'alpha');
    await (await igor.as('bob')).put(`/v1/machines/${machine.name}/power`, { target: 'on' }).expect(200);
    await (await igor.as('carol')).put(`/v1/machines/${machine.name}/power`, { target: 'off' }).expect(403);
    await (await igor.as('mallory')).get(`/v1/machines/${machine.name}`).expect(404);
    await (await igor.as('alice')).get('/v1/audit-records').expect(200);
  });
  after(async () => igor.stop());

  const events = async (persona: string, query = ''): Promise<readonly CadfEvent[]> => {
    const { body } = await (await igor.as(persona)).get(`/v1/audit-events${query}`).expect(200);
    return (body as { audit_events: CadfEvent[] }).audit_events;
  };

  it('are events to pyCADF, each of them', async () => {
    const all = await events('alice', '?limit=1000');
    expect(all.length).to.be.greaterThan(6);
    const { problems } = await judged(all, []);
    expect(problems).to.deep.equal(all.map(() => ''));
  });

  it('are refused by the same judge when they do not fit', async () => {
    const [event] = await events('alice', '?limit=1');
    if (event === undefined) return expect.fail();
    const { problems } = await judged(
      [
        { ...event, action: 'fiddle' },
        { ...event, target: { ...event.target, typeURI: 'gadget' } },
        { ...event, reason: {} },
      ],
      [],
    );
    expect(problems).to.have.length(3).and.not.to.include('');
  });

  it("tell an act with the words of OpenStack's own middleware, and with all it tells", async () => {
    const path = `/v1/machines/${machine.id}/power`;
    const { middleware } = await judged(
      [],
      [
        ['PUT', path],
        ['GET', '/v1/audit-records'],
        ['POST', '/v1/machines'],
      ],
    );
    const all = await events('alice', '?limit=1000&sort=at:asc');
    for (const [index, operation] of ['power.set', 'audit.list', 'machine.enrol'].entries()) {
      const event = all.find(
        ({ attachments }) => (attachments[0]?.content as { operation: string }).operation === operation,
      );
      const theirs = middleware[index];
      expect(event?.action, operation).to.equal(theirs?.action);
      expect(event?.target.typeURI, operation).to.equal(theirs?.typeURI);
      expect(Object.keys(event ?? {}), operation).to.include.members([...(theirs?.keys ?? ['?'])]);
      // Theirs has the masked token, which tells nothing; Igor keeps none.
      const initiator = (theirs?.initiator ?? ['?']).filter((key) => key !== 'credential' && key !== 'request_id');
      expect(Object.keys(event?.initiator ?? {}), operation).to.include.members(initiator);
    }
    expect(all.find(({ action }) => action === 'start/stop')?.requestPath).to.equal(path);
  });

  it('are pending before, and then tell what became of it, from where and by what right', async () => {
    const [refused, , done, intent] = await events('erin', `?machine=${machine.id}`);
    expect([intent?.outcome, done?.outcome, refused?.outcome]).to.deep.equal(['pending', 'success', 'failure']);
    expect(intent?.tags[0])
      .to.match(/^correlation_id\?value=/)
      .and.to.equal(done?.tags[0]);
    expect(done?.initiator).to.deep.include({ name: 'bob', host: { address: '127.0.0.1' } });
    expect(done?.target.addresses).to.deep.equal([{ url: `127.0.0.1:${machine.peer.port}`, name: 'controller' }]);
    expect(refused?.reason).to.include({ reasonType: 'HTTP', reasonCode: '403', policyType: 'out-of-band' });
    expect(refused?.reason?.policyId).to.contain('oob:power:set');
    expect(done?.eventTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000$/);
  });

  it('are within the same sight, and in the same pages, as the records', async () => {
    await (await igor.as('carol')).get('/v1/audit-events').expect(403);
    const ids = async (of: string): Promise<readonly string[]> => {
      const { body } = await (await igor.as('erin')).get(`/v1/${of}?machine=${machine.id}&limit=2`).expect(200);
      const page = body as { links: Link[]; audit_events?: Item[]; audit_records?: Item[] };
      expect(page.links.find(({ rel }) => rel === 'next')?.href).to.contain(`/v1/${of}?`);
      return (page.audit_events ?? page.audit_records ?? []).map(({ id }) => id);
    };
    expect(await ids('audit-events')).to.deep.equal(await ids('audit-records'));
  });
});
