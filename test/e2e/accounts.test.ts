import { expect } from 'chai';
import { ipmitool, type Ipmitool } from '../support/bmc/ipmitool.ts';
import type { BmcSimulator } from '../support/bmc/simulator.ts';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated } from '../support/simulated.ts';

interface Account {
  readonly id: number;
  readonly name: string;
  readonly enabled: boolean | null;
  readonly privilege: string;
  readonly own: boolean;
}
interface Body {
  readonly account: Account;
  readonly accounts: readonly Account[];
  readonly max: number;
  readonly free: number;
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}

describe('accounts of a BMC', () => {
  let igor: TestIgor;
  let alice: Client;
  before(async () => {
    igor = await startIgor();
    alice = await igor.as('alice');
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  it('are listed to a manager, with the one that Igor itself uses marked', async () => {
    const { controllerId } = await simulated(igor);
    const erin = await igor.as('erin');
    const { body } = await erin.get(`/v1/controllers/${controllerId}/accounts`).expect(200);
    const { accounts, max, free } = body as Body;
    expect([max, free]).to.deep.equal([10, 5]);
    expect(accounts.map(({ id, name, privilege, enabled }) => [id, name, privilege, enabled])).to.deep.equal([
      [1, '', 'none', false],
      [2, 'admin', 'administrator', true],
      [3, 'operator', 'operator', true],
      [4, 'user', 'user', true],
      [5, 'disabled', 'administrator', false],
    ]);
    expect(accounts.filter(({ own }) => own).map(({ name }) => name)).to.deep.equal(['admin']);
    await (await igor.as('bob')).get(`/v1/controllers/${controllerId}/accounts`).expect(403);
  });

  it('are found by number and by name', async () => {
    const { controllerId } = await simulated(igor);
    for (const named of ['3', 'operator']) {
      const { body } = await alice.get(`/v1/controllers/${controllerId}/accounts/${named}`).expect(200);
      expect((body as Body).account).to.include({ id: 3, name: 'operator', own: false });
    }
    for (const named of ['11', '0', '99999999999999999999', 'nobody'])
      await alice.get(`/v1/controllers/${controllerId}/accounts/${named}`).expect(404);
  });

  it('that share a name are told apart by number alone', async () => {
    const { controllerId } = await simulated(igor, {
      users: [
        { name: 'admin', password: 'adm1n-Secret', privilege: 'administrator' },
        { name: 'twin', password: 'x', privilege: 'user' },
        { name: 'twin', password: 'y', privilege: 'operator' },
      ],
    });
    const { body } = await alice.get(`/v1/controllers/${controllerId}/accounts/twin`).expect(409);
    expect((body as Body).errors[0]).to.include({ code: 'out-of-band.ambiguous' });
    expect((body as Body).errors[0]?.detail).to.contain('3, 4');
    await alice.get(`/v1/controllers/${controllerId}/accounts/4`).expect(200);
  });

  it('are renamed, disabled, demoted and back, one by one or together, and keep what was not named', async () => {
    const { controllerId, bmc } = await simulated(igor);
    const patch = async (account: object): Promise<Account> => {
      const { body } = await alice.patch(`/v1/controllers/${controllerId}/accounts/3`, { account }).expect(200);
      return (body as Body).account;
    };
    expect(await patch({ enabled: false })).to.include({ enabled: false, privilege: 'operator' });
    expect(await patch({ name: 'erin' })).to.include({ name: 'erin', enabled: false });
    expect(await patch({ privilege: 'user', enabled: true })).to.include({ privilege: 'user', enabled: true });
    expect(bmc.accounts[2]).to.include({ name: 'erin', privilege: 'user', enabled: true, messaging: true });
    const before = bmc.count('set-user-access');
    await patch({ privilege: 'user' });
    expect(bmc.count('set-user-access')).to.equal(before);
  });

  it('are never given what lets in before the rest is done', async () => {
    const { controllerId, bmc } = await simulated(igor);
    await alice
      .patch(`/v1/controllers/${controllerId}/accounts/disabled`, {
        account: { enabled: true, privilege: 'user', name: 'carol' },
      })
      .expect(200);
    const changes = bmc.executed().flatMap(({ command, data }) => {
      if (command === 'set-user-password') return [data[1] === 1 ? 'enable' : 'disable'];
      return command.startsWith('set-user-') ? [command] : [];
    });
    expect(changes).to.deep.equal(['set-user-access', 'set-user-name', 'enable']);
  });

  it('tell what was done of a change that broke off', async () => {
    const { controllerId, bmc } = await simulated(igor);
    bmc.inject({ kind: 'completion-code', to: 'set-user-name', code: 0xcc });
    const { body } = await alice
      .patch(`/v1/controllers/${controllerId}/accounts/3`, { account: { enabled: false, name: 'carol' } })
      .expect(502);
    expect((body as Body).errors[0]?.detail)
      .to.contain('a field of the request is invalid')
      .and.contain('enabled');
    expect(bmc.accounts[2]).to.include({ enabled: false, name: 'operator' });
  });

  it('keep their fixed names, and take none that another has', async () => {
    const { controllerId, bmc } = await simulated(igor);
    for (const [id, name] of [
      [1, 'carol'],
      [3, 'user'],
    ] as const) {
      const { body } = await alice
        .patch(`/v1/controllers/${controllerId}/accounts/${id}`, { account: { name } })
        .expect(409);
      expect((body as Body).errors[0]?.code).to.equal('out-of-band.conflict');
    }
    expect(bmc.count('set-user-name')).to.equal(0);
  });

  it('never shut Igor out: its own can be neither disabled, nor demoted, nor renamed, nor barred', async () => {
    const { controllerId, bmc } = await simulated(igor);
    for (const account of [
      { enabled: false },
      { privilege: 'operator' },
      { privilege: 'none' },
      { name: 'carol' },
      { messaging: false },
      { callback_only: true },
    ]) {
      const { body } = await alice.patch(`/v1/controllers/${controllerId}/accounts/admin`, { account }).expect(409);
      expect((body as Body).errors[0]?.detail).to.contain('Igor logs in with this account');
    }
    expect(bmc.accounts[1]).to.include({ name: 'admin', privilege: 'administrator', enabled: true, messaging: true });
    await alice
      .patch(`/v1/controllers/${controllerId}/accounts/admin`, { account: { link: true, enabled: true } })
      .expect(200);
  });

  it('take no name that a BMC cannot keep, that reads as a number, or that a terminal would obey', async () => {
    const { controllerId } = await simulated(igor);
    for (const name of ['', '17', 'seventeen-bytes-x', 'a b', 'ä', 'a\u001b[2J', '-f'])
      await alice.patch(`/v1/controllers/${controllerId}/accounts/3`, { account: { name } }).expect(400);
  });

  const carol = { name: 'carol', password: '0123456789abcdefghij', privilege: 'operator' };
  const canLogIn = async (tool: Ipmitool, bmc: BmcSimulator, user: string, password: string): Promise<boolean> =>
    (await tool.run(bmc, ['mc', 'info'], { user, password, privilege: 'USER' })).rc === 0;

  describe('with passwords', () => {
    let tool: Ipmitool;
    before(async () => {
      tool = await ipmitool();
    });
    after(async () => tool[Symbol.asyncDispose]());

    it('are created in the first free slot, and can log in, with a password of 20 bytes', async () => {
      const { controllerId, bmc } = await simulated(igor);
      const { body, headers } = await alice
        .post(`/v1/controllers/${controllerId}/accounts`, { account: carol })
        .expect(201);
      expect((body as Body).account).to.include({ id: 6, name: 'carol', privilege: 'operator', enabled: true });
      expect(headers['location']).to.match(/\/accounts\/6$/);
      expect(await canLogIn(tool, bmc, 'carol', carol.password)).to.equal(true);
      await alice.post(`/v1/controllers/${controllerId}/accounts`, { account: carol }).expect(409);
    });

    it('are not let in before their password and their privilege are there', async () => {
      const { controllerId, bmc } = await simulated(igor);
      await alice.post(`/v1/controllers/${controllerId}/accounts`, { account: carol }).expect(201);
      const verbs = ['disable', 'enable', 'password', 'test'];
      const changes = bmc.executed().flatMap(({ command, data }) => {
        if (command === 'set-user-password') return [verbs[data[1] ?? 0] ?? ''];
        if (command === 'set-user-access') return [`access ${String(data[2])}`];
        return command === 'set-user-name' ? ['name'] : [];
      });
      expect(changes).to.deep.equal([
        ...['access 15', 'disable', 'name', 'access 15', 'disable', 'password', 'test', 'access 3', 'enable'],
      ]);
    });

    it('are created disabled if so asked', async () => {
      const { controllerId, bmc } = await simulated(igor);
      const account = { ...carol, enabled: false };
      await alice.post(`/v1/controllers/${controllerId}/accounts`, { account }).expect(201);
      expect(await canLogIn(tool, bmc, 'carol', carol.password)).to.equal(false);
      await alice.patch(`/v1/controllers/${controllerId}/accounts/carol`, { account: { enabled: true } }).expect(200);
      expect(await canLogIn(tool, bmc, 'carol', carol.password)).to.equal(true);
    });

    for (const [step, fault] of [
      ['the name', { kind: 'completion-code', to: 'set-user-name', code: 0xcc, times: 1 }],
      ['the password', { kind: 'completion-code', to: 'set-user-password', code: 0xd5 }],
      ['the access', { kind: 'completion-code', to: 'set-user-access', code: 0xcc }],
    ] as const) {
      it(`leave nobody behind who could log in when ${step} is refused`, async () => {
        const { controllerId, bmc } = await simulated(igor);
        bmc.inject(fault);
        const { body } = await alice.post(`/v1/controllers/${controllerId}/accounts`, { account: carol }).expect(502);
        expect((body as Body).errors[0]?.detail).to.match(/undone|left behind/);
        bmc.heal();
        expect(await canLogIn(tool, bmc, 'carol', carol.password)).to.equal(false);
        expect(await canLogIn(tool, bmc, 'carol', '')).to.equal(false);
      });
    }

    it('leave nothing behind where what was done of them can be undone', async () => {
      const { controllerId, bmc } = await simulated(igor, { passwords: 'short' });
      const { body } = await alice.post(`/v1/controllers/${controllerId}/accounts`, { account: carol }).expect(502);
      expect((body as Body).errors[0]?.detail).to.contain('undone');
      expect(bmc.accounts[5]).to.include({ name: '', enabled: false, privilege: null });
      const account = { ...carol, password: 'of-16-bytes-then' };
      await alice.post(`/v1/controllers/${controllerId}/accounts`, { account }).expect(201);
    });

    it('are told to be in doubt when the answer to a step is lost, and cannot log in', async () => {
      const { controllerId, bmc } = await simulated(igor);
      bmc.inject({ kind: 'drop-replies', to: 'set-user-name', times: 1 });
      const { body } = await alice.post(`/v1/controllers/${controllerId}/accounts`, { account: carol }).expect(504);
      expect((body as Body).errors[0]?.code).to.equal('out-of-band.outcome-unknown');
      expect(bmc.accounts[5]).to.include({ enabled: false, privilege: null });
    });

    it('are refused where all slots are in use', async () => {
      const { controllerId } = await simulated(igor, { accountSlots: 5 });
      const { body } = await alice.post(`/v1/controllers/${controllerId}/accounts`, { account: carol }).expect(409);
      expect((body as Body).errors[0]?.detail).to.contain('all 5 accounts');
    });

    it('are deleted so that nobody can log in with them, and their slot is free again', async () => {
      const { controllerId, bmc } = await simulated(igor);
      await alice.delete(`/v1/controllers/${controllerId}/accounts/user`).expect(204);
      expect(await canLogIn(tool, bmc, 'user', 'us3r-Secret')).to.equal(false);
      expect(bmc.accounts[3]).to.include({ name: '', enabled: false, privilege: null, messaging: false });
      expect(bmc.accounts[3]?.password).to.have.length(16);
      await alice.get(`/v1/controllers/${controllerId}/accounts/user`).expect(404);
      await alice.delete(`/v1/controllers/${controllerId}/accounts/1`).expect(409);
    });

    it('get another password, which is the one that logs in from then on', async () => {
      const { controllerId, bmc } = await simulated(igor);
      await alice
        .put(`/v1/controllers/${controllerId}/accounts/user/password`, { password: carol.password })
        .expect(204);
      expect(await canLogIn(tool, bmc, 'user', carol.password)).to.equal(true);
      expect(await canLogIn(tool, bmc, 'user', 'us3r-Secret')).to.equal(false);
    });

    it('get a password of up to 16 bytes where the BMC knows no longer one, and are told of a longer one', async () => {
      const { controllerId, bmc } = await simulated(igor, { passwords: 'short' });
      const path = `/v1/controllers/${controllerId}/accounts/user/password`;
      await alice.put(path, { password: 'sixteen-bytes-ok' }).expect(204);
      expect(await canLogIn(tool, bmc, 'user', 'sixteen-bytes-ok')).to.equal(true);
      const { body } = await alice.put(path, { password: 'seventeen-bytes-x' }).expect(502);
      expect((body as Body).errors[0]?.code).to.equal('out-of-band.controller-refused');
      expect(await canLogIn(tool, bmc, 'user', 'sixteen-bytes-ok')).to.equal(true);
    });

    it("keep Igor's own password and account: 409 names the way to another", async () => {
      const { controllerId, bmc } = await simulated(igor);
      const path = `/v1/controllers/${controllerId}/accounts/admin`;
      const { body } = await alice.put(`${path}/password`, { password: carol.password }).expect(409);
      expect((body as Body).errors[0]?.detail).to.contain('credential.rotate');
      await alice.delete(path).expect(409);
      expect(bmc.count('set-user-password')).to.equal(0);
    });

    it('take no password that a login could not carry', async () => {
      const { controllerId, bmc } = await simulated(igor);
      const path = `/v1/controllers/${controllerId}/accounts/user/password`;
      for (const password of ['', 'twenty-one-bytes-long', 'ä'.repeat(11), 'a\nb', 'a\tb', 'a\u0000b', 'a\u007f'])
        await alice.put(path, { password }).expect(400);
      expect(bmc.count('set-user-password')).to.equal(0);
    });

    it('are never shown with a password: not in an answer, the journal or the log', async () => {
      const { controllerId } = await simulated(igor);
      const secret = 'Sh0wn-n0where-ever';
      const path = `/v1/controllers/${controllerId}/accounts`;
      const texts = [
        (await alice.post(path, { account: { ...carol, password: secret } }).expect(201)).text,
        (await alice.put(`${path}/user/password`, { password: secret }).expect(204)).text,
        (await alice.get(path).expect(200)).text,
        (await alice.get('/v1/audit-records?limit=1000').expect(200)).text,
        igor.logText(),
      ];
      for (const text of texts) {
        expect(text).not.to.contain(secret);
        expect(text).not.to.contain(Buffer.from(secret).toString('hex'));
        expect(text).not.to.contain([...Buffer.from(secret)].map((byte) => `0x${byte.toString(16)}`).join(' '));
      }
      expect(texts[3]).to.contain('"password":"[secret]"');
    });
  });
});
