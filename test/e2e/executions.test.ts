import { expect } from 'chai';
import { enrol, type Enrolled } from '../support/enrol.ts';
import { freshName, startIgor, type Client, type TestIgor } from '../support/igor.ts';
import { sshd } from '../support/parts.ts';

interface Target {
  readonly name: string;
  readonly state: string;
  readonly exit_code: number | null;
  readonly stdout: string | null;
  readonly stderr: string | null;
  readonly stdout_base64?: string;
  readonly truncated: boolean;
  readonly fault: { readonly code: string } | null;
}
interface Body {
  readonly execution: { readonly id: string; readonly state: string; readonly targets: readonly Target[] };
}

describe('executions', () => {
  let igor: TestIgor;
  let bob: Client;
  let machine: Enrolled;
  before(async () => {
    igor = await startIgor();
    bob = await igor.as('bob');
    machine = await enrol(igor, 'alpha', { ssh: true });
  });
  after(async () => igor.stop());

  const execute = async (command: readonly string[], more: object = {}): Promise<Body['execution']> => {
    const { body } = await bob
      .post('/v1/executions', { targets: [machine.name], command, ...more })
      .set('Prefer', 'wait=20')
      .expect(200);
    return (body as Body).execution;
  };

  it('run a command on a machine, and answer with what it said', async () => {
    const { state, targets } = await execute(['uname', '-s']);
    expect(state).to.equal('succeeded');
    expect(targets).to.have.length(1);
    expect(targets[0]).to.deep.include({
      name: machine.name,
      exit_code: 0,
      stdout: 'Linux\n',
      stderr: '',
      truncated: false,
      fault: null,
    });
  });

  it('hand every argument over byte for byte', async () => {
    const odd = ['$HOME', '`id`', '; rm -rf /', "it's", '"', '\\', '*', ' a  b ', 'ü\n…', '-n', ''];
    const { targets } = await execute(['printf', '%s|', ...odd]);
    expect(targets[0]?.stdout).to.equal(`${odd.join('|')}|`);
  });

  it('tell a failure by its exit code, and keep both outputs apart', async () => {
    const { state, targets } = await execute(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(state).to.equal('failed');
    expect(targets[0]).to.deep.include({ exit_code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('keep what is not UTF-8 as it was', async () => {
    const { targets } = await execute(['printf', '\\377\\376']);
    expect(targets[0]?.stdout_base64).to.equal(Buffer.from([0xff, 0xfe]).toString('base64'));
  });

  it('are bounded in bytes', async () => {
    const { targets } = await execute(['head', '-c', '3000000', '/dev/zero']);
    expect(targets[0]?.truncated).to.be.true;
    expect(targets[0]?.stdout).to.have.length(1_048_576);
  });

  it('are bounded in time, and what may still run is told as unknown', async () => {
    const { state, targets } = await execute(['sleep', '30'], { timeout_s: 1 });
    expect(state).to.equal('unknown');
    expect(targets[0]?.fault?.code).to.equal('outcome-unknown');
  });

  it('go on by themselves when nobody waits', async () => {
    const { body, headers } = await bob
      .post('/v1/executions', { targets: [machine.name], command: ['sleep', '0.5'] })
      .expect(202);
    const path = new URL(headers['location'] ?? '').pathname;
    expect(path).to.equal(`/v1/executions/${(body as Body).execution.id}`);
    for (let tries = 0; tries < 50; tries += 1) {
      const { execution } = (await bob.get(path).expect(200)).body as Body;
      if (execution.state === 'succeeded') return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect.fail('it never ended');
  });

  it('run on several machines at once, each with its own result', async () => {
    const second = await enrol(igor, 'alpha', { ssh: true });
    const { body } = await bob
      .post('/v1/executions', { targets: [machine.name, second.name], command: ['true'] })
      .set('Prefer', 'wait=20')
      .expect(200);
    expect((body as Body).execution.targets.map(({ name, state }) => [name, state])).to.deep.equal([
      [machine.name, 'succeeded'],
      [second.name, 'succeeded'],
    ]);
  });

  it('run nothing on a host that shows another key than the pinned one', async () => {
    const other = await enrol(igor, 'alpha', { ssh: true });
    const { address, port, user } = await sshd();
    const wrong = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxpZ2h0IHNoaW5lcyBvbiBhIGtleSBub2JvZHkgaA==';
    const ssh = { address, port, user, host_keys: [wrong] };
    await (await igor.as('alice')).patch(`/v1/machines/${other.id}`, { machine: { ssh } }).expect(200);
    const { body } = await bob
      .post('/v1/executions', { targets: [other.name], command: ['true'] })
      .set('Prefer', 'wait=20')
      .expect(200);
    expect((body as Body).execution.targets[0]).to.deep.include({ state: 'failed', stdout: null });
    expect((body as Body).execution.targets[0]?.fault?.code).to.equal('host-key-mismatch');
  });

  it('are refused for a machine without an SSH endpoint, by its name', async () => {
    const bare = freshName('bare');
    await (await igor.as('alice')).post('/v1/machines', { machine: { name: bare } }).expect(201);
    const { body } = await bob.post('/v1/executions', { targets: [machine.name, bare], command: ['true'] }).expect(409);
    expect((body as { error: { message: string } }).error.message).to.contain(bare);
  });

  it('show their output to the project alone', async () => {
    const { id } = await execute(['echo', 'for alpha']);
    await (await igor.as('mallory')).get(`/v1/executions/${id}`).expect(404);
    await (await igor.as('carol')).get(`/v1/executions/${id}`).expect(403);
    await (await igor.as('erin')).get(`/v1/executions/${id}`).expect(200);
  });

  it('are each journalled, with the command in full', async () => {
    await execute(['echo', 'journalled']);
    const { body } = await (
      await igor.as('erin')
    )
      .get(`/v1/audit-records?machine=${machine.id}&operation=execution.run`)
      .expect(200);
    const [outcome, intent] = (
      body as {
        audit_records: { kind: string; outcome: string; input: { command: string[] }; user: { name: string } }[];
      }
    ).audit_records;
    expect(outcome).to.include({ kind: 'outcome', outcome: 'done' });
    expect(intent?.input.command).to.deep.equal(['echo', 'journalled']);
    expect(intent?.user.name).to.equal('bob');
  });
});
