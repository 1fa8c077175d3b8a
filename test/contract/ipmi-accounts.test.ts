import { expect } from 'chai';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, AccountAccess } from '../../src/domain/account.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Accounts } from '../../src/ports/controller.ts';
import { faultOf } from '../support/fault-of.ts';
import { ipmiSimBy, simulatorBy } from './ipmi-peers.ts';
import { call } from './peer.ts';
import type { Peer } from './peer.ts';

/** Passwords go by a shell for changes alone. */
const way = { transport: 'shells', purpose: 'changes' } as const;
const ipmiSim = ipmiSimBy(way);
const simulator = simulatorBy(way);

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

    it('log in with the password that was set, of 16 bytes', async () => {
      await using peer = await open();
      await using connection = peer.connect();
      const accounts = accountsOf(connection);
      const password = new Secret('0123456789abcdef');
      try {
        await accounts.setName(slot, 'carol', call);
        await accounts.setAccess(slot, { ...nobody, privilege: 'operator', messaging: true }, call);
        expect(await accounts.setPassword(slot, password, call)).to.equal('kept');
        await accounts.setEnabled(slot, true, call);
        const { cipher_suites } = { cipher_suites: [17, 3], ...(peer.endpoint.options as object) };
        const options = { cipher_suites, privilege: 'operator' };
        await using carol = peer.connect({ credential: { username: 'carol', password }, options });
        expect(await carol.device.power?.get(call)).to.equal(await peer.power());
      } finally {
        await accounts.setEnabled(slot, false, call);
        await accounts.setAccess(slot, nobody, call);
        await accounts.setName(slot, '', call);
      }
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

  const longest = '0123456789abcdefghij';
  for (const [passwords, text, became, kept] of [
    ['both', longest, 'kept', longest],
    ['both', 'short', 'kept', 'short'],
    ['short', '0123456789abcdef', 'kept', '0123456789abcdef'],
    ['cut', '0123456789abcdef', 'kept', '0123456789abcdef'],
    // It says so itself of any password: a login alone would tell.
    ['cut', longest, 'kept', '0123456789abcdef'],
    ['cut-and-tells', longest, 'altered', '0123456789abcdef'],
    ['cut-and-tells', '0123456789abcdef', 'kept', '0123456789abcdef'],
  ] as const) {
    it(`take a password of ${text.length} bytes where the BMC takes ${passwords}`, async () => {
      await using peer = await simulator.open({}, { passwords });
      await using connection = peer.connect();
      expect(await accountsOf(connection).setPassword(4, new Secret(text), call)).to.equal(became);
      expect(peer.bmc.accounts[3]?.password).to.equal(kept);
    });
  }

  it('keep their password where the BMC refuses the new one in every form', async () => {
    await using peer = await simulator.open({}, { passwords: 'short' });
    await using connection = peer.connect();
    const fault = await faultOf(accountsOf(connection).setPassword(4, new Secret(longest), call));
    expect(fault.code).to.equal('controller-refused');
    expect(fault.message).not.to.contain(longest);
    expect(peer.bmc.accounts[3]?.password).to.equal('us3r-Secret');
  });

  it('leave open whether a password was set when the answer is lost, and are asked once', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const accounts = accountsOf(connection);
    await accounts.get(4, call);
    peer.bmc.inject({ kind: 'drop-replies', to: 'set-user-password' });
    expect((await faultOf(accounts.setPassword(4, new Secret(longest), call))).code).to.equal('outcome-unknown');
    expect(peer.bmc.count('set-user-password')).to.equal(1);
  });

  it('never show a password to whoever looks at the processes', async () => {
    await using peer = await simulator.open();
    await using connection = peer.connect();
    const accounts = accountsOf(connection);
    await accounts.get(4, call);
    peer.bmc.inject({ kind: 'delay', to: 'set-user-password', ms: 500 });
    const setting = accounts.setPassword(4, new Secret(longest), call);
    while (peer.bmc.count('set-user-password') === 0) await sleep(10);
    const seen = await everyCommandLine();
    await setting;
    expect(seen).to.contain('ipmitool');
    for (const shape of [longest, '30 0x31', '30 31']) expect(seen).not.to.contain(shape);
  });
});

/** Of all processes that may be looked at, with their environments. */
const everyCommandLine = async (): Promise<string> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const read = async (path: string): Promise<string> => readFile(path, 'latin1').catch(() => '');
  const texts = await Promise.all(pids.flatMap((pid) => [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)]));
  return texts.join('\n').replaceAll('\0', ' ');
};
