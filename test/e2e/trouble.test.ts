import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Problem {
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}
interface Records {
  readonly audit_records: readonly {
    readonly kind: string;
    readonly outcome: string | null;
    readonly code: string | null;
    readonly operation: string;
  }[];
}

describe('a controller in trouble', () => {
  let igor: TestIgor;
  let bob: Client;
  before(async () => {
    igor = await startIgor({ IGOR_SESSION_IDLE_SECONDS: '2' });
    bob = await igor.as('bob');
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  const power = (id: string, target: string) => bob.put(`/v1/machines/${id}/power`, { target });
  const codeOf = (body: unknown): string | undefined => (body as Problem).errors[0]?.code.replace('out-of-band.', '');
  const recordsOf = async (id: string): Promise<Records['audit_records']> => {
    const { body } = await (await igor.as('erin')).get(`/v1/audit-records?machine=${id}`).expect(200);
    return (body as Records).audit_records;
  };

  it('has a code for each of five ways to fail', async () => {
    const dead = await simulated(igor);
    dead.bmc.inject({ kind: 'black-hole' });
    const full = await simulated(igor);
    full.bmc.inject({ kind: 'refuse-sessions' });
    const garbling = await simulated(igor);
    garbling.bmc.inject({ kind: 'wrong-data', to: 'get-chassis-status', data: Buffer.alloc(0) });
    const picky = await simulated(igor, { suites: [17] });
    const changed = await simulated(igor, {
      users: [{ name: 'admin', password: 'another-one', privilege: 'administrator' }],
    });
    const answers = await Promise.all(
      [dead, full, garbling, picky, changed].map(async ({ id }) => {
        const { status, body } = await bob.get(`/v1/machines/${id}/power?refresh=true`);
        return `${status} ${codeOf(body) ?? ''}`;
      }),
    );
    expect(answers).to.deep.equal([
      '504 controller-unreachable',
      '503 sessions-exhausted',
      '502 controller-garbled',
      '502 controller-suite-refused',
      '502 controller-login-refused',
    ]);
  });

  it('is sent a change once, and the loss of its answer is told as an unknown outcome', async () => {
    const { id, bmc } = await simulated(igor);
    bmc.inject({ kind: 'drop-replies', to: 'chassis-control' });
    const { body } = await power(id, 'on').expect(504);
    expect(codeOf(body)).to.equal('outcome-unknown');
    expect(bmc.count('chassis-control')).to.equal(1);
    const [outcome, intent] = await recordsOf(id);
    expect(intent).to.include({ kind: 'intent', operation: 'power.set' });
    expect(outcome).to.include({ kind: 'outcome', outcome: 'unknown', code: 'outcome-unknown' });
    // It was carried out all the same, and the reading in the background finds that.
    for (let tries = 0; tries < 40; tries += 1) {
      const state = (await bob.get(`/v1/machines/${id}`).expect(200)).body as { machine: { power_state: string } };
      if (state.machine.power_state === 'on') return;
      await sleep(100);
    }
    expect.fail('the state was not read back');
  });

  it('is read back for the last of several changes alone', async () => {
    const { id, bmc } = await simulated(igor, { power: 'on', softOffMs: 60_000 });
    for (let i = 0; i < 5; i += 1) await power(id, 'soft-off').expect(200);
    const before = bmc.count('get-chassis-status');
    await sleep(4_500);
    // After 0.3, 1, 2 and 4 seconds.
    expect(bmc.count('get-chassis-status') - before).to.be.within(1, 6);
  });

  it('shows what is wanted until it is seen', async () => {
    const { id, bmc } = await simulated(igor, { power: 'on', softOffMs: 3_000 });
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    await power(id, 'soft-off').expect(200);
    const { body } = await bob.get(`/v1/machines/${id}/power`).expect(200);
    expect(body).to.include({ wanted: 'off' });
    let seen: { readonly wanted: string | null } = body as { wanted: string };
    for (let tries = 0; tries < 100 && seen.wanted !== null; tries += 1) {
      await sleep(100);
      seen = (await bob.get(`/v1/machines/${id}/power`).expect(200)).body as typeof seen;
    }
    expect(bmc.chassis.power).to.equal('off');
    expect(seen).to.include({ state: 'off', stale: false, wanted: null });
  });

  it('takes one change at a time: the second waits', async () => {
    const { id, bmc } = await simulated(igor);
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 700, times: 1 });
    const [first, second] = await Promise.all([power(id, 'on'), sleep(200).then(async () => power(id, 'off'))]);
    expect([first.status, second.status]).to.deep.equal([200, 200]);
    expect((second.body as { before: string }).before).to.equal('on');
    expect(bmc.chassis.power).to.equal('off');
  });

  it('tells who has no patience who holds it', async () => {
    const { id, bmc } = await simulated(igor);
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 2_500, times: 1 });
    const first = power(id, 'on').then((answer) => answer);
    while (bmc.count('chassis-control') === 0) await sleep(20);
    const { body, headers } = await power(id, 'off').set('Prefer', 'wait=0').expect(409);
    expect(codeOf(body)).to.equal('controller-busy');
    expect((body as Problem).errors[0]?.detail).to.match(
      /^power\.set \(operation [0-9a-f-]{36}\) has held it for \d+ s$/,
    );
    expect(Number(headers['retry-after'])).to.be.greaterThan(0);
    expect((await first).status).to.equal(200);
    expect(bmc.count('chassis-control')).to.equal(1);
  });

  it('never lets a change wait behind reads, however many and slow', async () => {
    const { id, bmc } = await simulated(igor);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    const before = bmc.count('get-chassis-status');
    bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 4_000, times: 1 });
    const order: string[] = [];
    const reads = Array.from({ length: 5 }, async () => {
      await bob.get(`/v1/machines/${id}/power?refresh=true`);
      order.push('read');
    });
    while (bmc.count('get-chassis-status') === before) await sleep(20);
    await power(id, 'on').expect(200);
    order.push('change');
    await Promise.all(reads);
    expect(order[0]).to.equal('change');
  });

  it('does not show a reading from before a change as the state after it', async () => {
    const { id, bmc } = await simulated(igor);
    bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 900, times: 1 });
    const read = bob.get(`/v1/machines/${id}/power?refresh=true`).then((answer) => answer);
    await sleep(150);
    await power(id, 'on').expect(200);
    await read;
    const { machine } = (await bob.get(`/v1/machines/${id}`)).body as {
      machine: { power_state: string; observed_at: string | null };
    };
    expect(machine.power_state).not.to.equal('off');
  });

  it('stops a read whose client went away, and finishes a change', async () => {
    const { id, bmc } = await simulated(igor);
    const leave = async (method: string, path: string, body?: string): Promise<void> => {
      const going = new AbortController();
      const headers = { 'X-Auth-Token': bob.token, 'Content-Type': 'application/json' };
      const asked = fetch(`${igor.url}${path}`, { method, headers, signal: going.signal, ...(body && { body }) });
      await sleep(400);
      going.abort();
      await asked.catch(() => undefined);
    };
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 900, times: 1 });
    await leave('PUT', `/v1/machines/${id}/power`, '{"target":"on"}');
    await sleep(1_000);
    expect(bmc.count('chassis-control')).to.equal(1);
    expect((await recordsOf(id))[0]).to.include({ kind: 'outcome', outcome: 'done' });

    bmc.inject({ kind: 'delay', to: 'get-chassis-status', ms: 4_000, times: 1 });
    await leave('GET', `/v1/machines/${id}/power?refresh=true`);
    await sleep(200);
    const ended = igor.logged.filter(
      (line) => line['msg'] === 'request.ended' && line['path'] === `/v1/machines/${id}/power`,
    );
    expect(ended.at(-1)).to.include({ method: 'GET', whole: false });
  });

  it('keeps its machine from being deleted while something runs on it', async () => {
    const { id, bmc } = await simulated(igor);
    bmc.inject({ kind: 'delay', to: 'chassis-control', ms: 900, times: 1 });
    const change = power(id, 'on').then((answer) => answer);
    await sleep(300);
    const alice = await igor.as('alice');
    const { body } = await alice.delete(`/v1/machines/${id}`).expect(409);
    expect(codeOf(body)).to.equal('in-use');
    await change;
    await alice.delete(`/v1/machines/${id}`).expect(204);
  });

  it('keeps its session for a while after the last use, and has none left when the service has gone quiet', async () => {
    const { id, bmc } = await simulated(igor);
    await power(id, 'on').expect(200);
    await sleep(500);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    expect(bmc.sessions()).not.to.be.empty;
    const opened = bmc.logins('admin').accepted;
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
    expect(bmc.logins('admin').accepted).to.equal(opened);
    // Two seconds of idleness, as this service is set, and the look that finds it.
    for (let tries = 0; tries < 60 && bmc.sessions().length > 0; tries += 1) await sleep(100);
    expect(bmc.sessions()).to.deep.equal([]);
  });

  it('may have an IPv6 address', async () => {
    const { id, bmc } = await simulated(igor, { address: '::1' });
    await power(id, 'on').expect(200);
    expect(bmc.chassis.power).to.equal('on');
    const { body } = await (await igor.as('erin')).get(`/v1/audit-records?machine=${id}`).expect(200);
    expect(JSON.stringify(body)).to.contain(`[::1]:${bmc.port}`);
  });

  it('speaks with the password that was set last', async () => {
    const { id, controllerId } = await simulated(igor, {
      users: [{ name: 'admin', password: 'new-Secret', privilege: 'administrator' }],
    });
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(502);
    await (
      await igor.as('alice')
    )
      .put(`/v1/controllers/${controllerId}/credential`, { username: 'admin', password: 'new-Secret' })
      .expect(204);
    await bob.get(`/v1/machines/${id}/power?refresh=true`).expect(200);
  });
});
