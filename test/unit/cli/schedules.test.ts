import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import { answer, idOf, refuse, startPeer, type Asked, type Peer } from './peer.ts';
import { newUser, type User } from './world.ts';

const run = (state: string, more: object = {}): object => ({
  ...{ id: idOf('run'), schedule_id: idOf('nightly'), at: '2026-11-19T19:00:00.000Z', state, requested_by: null },
  ...{ missed_since: null, operation_id: null, operation_state: null, fault: null, ended_at: null, links: [] },
  ...more,
});

const schedule = (more: object = {}): object => ({
  ...{
    id: idOf('nightly'),
    name: 'nightly-off',
    project_id: 'alpha',
    user_id: 'u1',
    user_name: 'bob',
    roles: ['member'],
  },
  ...{
    enabled: true,
    disabled_reason: null,
    at: null,
    cron: '0 20 * * 1-5',
    timezone: 'Europe/Berlin',
    missed: 'skip',
  },
  operation: {
    kind: 'power.set',
    targets: { range: '@lab' },
    parameters: { target: 'off' },
    strategy: { order: 'auto' },
    deadline_seconds: 3600,
  },
  ...{ agreed_targets: 3, failures: 0, next_run_at: '2026-11-23T19:00:00.000Z', last_run: null, ends_at: null },
  ...{ revision: 1, created_at: '2026-11-20T00:00:00Z', updated_at: '2026-11-20T00:00:00Z', links: [] },
  ...more,
});

describe('igor schedules', () => {
  let peer: Peer;
  let bob: User;
  beforeEach(async () => {
    peer = await startPeer([]);
    bob = await newUser(peer.url);
    bob.env['TZ'] = 'America/New_York';
  });
  afterEach(async () => {
    await bob.leave();
    await peer.close();
  });
  const asked = (method: string): readonly Asked[] => peer.asked.filter((one) => one.method === method);
  const answered = (stdin: string) => ({ stdin: Object.assign(Readable.from([stdin]), { isTTY: true }) });

  it('shows when each runs next, here and on its own clock', async () => {
    const last = run('started', { operation_id: idOf('op'), operation_state: 'partly' });
    const schedules = [schedule({ last_run: last }), schedule({ name: 'resting', enabled: false, next_run_at: null })];
    peer.answers.set('GET /v1/schedules', answer({ schedules, links: [] }));
    const { code, out } = await bob.igor(['schedules']);
    expect(code).to.equal(0);
    expect(out.split('\n')).to.deep.equal([
      'NAME         WHEN          NEXT HERE         NEXT THERE        ZONE           DOES                  TO    IN THE NAME OF  LAST',
      'nightly-off  0 20 * * 1-5  2026-11-23 14:00  2026-11-23 20:00  Europe/Berlin  power.set target=off  @lab  bob             partly',
      'resting      0 20 * * 1-5  disabled          -                 Europe/Berlin  power.set target=off  @lab  bob             -',
      '',
    ]);
    const { out: json } = await bob.igor(['--json', 'schedules', 'list']);
    expect(JSON.parse(json)).to.deep.equal({ schedules, links: [] });
  });

  it('tells of one why Igor has disabled it', async () => {
    const reason = '5 runs in a row failed: the trust does not hold';
    const fault = { code: 'trust-ended', detail: 'the trust does not hold' };
    const body = { enabled: false, disabled_reason: reason, next_run_at: null, last_run: run('failed', { fault }) };
    peer.answers.set('GET /v1/schedules/nightly-off', answer({ schedule: schedule(body) }));
    const { code, out } = await bob.igor(['schedules', 'show', 'nightly-off']);
    expect(code).to.equal(0);
    expect(out).to.include(`disabled    ${reason}`);
    expect(out).to.include('last run    2026-11-19 14:00: failed, the trust does not hold');
  });

  it('makes one of what was typed, and asks nobody where no plan is wanted', async () => {
    peer.answers.set('POST /v1/schedules', answer({ schedule: schedule() }, 201));
    const { code, out } = await bob.igor([
      ...['schedules', 'create', '--name', 'nightly-off', '--cron', '0 20 * * 1-5', '--timezone', 'Europe/Berlin'],
      ...['--missed', 'skip', '-h', '@lab', '--stagger', '2s', '--reason', 'at night', 'power.set', 'target=off'],
    ]);
    expect({ code, out }).to.deep.equal({
      code: 0,
      out: 'nightly-off: runs next at 2026-11-23 20:00 (Europe/Berlin)\n',
    });
    expect(asked('POST').map(({ body }) => body)).to.deep.equal([
      {
        schedule: {
          name: 'nightly-off',
          cron: '0 20 * * 1-5',
          timezone: 'Europe/Berlin',
          missed: 'skip',
          operation: {
            kind: 'power.set',
            parameters: { target: 'off' },
            targets: { range: '@lab' },
            strategy: { stagger_ms: 2000 },
            reason: 'at night',
          },
        },
      },
    ]);
  });

  it('takes tags and filters where it takes hosts, and in a change what is typed in place of all that was', async () => {
    peer.answers.set('POST /v1/schedules', answer({ schedule: schedule() }, 201));
    peer.answers.set('PATCH /v1/schedules/n', answer({ schedule: schedule() }));
    const narrowed = ['--tag', 'rack7', '--tag', 'lab', '--filter', 'power_state=on'];
    const create = ['schedules', 'create', '--name', 'n', '--cron', '@daily'];
    expect((await bob.igor([...create, ...narrowed, 'power.set', 'target=off'])).code).to.equal(0);
    expect((await bob.igor(['schedules', 'set', 'n', '--tag', 'rack8'])).code).to.equal(0);
    expect((await bob.igor([...create, 'power.set', 'target=off'])).code).to.equal(2);
    const targets = [...asked('POST'), ...asked('PATCH')].map(
      ({ body }) => (body as { schedule: { operation: { targets: object } } }).schedule.operation.targets,
    );
    expect(targets).to.deep.equal([
      { tags: ['rack7', 'lab'], filter: { power_state: ['on'] } },
      { ids: null, names: null, range: null, tags: ['rack8'], selector: null, filter: null },
    ]);
  });

  describe('where so many are changed only by a plan', () => {
    const hash = 'a'.repeat(64);
    beforeEach(() => {
      peer.answers.set('POST /v1/operations', answer({ plan: { hash, targets: 'osl[01-40]', total: 40 } }));
      peer.answers.set('POST /v1/schedules', (one, response) =>
        (one.body as { plan?: string }).plan === hash
          ? answer({ schedule: schedule() }, 201)(one, response)
          : refuse(new Fault('plan-required'))(one, response),
      );
    });
    const typed = ['schedules', 'create', '--name', 'n', '--cron', '@daily', '-h', '@lab', 'power.set', 'target=off'];

    it('shows it, and sends its hash once a person agrees', async () => {
      const { code, err } = await bob.igor(typed, answered('y\n'));
      expect(code).to.equal(0);
      expect(err).to.include('40 targets: osl[01-40]');
      expect(asked('POST').map(({ url }) => url)).to.deep.equal(['/v1/schedules', '/v1/operations', '/v1/schedules']);
    });

    it('makes nothing where he does not, nor where nobody can be asked', async () => {
      expect((await bob.igor(typed, answered('n\n'))).code).to.equal(1);
      expect((await bob.igor(typed)).code).to.equal(2);
      expect(asked('POST').filter(({ body }) => (body as { plan?: string }).plan !== undefined)).to.deep.equal([]);
    });

    it('asks nobody with --yes', async () => {
      expect((await bob.igor([...typed, '--yes'])).code).to.equal(0);
    });

    it('shows the plan of what a change would make of it', async () => {
      peer.answers.set('GET /v1/schedules/n', answer({ schedule: schedule() }));
      peer.answers.set('PATCH /v1/schedules/n', (one, response) =>
        (one.body as { plan?: string }).plan === hash
          ? answer({ schedule: schedule() })(one, response)
          : refuse(new Fault('plan-required'))(one, response),
      );
      expect((await bob.igor(['schedules', 'set', 'n', '-h', '@all', '--yes'])).code).to.equal(0);
      expect(asked('POST')[0]?.body).to.deep.include({
        dry_run: true,
        kind: 'power.set',
        targets: { range: '@all' },
        parameters: { target: 'off' },
      });
    });
  });

  it('changes what was typed, a time in place of the cron expression', async () => {
    peer.answers.set('PATCH /v1/schedules/n', answer({ schedule: schedule({ enabled: false }) }));
    const { code, out } = await bob.igor(['schedules', 'set', 'n', '--at', '2026-12-01T20:00', '--disable']);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'nightly-off: is disabled\n' });
    expect(asked('PATCH').map(({ body }) => body)).to.deep.equal([
      { schedule: { cron: null, at: '2026-12-01T20:00', enabled: false } },
    ]);
  });

  it('runs one now, and waits until its operation is there, or tells why it is not', async () => {
    const pending = run('pending');
    peer.answers.set('POST /v1/schedules/n/runs', answer({ run: pending }, 202));
    for (const [ended, code, said] of [
      [run('started', { operation_id: idOf('op') }), 0, `n: began operation ${idOf('op')}\n`],
      [
        run('failed', { fault: { code: 'trust-ended', detail: 'it was deleted' } }),
        1,
        'igor: n: failed: it was deleted\n',
      ],
    ] as const) {
      let looks = 0;
      peer.answers.set('GET /v1/schedules/n/runs', (one, response) =>
        answer({ runs: [(looks += 1) < 2 ? pending : ended], links: [] })(one, response),
      );
      const result = await bob.igor(['schedules', 'run', 'n']);
      expect(result.code).to.equal(code);
      expect(result.out + result.err).to.equal(said);
    }
  });

  it('shows how one ran', async () => {
    const runs = [
      run('skipped', { missed_since: '2026-11-18T19:00:00.000Z' }),
      run('started', { operation_id: idOf('op'), operation_state: 'succeeded', requested_by: 'u1' }),
    ];
    peer.answers.set('GET /v1/schedules/n/runs', answer({ runs, links: [] }));
    const { out } = await bob.igor(['schedules', 'runs', 'n']);
    expect(out.split('\n')).to.deep.equal([
      'AT                OUTCOME    OPERATION                             ASKED BY  WHY',
      '2026-11-19 14:00  skipped    -                                     -         missed since 2026-11-18 14:00',
      `2026-11-19 14:00  succeeded  ${idOf('op')}  u1`,
      '',
    ]);
  });

  it('deletes one', async () => {
    peer.answers.set('DELETE /v1/schedules/n', answer(null, 204));
    expect(await bob.igor(['schedules', 'delete', 'n'])).to.deep.equal({ code: 0, out: 'n: deleted\n', err: '' });
  });

  it('takes no secret, no two times, and nothing that the operation does not take', async () => {
    const create = ['schedules', 'create', '--name', 'n', '-h', 'osl01'];
    for (const [words, why] of [
      [[...create, '--cron', '@daily', 'password.set', 'password=x'], 'is secret'],
      [[...create, '--cron', '@daily', '--at', '2027-01-01', 'power.get'], 'exclude'],
      [[...create, '--cron', '@daily', 'power.set', 'speed=9'], 'power.set takes'],
      [[...create, '--cron', '@daily', 'power.set', 'on'], 'must be key=value'],
      [['schedules', 'set', 'n'], 'say what is to change'],
      [['schedules', 'set', 'n', '--enable', '--disable'], 'exclude'],
    ] as const) {
      const { code, err } = await bob.igor(words);
      expect(code).to.equal(2);
      expect(err).to.include(why);
    }
    expect(peer.asked).to.deep.equal([]);
  });
});
