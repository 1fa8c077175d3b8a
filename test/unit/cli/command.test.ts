import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { z } from 'zod';
import { flagsOf } from '../../../src/cli/flags.ts';
import { inputFrom } from '../../../src/cli/input.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { operations } from '../../../src/operations/index.ts';
import { answer, idOf, refuse, requestId, startPeer, type Peer } from './peer.ts';
import { keyboard, newUser, sink, type User } from './world.ts';

const enrol = ['api', 'machine', 'enrol'];
const credential = ['api', 'credential', 'set', 'c1', '--username', 'igor'];

describe('derived commands', () => {
  let peer: Peer;
  let alice: User;

  beforeEach(async () => {
    peer = await startPeer(['osl01']);
    alice = await newUser(peer.url);
    peer.answers.set('POST /v1/machines', answer({ machine: { id: idOf('new') } }, 201));
    peer.answers.set('PUT /v1/controllers/c1/credential', (_asked, response) => response.writeHead(204).end());
  });
  afterEach(async () => {
    await alice.leave();
    await peer.close();
  });

  const sent = (): readonly unknown[] => peer.asked.map(({ method, url, body }) => [`${method} ${url}`, body]);

  for (const { name, method, path } of operations) {
    it(`send ${name} where its declaration says`, async () => {
      const named = (path.match(/\{\w+\}/g) ?? []).map(() => 'x/../y z');
      await alice.igor(['api', ...name.split('.'), ...named]);

      const where = `/v1${path.replaceAll(/\{\w+\}/g, 'x%2F..%2Fy%20z')}`;
      expect(sent()).to.deep.equal([[`${method.toUpperCase()} ${where}`, null]]);
    });

    it(`explain ${name}`, async () => {
      const { code, out } = await alice.igor(['api', ...name.split('.'), '--help']);

      expect(code).to.equal(0);
      expect(out).to.contain(`igor api ${name.replace('.', ' ')}`);
    });
  }

  it('have no flag that means something else to every command', () => {
    const taken = ['os-cloud', 'endpoint', 'json', 'timeout', 'wait', 'help', 'version', 'body', 'hosts'];
    for (const { name, input } of operations) {
      const flags = flagsOf(input).map((flag) => flag.name);
      expect(new Set(flags).size, name).to.equal(flags.length);
      expect(
        flags.filter((flag) => taken.includes(flag) || flag.startsWith('no-')),
        name,
      ).to.deep.equal([]);
    }
  });

  it('take the scalars of an input as flags, by their types, and nested ones with dots', async () => {
    await alice.igor([
      ...enrol,
      ...['--machine.name', '12', '--machine.project-id', 'p1', '--no-machine.maintenance'],
      ...['--machine.tags', '["rack7"]', '--machine.ssh.port', '2222', '--machine.bmc.port', 'many'],
    ]);

    const machine = {
      name: '12',
      project_id: 'p1',
      maintenance: false,
      tags: ['rack7'],
      ssh: { port: 2222 },
      bmc: { port: 'many' },
    };
    expect(sent()).to.deep.equal([['POST /v1/machines', { machine }]]);
  });

  it('send what may be null as JSON', async () => {
    await alice.igor(['api', 'machine', 'update', 'osl01', '--machine.ssh', 'null', '--machine.maintenance']);

    expect(sent()).to.deep.equal([['PATCH /v1/machines/osl01', { machine: { ssh: null, maintenance: true } }]]);
  });

  it('send the flags of a read as its query', async () => {
    await alice.igor(['api', 'power', 'get', 'osl01', '--refresh', '--wait', '5']);
    await alice.igor(['api', 'audit', 'list', '--limit', '5', '--operation', 'power.set']);

    expect(peer.asked.map(({ url, prefer }) => [url, prefer])).to.deep.equal([
      ['/v1/machines/osl01/power?refresh=true', 'wait=5'],
      ['/v1/audit-records?limit=5&operation=power.set', undefined],
    ]);
  });

  it('leave it to the service whether a value fits', async () => {
    peer.answers.set('PUT /v1/machines/osl01/power', refuse(new Fault('invalid-input', 'target: Invalid option')));
    const { code, out, err } = await alice.igor(['api', 'power', 'set', 'osl01', '--target', 'sideways', '--json']);

    expect(sent()).to.deep.equal([['PUT /v1/machines/osl01/power', { target: 'sideways' }]]);
    expect(code).to.equal(1);
    expect(err).to.equal(`igor: The request does not fit: target: Invalid option (invalid-input, ${requestId})\n`);
    expect(JSON.parse(out)).to.have.nested.property('error.code', 'invalid-input');
  });

  it('lay flags over --body, which may be a file or standard input', async () => {
    const file = join(alice.home, 'machine.json');
    await writeFile(file, '{"machine": {"name": "a", "ssh": {"user": "igor"}}}');
    await alice.igor([...enrol, '--body', `@${file}`, '--machine.name', 'b']);
    await alice.igor([...enrol, '--body', '-'], { stdin: Readable.from(['{"machine": ', '{"name": "c"}}']) });

    expect(sent()).to.deep.equal([
      ['POST /v1/machines', { machine: { name: 'b', ssh: { user: 'igor' } } }],
      ['POST /v1/machines', { machine: { name: 'c' } }],
    ]);
  });

  it('answer with the JSON that came, and with nothing where nothing came', async () => {
    peer.answers.set('GET /v1/machines/osl01', answer({ machine: { name: 'osl01', extra: [1] } }));

    const shown = await alice.igor(['api', 'machine', 'get', 'osl01']);
    const file = join(alice.home, 'secret');
    await writeFile(file, 'hush\n');
    expect(JSON.parse(shown.out)).to.deep.equal({ machine: { name: 'osl01', extra: [1] } });
    expect(await alice.igor([...credential, '--password', `@${file}`])).to.deep.equal({ code: 0, out: '', err: '' });
  });

  it('take a secret from a file, from standard input or from the keyboard', async () => {
    const file = join(alice.home, 'secret');
    await writeFile(file, 'hu sh\n');
    await alice.igor([...credential, '--password', `@${file}`]);
    await alice.igor([...credential, '--password', '-'], { stdin: Readable.from(['pi', 'ped\n']) });
    const asked = await alice.igor([...credential, '--password', '-'], { stdin: keyboard('ty\u007fyped\n') });

    expect(peer.asked.map(({ body }) => (body as { password: string }).password)).to.deep.equal([
      'hu sh',
      'piped',
      'typed',
    ]);
    expect(asked).to.deep.equal({ code: 0, out: '', err: '--password: \n' });
  });

  const onCommandLine: readonly (readonly string[])[] = [
    [...credential, '--password', 'hush'],
    [...credential, '--body', '{"password": "hush"}'],
    [...enrol, '--machine.bmc.password', 'hush'],
    [...enrol, '--body', '{"machine": {"bmc": {"password": "hush"}}}'],
  ];
  for (const argv of onCommandLine) {
    it(`refuse a secret that stands on the command line: ${argv.slice(3).join(' ')}`, async () => {
      const { code, out, err } = await alice.igor(argv);

      expect(code).to.equal(2);
      expect(err).to.contain('secret').and.contain('@file');
      expect(out + err).not.to.contain('hush');
      expect(peer.asked).to.deep.equal([]);
    });
  }

  it('refuse a secret within the JSON of a part, too', async () => {
    const secret = z.string().meta({ secret: true });
    const flags = flagsOf(z.strictObject({ bmc: z.strictObject({ user: z.string(), password: secret }).nullable() }));
    const flag = flags.find(({ name }) => name === 'bmc');
    const world = { stdin: Readable.from([]), stderr: sink(), signal: new AbortController().signal };
    const inputOf = async (json: string): Promise<unknown> =>
      inputFrom(world, flags, flag === undefined ? [] : [{ flag, value: json }], undefined);

    expect(await inputOf('{"user": "igor"}')).to.deep.equal({ bmc: { user: 'igor' } });
    const refusal = await inputOf('{"password": "hush"}').catch((error: unknown) => error);
    expect(refusal).to.have.property('message').that.contains('--bmc: password is secret').and.not.contains('hush');
  });

  it('know every secret of every operation', () => {
    for (const { name, input } of operations) {
      const marks = JSON.stringify(z.toJSONSchema(input, { io: 'input' })).match(/"secret":true/g) ?? [];
      expect(
        flagsOf(input).filter(({ isSecret }) => isSecret),
        name,
      ).to.have.length(marks.length);
    }
  });

  const misused: readonly (readonly [argv: readonly string[], problem: string])[] = [
    [[...enrol, '--body', '{"a": hush}'], '--body: is not JSON'],
    [[...enrol, '--body', '[1]'], '--body: must be a JSON object'],
    [[...enrol, '--body', '@/no/such/file'], '--body: /no/such/file cannot be read'],
    [[...enrol, '--body', '-', '--machine.bmc.password', '-'], 'standard input can be read for one flag only'],
    [[...enrol, '--machine.tags', 'rack7'], '--machine.tags: is not JSON'],
    [['api', 'machine', 'get', '..'], 'machine: names nothing'],
    [['api', 'machine', 'get', ''], 'machine: names nothing'],
    [['api', 'machine', 'get'], "missing required argument 'machine'"],
    [['api', 'machine', 'get', 'a', 'b'], 'too many arguments'],
    [['api', 'power', 'set', 'osl01', '--traget', 'on'], "unknown option '--traget'"],
    [['power', '-h', 'osl01', 'sideways'], "'sideways' is invalid for argument 'action'"],
    [['power'], 'say which machines: -h, --tag or --filter'],
    [['power', '-h', 'osl01', '--timeout', '0'], '--timeout: must be at least 1'],
    [['power', '-h', 'osl01', '--timeout', 'soon'], '--timeout: must be a number of whole seconds'],
    [['nonsense'], "unknown command 'nonsense'"],
  ];
  for (const [argv, problem] of misused) {
    it(`end with 2 for ${argv.join(' ')}`, async () => {
      const { code, out, err } = await alice.igor(argv);

      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err)
        .to.match(/^igor: /)
        .and.contain(problem);
      expect(err).not.to.contain('hush');
      expect(peer.asked).to.deep.equal([]);
    });
  }

  it('stand beside the words of the service in the help', async () => {
    const { code, out } = await alice.igor(['--help']);

    expect(code).to.equal(0);
    for (const word of ['machines', 'power', 'exec', 'api', 'serve', 'migrate', 'register', 'config check', 'key'])
      expect(out).to.match(new RegExp(`^  ${word} .*\\w`, 'm'));
    expect((await alice.igor(['help', 'power'])).out)
      .to.contain('-h, --hosts <expression>')
      .and.contain('--json');
    expect((await alice.igor(['--version'])).out).to.equal('1.2.3\n');
    expect((await alice.igor([])).code).to.equal(2);
  });
});
