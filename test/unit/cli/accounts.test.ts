import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, idOf, machine, refuse, requestId, startPeer, type Asked, type Peer } from './peer.ts';
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
    for (const name of ['bosl01', 'bosl02'])
      peer.answers.set(`POST ${path(name, '/accounts')}`, answer({ account: account(6, 'carol') }, 201));
    const words = ['accounts', '-h', 'osl0[1-2]', 'add', 'carol', '--privilege', 'operator', '--password-stdin'];
    const { code, out } = await alice.igor(words, typed('a-Secret 1\n'));
    expect(code).to.equal(0);
    expect(out).to.equal('osl01: account 6, carol\nosl02: account 6, carol\n');
    const body = { account: { name: 'carol', password: 'a-Secret 1', privilege: 'operator', enabled: true } };
    expect(asked('POST').map((one) => one.body)).to.deep.equal([body, body]);
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

  beforeEach(async () => {
    peer = await startPeer([]);
    for (let index = 1; index <= 20; index += 1) {
      const name = `osl${String(index).padStart(2, '0')}`;
      peer.machines.push(
        machine(name, { bindings: [{ controller_id: idOf(`b${name}`), roles: ['power'], selector: null }] }),
      );
      peer.answers.set(`POST ${path(`b${name}`, '/credential/rotations')}`, (one, response) => {
        setTimeout(() => void answer({ username: 'igor' })(one, response), 20);
      });
    }
    alice = await newUser(peer.url);
  });
  afterEach(async () => {
    await alice.leave();
    await peer.close();
  });

  it('rotates a fleet, a few at once, and tells of each; where one fails, the others go on and the code is 1', async () => {
    const broken = refuse(new Fault('outcome-unknown', 'both are on record'));
    peer.answers.set(`POST ${path('bosl07', '/credential/rotations')}`, broken);
    const { code, out, err } = await alice.igor(['bmc', 'rotate', '-h', 'osl[01-20]']);
    expect(code).to.equal(1);
    expect(out.trimEnd().split('\n')).to.have.length(19);
    expect(out).to.contain('osl20: igor has a new password\n');
    expect(err).to.equal(
      `osl07: It was sent, and no answer seen: both are on record (outcome-unknown, ${requestId})\n`,
    );
    expect(peer.asked.filter(({ method }) => method === 'POST')).to.have.length(20);
    expect(peer.most()).to.be.within(2, 16);
  });

  it('tells how far it is, to who looks on', async () => {
    const stderr = terminal();
    const { out } = await alice.igor(['bmc', '-h', 'osl[01-20]', 'rotate'], { stderr });
    expect(out.trimEnd().split('\n')).to.have.length(20);
    expect(stderr.text())
      .to.contain('7 of 20 …')
      .and.match(/\r\u001b\[K$/);
  });

  it('answers with one JSON document', async () => {
    const { out, err } = await alice.igor(['--json', 'bmc', 'rotate', '-h', 'osl0[1-2]']);
    expect(err).to.equal('');
    const { results } = JSON.parse(out) as { results: { name: string; result: object }[] };
    expect(results.map(({ name, result }) => [name, result])).to.deep.equal([
      ['osl01', { username: 'igor' }],
      ['osl02', { username: 'igor' }],
    ]);
  });
});
