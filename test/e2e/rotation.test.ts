import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

interface Body {
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}

describe("rotation of Igor's own password on a BMC", () => {
  let igor: TestIgor;
  let alice: Client;
  let database: pg.Client;
  let tool: Ipmitool;
  before(async () => {
    igor = await startIgor();
    alice = await igor.as('alice');
    database = new pg.Client({ connectionString: igor.databaseUrl });
    await database.connect();
    tool = await ipmitool();
  });
  after(async () => {
    await database.end();
    await igor.stop();
    await stopSimulated();
    await tool[Symbol.asyncDispose]();
  });

  const start = async (options: Partial<BmcOptions> = {}): Promise<Simulated> => simulated(igor, options);
  const rotate = ({ controllerId }: Simulated) => alice.post(`/v1/controllers/${controllerId}/credential/rotations`);
  const look = ({ id }: Simulated) => alice.get(`/v1/machines/${id}/power?refresh=true`);
  const passwordAt = ({ bmc }: Simulated): string => bmc.accounts[1]?.password ?? '';
  const pendingAt = async ({ controllerId }: Simulated): Promise<number> =>
    (await database.query('SELECT 1 FROM pending_credentials WHERE id = $1', [controllerId])).rows.length;
  const codeOf = (body: unknown): string | undefined => (body as Body).errors[0]?.code.replace('out-of-band.', '');
  /** So that a login with whatever is on record is shown to hold. */
  const worksAnew = async (one: Simulated): Promise<void> => {
    for (const session of one.bmc.sessions()) expect(session.user).to.equal('admin');
    await one.bmc.restart();
    await look(one).expect(200);
    expect(await pendingAt(one)).to.equal(0);
  };

  it('sets a long random password, proves it by a login, and goes on with it alone', async () => {
    const one = await start();
    const { body } = await rotate(one).expect(200);
    expect(body).to.include({ username: 'admin' });
    expect(passwordAt(one)).to.match(/^[A-Za-z0-9]{20}$/);
    expect((await tool.run(one.bmc, ['mc', 'info'])).rc).to.equal(1);
    expect((await tool.run(one.bmc, ['mc', 'info'], { password: passwordAt(one) })).rc).to.equal(0);
    await worksAnew(one);
  });

  it('may be repeated, and never sets the same password twice', async () => {
    const one = await start();
    const seen = new Set<string>();
    for (let turn = 0; turn < 3; turn += 1) {
      await rotate(one).expect(200);
      seen.add(passwordAt(one));
    }
    expect(seen.size).to.equal(3);
    await worksAnew(one);
  });

  for (const passwords of ['short', 'cut', 'cut-and-tells'] as const) {
    it(`sets a password of 16 bytes where the BMC takes no longer one (${passwords})`, async () => {
      const one = await start({ passwords, lockOutAfter: 3 });
      await rotate(one).expect(200);
      expect(passwordAt(one)).to.match(/^[A-Za-z0-9]{16}$/);
      await worksAnew(one);
    });
  }

  it('leaves the old password where the BMC refuses the new one', async () => {
    const one = await start();
    one.bmc.inject({ kind: 'completion-code', to: 'set-user-password', code: 0xd4 });
    const { body } = await rotate(one).expect(502);
    expect(codeOf(body)).to.equal('controller-refused');
    one.bmc.heal();
    expect(passwordAt(one)).to.equal('adm1n-Secret');
    await worksAnew(one);
  });

  it('sets the old password again where the BMC takes a new one and lets nobody in with it', async () => {
    const one = await start({ passwords: 'forgets' });
    const { body } = await rotate(one).expect(502);
    expect(codeOf(body)).to.equal('controller-refused');
    await worksAnew(one);
  });

  it('keeps both when the answer is lost, and finds by itself that the new one holds', async () => {
    const one = await start();
    await look(one).expect(200);
    one.bmc.inject({ kind: 'drop-replies', to: 'set-user-password' });
    const { body } = await rotate(one).expect(504);
    expect(codeOf(body)).to.equal('outcome-unknown');
    expect(await pendingAt(one)).to.equal(1);
    one.bmc.heal();
    const before = one.bmc.logins('admin');
    await look(one).expect(200);
    expect(await pendingAt(one)).to.equal(0);
    expect(one.bmc.logins('admin').attempts - before.attempts).to.equal(
      one.bmc.logins('admin').accepted - before.accepted,
    );
    await worksAnew(one);
  });

  it('finds by itself that the old one holds, at the cost of one refused login', async () => {
    const one = await start({ lockOutAfter: 2 });
    await look(one).expect(200);
    // Not carried out, and not answered.
    one.bmc.inject({ kind: 'drop-requests', to: 'set-user-password' });
    await rotate(one).expect(504);
    one.bmc.heal();
    expect(passwordAt(one)).to.equal('adm1n-Secret');
    const before = one.bmc.logins('admin').attempts - one.bmc.logins('admin').accepted;
    await look(one).expect(200);
    const after = one.bmc.logins('admin').attempts - one.bmc.logins('admin').accepted;
    expect(after - before).to.equal(1);
    await worksAnew(one);
  });

  it('keeps both when the new one cannot be proven, because the BMC fell silent', async function () {
    // ipmitool takes twenty seconds to give up on a BMC that falls silent in the middle of a login.
    this.timeout(90_000);
    const one = await start();
    one.bmc.inject({ kind: 'delay', to: 'set-user-password', ms: 300, times: 1 });
    const asked = rotate(one).then((answer) => answer);
    while (one.bmc.count('set-user-password') === 0) await sleep(5);
    one.bmc.inject({ kind: 'drop-replies', to: 'open-session' });
    const { body } = await asked;
    expect(codeOf(body)).to.equal('outcome-unknown');
    expect(await pendingAt(one)).to.equal(1);
    one.bmc.heal();
    await alice.post(`/v1/controllers/${one.controllerId}/checks`).expect(200);
    await worksAnew(one);
  });

  it('never offers a refused password twice: all refused, it waits for a person', async () => {
    const one = await start();
    await look(one).expect(200);
    one.bmc.inject({ kind: 'drop-replies', to: 'set-user-password' });
    await rotate(one).expect(504);
    one.bmc.heal();
    // Somebody gives the account a password of his own at the BMC.
    const login = { password: passwordAt(one) };
    expect((await tool.run(one.bmc, ['user', 'set', 'password', '2', 'by-hand', '16'], login)).rc).to.equal(0);
    const before = one.bmc.logins('admin').attempts;
    for (let turn = 0; turn < 4; turn += 1) expect(codeOf((await look(one)).body)).to.equal('controller-login-refused');
    expect(one.bmc.logins('admin').attempts - before).to.equal(3);
    const credential = { username: 'admin', password: 'by-hand' };
    await alice.put(`/v1/controllers/${one.controllerId}/credential`, credential).expect(204);
    await worksAnew(one);
  });

  it('never offers a refused password twice: broken off in between, it goes on with the other', async function () {
    // ipmitool takes twenty seconds to give up on a BMC that falls silent in the middle of a login.
    this.timeout(90_000);
    const one = await start({ lockOutAfter: 2, maxSessions: 16 });
    await look(one).expect(200);
    one.bmc.inject({ kind: 'drop-requests', to: 'set-user-password' });
    await rotate(one).expect(504);
    one.bmc.heal();
    // Who offers a wrong password is told at RAKP 2; of who offers the right one the BMC hears at RAKP 3, and is silent.
    one.bmc.inject({ kind: 'drop-replies', to: 'rakp-3' });
    expect(codeOf((await look(one)).body)).to.equal('controller-unreachable');
    one.bmc.heal();
    one.bmc.unlock('admin');
    const before = one.bmc.logins('admin');
    await alice.post(`/v1/controllers/${one.controllerId}/checks`).expect(200);
    await look(one).expect(200);
    const after = one.bmc.logins('admin');
    expect(after.attempts - before.attempts).to.equal(after.accepted - before.accepted);
    await worksAnew(one);
  });

  it('takes a credential that a person sets for likelier than what it left open', async () => {
    const one = await start();
    await look(one).expect(200);
    one.bmc.inject({ kind: 'drop-requests', to: 'set-user-password' });
    await rotate(one).expect(504);
    one.bmc.heal();
    const credential = { username: 'admin', password: 'adm1n-Secret' };
    await alice.put(`/v1/controllers/${one.controllerId}/credential`, credential).expect(204);
    const before = one.bmc.logins('admin');
    await look(one).expect(200);
    const after = one.bmc.logins('admin');
    expect(after.attempts - before.attempts).to.equal(after.accepted - before.accepted);
    await worksAnew(one);
  });

  it('is done one at a time: two at once end with one password that holds', async () => {
    const one = await start();
    const answers = await Promise.all([rotate(one), rotate(one), look(one), look(one)]);
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    expect(one.bmc.logins('admin').attempts).to.equal(one.bmc.logins('admin').accepted);
    await worksAnew(one);
  });

  it('leaves the account alone where several bear its name, or none does', async () => {
    const two = await start({
      users: [
        { name: 'admin', password: 'adm1n-Secret', privilege: 'administrator' },
        { name: 'admin', password: 'other', privilege: 'administrator' },
      ],
    });
    expect(codeOf((await rotate(two).expect(409)).body)).to.equal('conflict');
    expect(two.bmc.count('set-user-password')).to.equal(0);
  });

  it('is for an admin alone, and never shows a password', async () => {
    const one = await start();
    await (await igor.as('erin')).post(`/v1/controllers/${one.controllerId}/credential/rotations`).expect(403);
    const { text } = await rotate(one).expect(200);
    const records = (await alice.get('/v1/audit-records?limit=1000').expect(200)).text;
    for (const said of [text, records, igor.logText()]) expect(said).not.to.contain(passwordAt(one));
  });
});
