import { expect } from 'chai';
import type { Account, AccountAccess } from '../../src/domain/account.ts';
import type { Accounts } from '../../src/ports/controller.ts';
import { faultOf } from '../support/fault-of.ts';
import { ipmiSim, simulator } from './ipmi-peers.ts';
import { call } from './peer.ts';
import type { Peer } from './peer.ts';

/** A slot that nobody uses at either peer. */
const slot = 9;
const nobody: AccountAccess = { privilege: 'none', messaging: false, link: false, callbackOnly: false };

const accountsOf = (connection: ReturnType<Peer['connect']>): Accounts => {
  const { accounts } = connection.device;
  if (accounts === undefined) throw new Error('a capability is missing');
  return accounts;
};

for (const [name, { open }] of [
  ['ipmi_sim', ipmiSim],
  ['our own BMC', simulator],
] as const) {
  describe(`accounts by the driver ipmi at ${name}`, () => {
    it('are listed with what they may do, beside the slots that are free', async () => {
      await using peer = await open();
      await using connection = peer.connect();
      const { value: table } = await accountsOf(connection).list(call);
      expect(table.accounts.map(({ id }) => id)).to.deep.equal(
        table.accounts.map(({ id }) => id).toSorted((a, b) => a - b),
      );
      const { username } = peer.endpoint.credential;
      const own = table.accounts.find((account) => account.name === username);
      expect(own).to.include({ privilege: 'administrator', messaging: true, isFixed: false });
      expect(table.accounts.find((account) => account.name === 'operator')).to.include({ privilege: 'operator' });
      expect(table.accounts[0]).to.include({ id: 1, name: '', isFixed: true });
      expect(table.free).to.include(slot);
      expect(new Set([...table.accounts.map(({ id }) => id), ...table.free]).size).to.equal(table.slots);
    });

    it('read what was set of them: a name of 16 bytes, a privilege, every flag', async () => {
      await using peer = await open();
      await using connection = peer.connect();
      const accounts = accountsOf(connection);
      try {
        await accounts.setName(slot, 'sixteen-bytes-16', call);
        for (const access of [
          { privilege: 'operator', messaging: true, link: false, callbackOnly: false },
          { privilege: 'callback', messaging: false, link: true, callbackOnly: true },
          nobody,
        ] as const) {
          await accounts.setAccess(slot, access, call);
          const { value } = await accounts.get(slot, call);
          const { enabled: _, ...rest }: Account = value;
          expect(rest).to.deep.equal({ id: slot, name: 'sixteen-bytes-16', isFixed: false, ...access });
        }
      } finally {
        await accounts.setName(slot, '', call);
      }
      expect((await accounts.list(call)).value.free).to.include(slot);
    });

    it('are refused where there is no such slot, before anything is sent where that is known', async () => {
      await using peer = await open();
      await using connection = peer.connect();
      for (const id of [0, 64, 1.5])
        expect((await faultOf(accountsOf(connection).get(id, call))).code).to.equal('not-found');
    });
  });
}

describe('accounts by the driver ipmi', () => {
  it('are told to be enabled or disabled where the BMC tells', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const accounts = accountsOf(connection);
    for (const enabled of [false, true, false]) {
      await accounts.setEnabled(4, enabled, call);
      expect((await accounts.get(4, call)).value.enabled).to.equal(enabled);
      expect(peer.bmc.accounts[3]?.enabled).to.equal(enabled);
    }
  });

  it('have slots as many as there are, and no more', async () => {
    await using peer = await simulator.open({}, { accountSlots: 6 });
    await using connection = peer.connect();
    const { value } = await accountsOf(connection).list(call);
    expect([value.slots, value.free, value.accounts.length]).to.deep.equal([6, [6], 5]);
    expect((await faultOf(accountsOf(connection).get(7, call))).code).to.equal('not-found');
  });

  it('without a name are never overlooked while they let in', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const accounts = accountsOf(connection);
    await accounts.setAccess(slot, { ...nobody, privilege: 'administrator', messaging: true }, call);
    await accounts.setEnabled(slot, true, call);
    const { value } = await accounts.list(call);
    expect(value.free).not.to.include(slot);
    expect(value.accounts.find(({ id }) => id === slot)).to.include({ name: '', privilege: 'administrator' });
  });

  it('with a fixed name keep it', async () => {
    await using peer = await simulator.open({}, { fixedNames: 3 });
    await using connection = peer.connect();
    const accounts = accountsOf(connection);
    expect((await accounts.get(3, call)).value.isFixed).to.equal(true);
    expect((await faultOf(accounts.setName(3, 'erin', call))).code).to.equal('controller-refused');
    expect((await accounts.get(3, call)).value.name).to.equal('operator');
  });

  it('are for an administrator to change', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect({
      credential: peer.insight.lesser,
      options: { privilege: 'operator' },
    });
    const fault = await faultOf(accountsOf(connection).setAccess(slot, nobody, call));
    expect(fault).to.include({ code: 'controller-refused' });
    expect(fault.detail).to.contain('the account may not do this');
  });
});
