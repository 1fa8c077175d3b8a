import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { follower } from '../../../src/core/follow.ts';
import type { Mover } from '../../../src/core/mover.ts';
import type { Visits } from '../../../src/ports/controller.ts';
import type { Move, Moves } from '../../../src/ports/moves.ts';
import type { Journal, Log, NewRecord } from '../../../src/ports/services.ts';
import { identityWith, quiet } from '../../support/fakes.ts';

const moveOf = (since: Date): Move => ({
  id: 'move',
  controllerId: 'controller',
  projectId: 'alpha',
  caller: { identity: identityWith({}), groups: [], requestId: 'req-1', globalRequestId: null },
  actId: 'act',
  channel: 1,
  from: { address: '10.0.0.1', port: 623 },
  to: { address: '10.0.0.2', port: 623 },
  before: {},
  wanted: {},
  identity: 'guid/mac',
  refused: [],
  since,
});

describe('the follower of lost controllers', () => {
  const run = async (claim: Partial<Awaited<ReturnType<Moves['claim']>>[number]>, since = new Date()) => {
    const done: unknown[] = [];
    const logged: string[] = [];
    const rows: NewRecord[] = [];
    const claims = [{ ...moveOf(since), looks: 0, isSuperseded: false, ...claim }];
    const moves: Moves = {
      begin: async () => moveOf(since),
      end: async (_id, how) => done.push(['end', how]) > 99,
      leave: async (_id, afterMs) => void done.push(['leave', afterMs]),
      refuse: async () => undefined,
      claim: async () => claims.splice(0),
    };
    const mover = { find: async () => null } as unknown as Mover; // it is heard nowhere, so nothing is concluded
    const journal = { append: async (row: NewRecord) => void rows.push(row) } as unknown as Journal; // no more is asked of it
    const visits: Pick<Visits, 'alone'> = { alone: async (_id, _by, work) => work() };
    const log: Log = { ...quiet, warn: (_fields, event) => void logged.push(event) };
    const follow = follower({ mover, moves, visits, journal, log, giveUpMs: 3_600_000 });
    follow.start();
    while (done.length === 0) await sleep(5);
    await follow.stop();
    return { done, logged, rows };
  };

  it('looks ever more seldom, and never less than every ten minutes', async () => {
    const waits: unknown[] = [];
    for (const looks of [0, 1, 2, 5, 6, 50]) waits.push((await run({ looks })).done);
    expect(waits).to.deep.equal(
      [10_000, 20_000, 40_000, 320_000, 600_000, 600_000].map((afterMs) => [['leave', afterMs]]),
    );
  });

  it('gives up after the time that is set, and says so in the log and the journal', async () => {
    const { done, logged, rows } = await run({ looks: 9 }, new Date(Date.now() - 3_601_000));
    expect(done).to.deep.equal([['end', 'lost']]);
    expect(logged).to.deep.equal(['controller.lost']);
    expect(rows.map(({ kind, operation, targetProjectId }) => [kind, operation, targetProjectId])).to.deep.equal([
      ['intent', 'network.settle', 'alpha'],
      ['outcome', 'network.settle', 'alpha'],
    ]);
  });

  it('leaves alone what somebody has settled by hand', async () => {
    expect((await run({ isSuperseded: true })).done).to.deep.equal([['end', 'superseded']]);
  });
});
