import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { scratch } from '../../support/parts.ts';
import { idOf, refuse, startPeer, type Answerer, type Peer } from './peer.ts';
import { newUser, type User } from './world.ts';

const recordOf = (name: string, more: object = {}): object => ({
  id: idOf(name),
  at: '2026-11-20T10:00:00.000Z',
  kind: 'outcome',
  operation: 'power.set',
  user: { id: 'u1', name: 'bob' },
  project: { id: 'p1', name: 'alpha' },
  target: { id: idOf('osl01'), name: 'osl01' },
  outcome: 'done',
  code: null,
  address: '192.0.2.7',
  decided_by: 'rule oob:power:set',
  ...more,
});

/** So many items, in pages as asked for; after `fails` pages there is a failure. */
const paged =
  (items: string, count: number, fails = Infinity): Answerer =>
  ({ url }, response) => {
    const query = new URL(url, 'http://peer').searchParams;
    const all = Array.from({ length: count }, (_, index) => recordOf(`${index}`));
    const marker = query.get('marker');
    const start = marker === null ? 0 : all.findIndex((one) => (one as { id: string }).id === marker) + 1;
    const limit = Number(query.get('limit'));
    if (start / limit >= fails) {
      refuse(new Fault('store-unavailable'))({} as never, response);
      return;
    }
    const page = all.slice(start, start + limit);
    const links = start + limit < count ? [{ rel: 'next', href: 'http://elsewhere' }] : [];
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ [items]: page, links }));
  };

describe('igor audit', () => {
  let peer: Peer;
  let erin: User;
  beforeEach(async () => {
    peer = await startPeer([]);
    erin = await newUser(peer.url);
  });
  afterEach(async () => {
    await erin.leave();
    await peer.close();
  });

  it('lists the last records, with who, what, from where and by what right', async () => {
    peer.answers.set('GET /v1/audit-records', paged('audit_records', 3));
    const { out, code } = await erin.igor(['audit', 'list', '--machine', 'osl01', '--limit', '2']);
    expect(code).to.equal(0);
    const [heading, ...rows] = out.trimEnd().split('\n');
    expect(heading).to.match(/^AT +USER +PROJECT +OPERATION +TARGET +WHAT +CODE +FROM +BY$/);
    expect(rows).to.have.length(2);
    expect(rows[0]).to.match(/bob +alpha +power\.set +osl01 +done +192\.0\.2\.7 +rule oob:power:set$/);
    expect(peer.asked.map(({ url }) => url)).to.deep.equal(['/v1/audit-records?machine=osl01&limit=2']);
  });

  it('exports every page, the oldest first, into a file for its owner that is there when it is whole', async () => {
    peer.answers.set('GET /v1/audit-events', paged('audit_events', 2500));
    const directory = await scratch('export');
    const file = join(directory, 'events.jsonl');
    expect((await erin.igor(['audit', 'export', '--out', file])).code).to.equal(0);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).to.have.length(2500);
    expect(JSON.parse(lines[2499] ?? '')).to.include({ id: idOf('2499') });
    expect(peer.asked).to.have.length(3);
    expect(peer.asked[0]?.url).to.contain('sort=at%3Aasc');
    expect(await readdir(directory)).to.deep.equal(['events.jsonl']);
  });

  it('leaves no file when it broke off, and says so', async () => {
    peer.answers.set('GET /v1/audit-events', paged('audit_events', 2500, 1));
    const directory = await scratch('export');
    const { code, err } = await erin.igor(['audit', 'export', '--out', join(directory, 'events.jsonl')]);
    expect(code).not.to.equal(0);
    expect(err).to.contain('database does not answer');
    expect(existsSync(join(directory, 'events.jsonl'))).to.be.false;
    expect(await readdir(directory)).to.deep.equal([]);
  });

  it('exports records as they are, to standard output, when asked to', async () => {
    peer.answers.set('GET /v1/audit-records', paged('audit_records', 2));
    const { out } = await erin.igor(['audit', 'export', '--format', 'json']);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).to.deep.equal([idOf('0'), idOf('1')]);
  });

  it('ends with a service that names the same page for ever', async () => {
    const links = [{ rel: 'next', href: 'x' }];
    peer.answers.set('GET /v1/audit-events', (_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ audit_events: [recordOf('1')], links }));
    });
    expect((await erin.igor(['audit', 'export'])).code).to.equal(0);
    expect(peer.asked).to.have.length(2);
  });
});
