import { expect } from 'chai';
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
});
