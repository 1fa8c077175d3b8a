import { Readable } from 'node:stream';
import { expect } from 'chai';
import { answer, idOf, machine, startPeer, type Asked, type Peer } from './peer.ts';
import { withSets, type Sets } from './sets.ts';
import { keyboard, newUser, terminal, type User } from './world.ts';

const path = (controller: string, rest = ''): string => `/v1/controllers/${idOf(controller)}${rest}`;
const account = (id: number, name: string, more: object = {}): object => ({
  ...{ id, name, enabled: true, privilege: 'administrator', messaging: true, link: false },
  ...{ callback_only: false, fixed_name: false, own: false, links: [] },
  ...more,
});

/** Who answers the second question when it is asked. */
const typing = (first: string, second: string) => {
  const stdin = keyboard(first);
  const stderr = terminal();
  const seen = setInterval(() => {
    if (!stderr.text().includes('Once more')) return;
    clearInterval(seen);
    stdin.write(second);
  }, 5);
  return { stdin, stderr };
};

describe('commands on the accounts of controllers', () => {
  let peer: Peer;
  let alice: User;

  beforeEach(async () => {
    peer = await startPeer([]);
    for (const name of ['osl01', 'osl02', 'osl03'])
      peer.machines.push(
        machine(name, { bindings: [{ controller_id: idOf(`b${name}`), roles: ['power'], selector: null }] }),
      );
    alice = await newUser(peer.url);
  });
  afterEach(async () => {
    await alice.leave();
    await peer.close();
  });

  const asked = (method: string): readonly Asked[] => peer.asked.filter((one) => one.method === method);
  const typed = (text: string) => ({ stdin: Object.assign(Readable.from([text]), { isTTY: false }) });

  it('show a table, with the one that Igor uses marked', async () => {
    const accounts = [
      account(1, '', { enabled: null, messaging: false, privilege: 'none' }),
      account(2, 'igor', { own: true }),
      account(3, 'carol', { enabled: false, privilege: 'operator' }),
    ];
    peer.answers.set(`GET ${path('bosl01', '/accounts')}`, answer({ accounts, max: 15, free: 12 }));
    for (const words of [[], ['list']]) {
      const { code, out, err } = await alice.igor(['accounts', '-h', 'osl01', ...words]);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out.split('\n')).to.deep.equal([
        'HOST   ID  NAME        PRIVILEGE      STATE',
        'osl01  1   (nameless)  none           may not log in',
        "osl01  2   igor        administrator  enabled         Igor's own",
        'osl01  3   carol       operator       disabled',
        '',
      ]);
    }
  });

  it('add one on several controllers, with one password from standard input', async () => {
    const sets = withSets(peer, () => ({ result: { account: account(6, 'carol') } }));
    const words = ['accounts', '-h', 'osl0[1-2]', 'add', 'carol', '--privilege', 'operator', '--password-stdin'];
    const { code, out } = await alice.igor(words, typed('a-Secret 1\n'));
    expect(code).to.equal(0);
    expect(out).to.equal('osl0[1-2]: account 6, carol\n');
    const body = { account: { name: 'carol', password: 'a-Secret 1', privilege: 'operator', enabled: true } };
    expect(sets.made.map(({ kind, parameters }) => [kind, parameters])).to.deep.equal([['account.create', body]]);
  });

  it('ask for a password twice, without showing it', async () => {
    peer.answers.set(`PUT ${path('bosl01', '/accounts/carol/password')}`, answer(null, 204));
    const words = ['accounts', '-h', 'osl01', 'password', 'carol'];
    const right = typing('s3cret\r', 's3cret\r');
    const same = await alice.igor(words, right);
    expect(same).to.include({ code: 0, out: 'osl01: password set\n' });
    expect(same.out + right.stderr.text()).not.to.contain('s3cret');
    expect(asked('PUT').map((one) => one.body)).to.deep.equal([{ password: 's3cret' }]);

    const wrong = typing('s3cret\r', 'secret\r');
    expect((await alice.igor(words, wrong)).code).to.equal(2);
    expect(wrong.stderr.text()).to.contain('the two differ');
    expect(asked('PUT')).to.have.length(1);
  });

  it('take no password from the command line, and none where nobody can be asked', async () => {
    expect((await alice.igor(['accounts', '-h', 'osl01', 'password', 'carol', 's3cret'])).code).to.equal(2);
    const { code, err } = await alice.igor(['accounts', '-h', 'osl01', 'password', 'carol']);
    expect(code).to.equal(2);
    expect(err).to.contain('--password-stdin');
    expect(peer.asked).to.deep.equal([]);
  });

  it('send what is to change, and nothing else', async () => {
    peer.answers.set(
      `PATCH ${path('bosl01', '/accounts/3')}`,
      answer({ account: account(3, 'erin', { enabled: false }) }),
    );
    const words = ['accounts', '-h', 'osl01', 'set', '3', '--name', 'erin', '--disable', '--privilege', 'user'];
    const { out } = await alice.igor(words);
    expect(out).to.equal('osl01: 3, erin, administrator, disabled\n');
    expect(asked('PATCH').map((one) => one.body)).to.deep.equal([
      { account: { privilege: 'user', name: 'erin', enabled: false } },
    ]);
    for (const given of [[], ['--enable', '--disable'], ['--privilege', 'root']])
      expect((await alice.igor(['accounts', '-h', 'osl01', 'set', '3', ...given])).code).to.equal(2);
  });

  it('delete one by a name that a path would read otherwise', async () => {
    peer.answers.set(`DELETE ${path('bosl01', '/accounts/a%2Fb')}`, answer(null, 204));
    expect(await alice.igor(['accounts', '-h', 'osl01', 'delete', 'a/b'])).to.include({
      code: 0,
      out: 'osl01: deleted\n',
    });
  });
});

describe('igor bmc rotate', () => {
  let peer: Peer;
  let alice: User;
  let sets: Sets;

  const bound = (name: string, ...controllers: readonly string[]): Record<string, unknown> =>
    machine(name, {
      bindings: controllers.map((one) => ({ controller_id: idOf(one), roles: ['power'], selector: null })),
    });
  beforeEach(async () => {
    peer = await startPeer([]);
    for (let index = 1; index <= 20; index += 1) {
      const name = `osl${String(index).padStart(2, '0')}`;
      peer.machines.push(bound(name, `b${name}`));
      peer.answers.set(`POST ${path(`b${name}`, '/credential/rotations')}`, answer({ username: 'igor' }));
    }
    sets = withSets(peer, () => ({ kind: 'controller', result: { username: 'igor' } }));
    alice = await newUser(peer.url);
  });
  afterEach(async () => {
    await alice.leave();
    await peer.close();
  });
  const rotations = (): readonly string[] =>
    peer.asked.map(({ url }) => url).filter((url) => url.endsWith('/credential/rotations'));

  it('rotates a fleet by one operation, and tells of each', async () => {
    const fault = { code: 'controller-unreachable', detail: 'b07 is gone' };
    sets.fate = (name) =>
      name === 'osl07' ? { state: 'failed', fault } : { kind: 'controller', result: { username: 'igor' } };
    const { code, out, err } = await alice.igor(['bmc', 'rotate', '-h', 'osl[01-20]']);
    expect({ code, out }).to.deep.equal({ code: 1, out: 'osl[01-06,08-20]: igor has a new password\n' });
    expect(err.split('\n')).to.deep.equal([
      'osl07: The controller does not answer; nothing was changed: b07 is gone (controller-unreachable)',
      `igor: 1 of 20 failed; igor operations retry ${sets.id} asks for them again`,
      '',
    ]);
    expect(sets.made.map(({ kind, parameters }) => [kind, parameters])).to.deep.equal([['credential.rotate', {}]]);
    expect(rotations()).to.deep.equal([]);
  });

  it('asks one by one where a machine has several controllers, for a set reaches but one of each', async () => {
    peer.machines.push(bound('osl21', 'bosl21', 'psu21'));
    for (const name of ['bosl21', 'psu21'])
      peer.answers.set(`POST ${path(name, '/credential/rotations')}`, answer({ username: 'igor' }));
    const { code, out } = await alice.igor(['bmc', '-h', 'osl20,osl21', 'rotate']);
    expect({ code, out }).to.deep.equal({
      code: 0,
      out: 'osl20: igor has a new password\nosl21 (power): igor has a new password\nosl21 (power): igor has a new password\n',
    });
    expect(rotations()).to.have.length(3);
    expect(sets.made).to.deep.equal([]);
    const paced = await alice.igor(['bmc', '-h', 'osl20,osl21', 'rotate', '--stagger', '1s']);
    expect(paced).to.include({ code: 2 });
    expect(paced.err).to.contain('osl21 has several controllers');
    expect(sets.made).to.deep.equal([]);
  });

  it('answers with one JSON document', async () => {
    const { out, err } = await alice.igor(['--json', 'bmc', 'rotate', '-h', 'osl0[1-2]']);
    expect(err).to.equal('');
    const { targets } = JSON.parse(out) as { targets: { name: string; result: object }[] };
    expect(targets.map(({ name, result }) => [name, result])).to.deep.equal([
      ['osl01', { username: 'igor' }],
      ['osl02', { username: 'igor' }],
    ]);
  });
});
