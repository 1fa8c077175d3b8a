import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { lanAddress } from '../support/lan-address.ts';
import { startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';
import { startBmcSimulator } from '../support/bmc/simulator.ts';
import type { BmcOptions } from '../support/bmc/options.ts';

interface Answer {
  readonly address: string;
  readonly recorded: boolean;
  readonly channel: { readonly ipv4: Record<string, unknown>; readonly warnings: readonly string[] };
}
interface ControllerBody {
  readonly address: string;
  readonly move: { from: { address: string }; to: { address: string } } | null;
}
interface FaultBody {
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}

describe('a change of the network of a BMC', () => {
  let igor: TestIgor;
  let alice: Client;

  before(async () => {
    igor = await startIgor({ IGOR_NETWORK_SECONDS: '2' });
    alice = await igor.as('alice');
  });
  after(async () => {
    await igor.stop();
    await stopSimulated();
  });

  const start = async (options: Partial<BmcOptions>): Promise<Simulated & { readonly at: string }> => {
    const at = lanAddress();
    return { ...(await simulated(igor, { address: at, ...options })), at };
  };
  const change = async ({ controllerId }: Simulated, channel: object) =>
    alice.patch(`/v1/controllers/${controllerId}/network/1`, { channel });
  const move = async (machine: Simulated, address: string) =>
    change(machine, { ipv4: { address, netmask: '255.0.0.0', gateway: '127.0.0.254' } });
  const controller = async ({ controllerId }: Simulated): Promise<ControllerBody> => {
    const { body } = await alice.get(`/v1/controllers/${controllerId}`).expect(200);
    return (body as { controller: ControllerBody }).controller;
  };
  const faultIn = (body: unknown): { readonly code: string; readonly detail: string } => {
    const [first] = (body as FaultBody).errors;
    return { code: first?.code.replace('out-of-band.', '') ?? '', detail: first?.detail ?? '' };
  };
  const power = async ({ id }: Simulated): Promise<number> =>
    (await alice.get(`/v1/machines/${id}/power?refresh=true`)).status;
  const found = async (machine: Simulated): Promise<ControllerBody> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const now = await controller(machine);
      if (now.move === null) return now;
      await sleep(100);
    }
    throw new Error('it was never found again');
  };

  it('is on record once the BMC was heard at its new address, and everything goes on there', async () => {
    const machine = await start({ addressChange: 'moves' });
    const to = lanAddress();
    const { status, body } = await move(machine, to);
    expect(status, JSON.stringify(body)).to.equal(200);
    const { address, recorded, channel } = body as Answer;
    expect([address, recorded]).to.deep.equal([`${to}:${machine.bmc.port}`, true]);
    expect(channel.ipv4['address']).to.equal(to);
    expect(await controller(machine)).to.deep.include({ address: to, move: null });
    expect(await power(machine)).to.equal(200);
    expect(machine.bmc.address).to.equal(to);
  });

  it('is followed where the BMC heeds the address at once, and never answers what came after it', async () => {
    const machine = await start({ addressChange: 'moves', heeds: 'at-once' });
    const to = lanAddress();
    expect((await move(machine, to)).status).to.equal(200);
    expect((await controller(machine)).address).to.equal(to);
    expect([...(machine.bmc.lan.get(0, 0) ?? [])]).to.deep.equal([0]);
  });

  it('waits for a BMC that takes a while, and is deaf meanwhile', async () => {
    const machine = await start({ addressChange: 'moves', moveMs: 1_200 });
    const to = lanAddress();
    expect((await move(machine, to)).status).to.equal(200);
  });

  it('is put back where the BMC is still heard at its old address', async () => {
    const machine = await start({ addressChange: 'ignored' });
    const to = lanAddress();
    const { status, body } = await change(machine, { ipv4: { address: to, netmask: '255.128.0.0', gateway: null } });
    expect(status).to.equal(502);
    expect(faultIn(body)).to.deep.include({ code: 'controller-refused' });
    expect(faultIn(body).detail).to.contain(`answers at ${machine.at}`);
    expect([...(machine.bmc.lan.get(3, 0) ?? [])].join('.')).to.equal(machine.at);
    expect([...(machine.bmc.lan.get(6, 0) ?? [])].join('.')).to.equal('255.0.0.0');
    expect([...(machine.bmc.lan.get(12, 0) ?? [])].join('.')).to.equal('127.0.0.254');
    expect([...(machine.bmc.lan.get(0, 0) ?? [])]).to.deep.equal([0]);
    expect(await controller(machine)).to.deep.include({ address: machine.at, move: null });
    expect(await power(machine)).to.equal(200);
  });

  it('is put back at once where the BMC refuses a part of it', async () => {
    const machine = await start({ addressChange: 'refused' });
    const { status, body } = await change(machine, { ipv4: { address: lanAddress(), gateway: null } });
    expect([status, faultIn(body).code]).to.deep.equal([502, 'controller-refused']);
    expect(faultIn(body).detail).to.contain('what was set before is put back');
    expect([...(machine.bmc.lan.get(12, 0) ?? [])].join('.')).to.equal('127.0.0.254');
    expect((await controller(machine)).move).to.equal(null);
  });

  it('keeps both addresses on record when the BMC is heard at neither, and finds it when it comes up late', async () => {
    const machine = await start({ addressChange: 'moves', moveMs: 9_000 });
    const to = lanAddress();
    const { status, body } = await move(machine, to);
    expect([status, faultIn(body).code]).to.deep.equal([504, 'outcome-unknown']);
    const open = await controller(machine);
    expect(open.address).to.equal(machine.at);
    expect([open.move?.from.address, open.move?.to.address]).to.deep.equal([machine.at, to]);
    const again = await move(machine, lanAddress());
    expect([409, 503, 504]).to.include(again.status);
    expect(await found(machine)).to.deep.include({ address: to, move: null });
    expect(await power(machine)).to.equal(200);
    const line = igor.logged.find(
      ({ msg, controller: id }) => msg === 'controller.found-again' && id === machine.controllerId,
    );
    expect(line).to.deep.include({ address: `${to}:${machine.bmc.port}`, how: 'moved', recorded: true });
    const { body: rows } = await alice.get('/v1/audit-records?operation=network.settle').expect(200);
    const records = (rows as { audit_records: { target: object; kind: string; outcome: string | null }[] })
      .audit_records;
    const kinds = records
      .filter(({ target }) => 'id' in target && target.id === machine.controllerId)
      .map(({ kind, outcome }) => [kind, outcome]);
    expect(kinds).to.deep.equal([
      ['outcome', 'done'],
      ['intent', null],
    ]);
  }).timeout(60_000);

  it('finds a BMC that comes up again at its old address, and puts back what it had set', async () => {
    const machine = await start({ addressChange: 'vanishes' });
    const { body } = await move(machine, lanAddress());
    expect(faultIn(body).code).to.equal('outcome-unknown');
    await machine.bmc.restart();
    expect(await found(machine)).to.deep.include({ address: machine.at });
    expect([...(machine.bmc.lan.get(3, 0) ?? [])].join('.')).to.equal(machine.at);
  }).timeout(60_000);

  it('takes no other controller that answers at the new address for it', async () => {
    const machine = await start({ addressChange: 'ignored' });
    const to = lanAddress();
    await using other = await startBmcSimulator({
      address: to,
      port: machine.bmc.port,
      guid: '69676f72-0000-4000-8000-00000000dead',
      mac: '52:54:00:b3:c0:02',
    });
    const { status, body } = await move(machine, to);
    expect([status, faultIn(body).code]).to.deep.equal([502, 'controller-refused']);
    expect(other.logins('admin').accepted).to.be.at.least(1);
    expect((await controller(machine)).address).to.equal(machine.at);
  });

  it('offers a password once at an address where it was refused', async () => {
    const machine = await start({ addressChange: 'ignored' });
    const to = lanAddress();
    await using other = await startBmcSimulator({
      address: to,
      port: machine.bmc.port,
      users: [{ name: 'admin', password: 'another-1', privilege: 'administrator' }],
    });
    expect((await move(machine, to)).status).to.equal(502);
    expect(other.logins('admin').attempts).to.equal(1);
  });

  it('that keeps the address is proved and read back, and put back when it was not kept', async () => {
    const machine = await start({});
    const taken = await change(machine, { ipv4: { gateway: '127.0.0.9' }, vlan: { id: 12 } });
    expect(taken.status, JSON.stringify(taken.body)).to.equal(200);
    expect((taken.body as Answer).recorded).to.equal(false);
    const forgetful = await start({ forgets: 12 });
    const { status, body } = await change(forgetful, { ipv4: { gateway: '127.0.0.9' } });
    expect([status, faultIn(body).code]).to.deep.equal([502, 'controller-refused']);
    expect(faultIn(body).detail).to.contain('it did not take ipv4.gateway');
  });

  it('is refused where it could not work, before anything is sent', async () => {
    const machine = await start({});
    const other = await start({});
    for (const [channel, status, said] of [
      [{}, 400, 'says nothing to change'],
      [{ ipv4: { netmask: '255.0.255.0' } }, 400, 'ipv4.netmask'],
      [{ ipv4: { netmask: '255.255.255.255' } }, 400, 'ipv4.netmask'],
      [{ ipv4: { gateway: '10.0.0.1' } }, 400, 'ipv4.gateway'],
      [{ ipv4: { address: '127.255.255.255' } }, 400, 'ipv4.address'],
      [{ ipv4: { address: '224.0.0.5', netmask: '240.0.0.0', gateway: null } }, 400, 'multicast'],
      [{ ipv4: { address: '8.8.8.8', netmask: '255.0.0.0', gateway: null } }, 400, 'permitted networks'],
      [{ ipv4: { address: '1.2.3.4; reboot' } }, 400, 'ipv4.address'],
      [{ ipv4: { source: 'dhcp' } }, 400, 'ipv4.address'],
      [{ ipv4: { source: 'bios' } }, 400, 'ipv4.source'],
      [{ vlan: { id: 4095 } }, 400, 'vlan.id'],
      [{ access: { privilege_limit: 'user' } }, 400, 'privilege_limit'],
      [{ snmp_community: 'with space' }, 400, 'snmp_community'],
      [{ snmp_community: 'x'.repeat(19) }, 400, 'snmp_community'],
      [{ mac: '52:54:00:00:00:01' }, 400, 'mac'],
    ] as const) {
      const answer = await change(machine, channel);
      expect(answer.status, JSON.stringify(channel)).to.equal(status);
      expect(JSON.stringify(answer.body)).to.contain(said);
    }
    const taken = await alice.patch(`/v1/controllers/${machine.controllerId}/network/1`, {
      channel: { ipv4: { address: other.at } },
    });
    expect(taken.status).to.be.oneOf([200, 409, 502]);
    const nine = await alice.patch(`/v1/controllers/${machine.controllerId}/network/9`, { channel: { vlan: null } });
    expect(nine.status).to.equal(404);
    expect(machine.bmc.executed().filter(({ command }) => command === 'set-channel-access')).to.deep.equal([]);
  });

  it('sends nobody to an address that another controller has', async () => {
    const machine = await start({});
    const other = await simulated(igor, { address: lanAddress(), port: machine.bmc.port });
    const { status, body } = await move(machine, other.bmc.address);
    expect([status, faultIn(body).code]).to.deep.equal([409, 'conflict']);
    expect(machine.bmc.count('set-lan-configuration-parameters')).to.equal(0);
  });

  it('leaves a name on record as it is, and tells so', async () => {
    const machine = await start({ addressChange: 'moves', address: '127.0.0.1' });
    await alice.patch(`/v1/controllers/${machine.controllerId}`, { controller: { address: 'localhost' } }).expect(200);
    const { status, body } = await move(machine, lanAddress());
    expect([status, (body as Answer).recorded]).to.deep.equal([200, false]);
    expect((await controller(machine)).address).to.equal('localhost');
  });

  it('sets the SNMP community, which is in no answer, no row of the journal and no line of the log', async () => {
    const machine = await start({});
    const { status, body } = await change(machine, { snmp_community: 'hush-hush-7' });
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(machine.bmc.lan.get(16, 0)?.toString('latin1')).to.contain('hush-hush-7');
    const shown = await alice.get(`/v1/controllers/${machine.controllerId}/network`).expect(200);
    const { body: rows } = await alice.get('/v1/audit-records?operation=network.update').expect(200);
    expect(JSON.stringify(rows)).to.contain('[secret]');
    for (const text of [JSON.stringify(body), JSON.stringify(shown.body), JSON.stringify(rows), igor.logText()]) {
      expect(text).not.to.contain('hush-hush');
      expect(text).not.to.contain(Buffer.from('hush-hush').toString('hex'));
    }
  });
});
