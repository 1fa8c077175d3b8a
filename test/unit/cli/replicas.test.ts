import { expect } from 'chai';
import { answer, startPeer, type Peer } from './peer.ts';
import { newUser, type User } from './world.ts';

const replica = (changes: object) => ({
  id: '5f0f8d2e-0000-4000-8000-000000000001',
  version: '1.0.0',
  address: 'igor1:8080',
  state: 'alive',
  started_at: '2026-11-21T10:00:00.000Z',
  heartbeat_at: '2026-11-21T12:00:00.000Z',
  leases: 500,
  sessions: 480,
  running: 3,
  ...changes,
});

describe('igor replicas', () => {
  let peer: Peer;
  let alice: User;
  beforeEach(async () => {
    peer = await startPeer([]);
    alice = await newUser(peer.url);
    const dead = { id: 'b', state: 'dead', address: null, heartbeat_at: null, leases: 0, sessions: 1, running: 0 };
    peer.answers.set('GET /v1/replicas', answer({ replicas: [replica({}), replica(dead)] }));
  });
  afterEach(async () => {
    await alice.leave();
    await peer.close();
  });

  it('shows who lives, since when, and what each holds', async () => {
    const { code, out } = await alice.igor(['replicas']);
    expect(code).to.equal(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['ID', 'STATE', 'ADDRESS', 'VERSION', 'STARTED', 'HEARD OF', 'CONTROLLERS', 'SESSIONS', 'RUNNING'],
      [
        replica({}).id,
        'alive',
        'igor1:8080',
        '1.0.0',
        replica({}).started_at,
        replica({}).heartbeat_at,
        '500',
        '480',
        '3',
      ],
      ['b', 'dead', '-', '1.0.0', replica({}).started_at, 'has ended', '0', '1', '0'],
      [''],
    ]);
  });

  it('says it as one document with --json, and then watches nothing', async () => {
    const { out } = await alice.igor(['--json', 'replicas']);
    expect((JSON.parse(out) as { replicas: object[] }).replicas[0]).to.deep.equal(replica({}));
    const refused = await alice.igor(['--json', 'replicas', '--watch']);
    expect(refused).to.include({ code: 2, out: '' });
    expect((await alice.igor(['replicas', '--watch=x'])).code).to.equal(2);
  });

  it('says why it cannot', async () => {
    peer.answers.set('GET /v1/replicas', answer({ odd: true }));
    expect((await alice.igor(['replicas'])).code).to.equal(1);
  });
});
