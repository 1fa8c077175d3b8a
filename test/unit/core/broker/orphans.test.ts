import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { left, orphanage } from '../../../../src/core/broker/orphans.ts';
import type { Leased } from '../../../../src/core/execute.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import type { ControllerSession, SessionTable } from '../../../../src/domain/controller-session.ts';
import type { Orphan } from '../../../../src/ports/broker.ts';
import { quiet } from '../../../support/fakes.ts';

const session = (handle: number, more: Partial<ControllerSession> = {}): ControllerSession => ({
  handle,
  userId: 2,
  userName: 'igor',
  privilege: 'administrator',
  address: '192.0.2.1',
  port: 40_000 + handle,
  ...more,
});

const table = (sessions: readonly ControllerSession[], current: number | null = 1): SessionTable => ({
  slots: 4,
  current,
  sessions,
});

const orphan = (id: string, more: Partial<Orphan> = {}): Orphan => ({
  id,
  controllerId: `c-${id}`,
  openedAt: new Date(),
  goneMs: 0,
  tries: 0,
  handle: 2,
  process: null,
  ...more,
});

describe('what a replica that is gone has left', () => {
  const none = new Set<number>();

  it('is the session of that handle, of our account and from our address', () => {
    const all = table([session(1), session(2), session(3)]);
    expect(left(all, 'igor', [{ handle: 2 }], none)).to.deep.equal([2]);
  });

  it('is never another’s, though it has the handle now', () => {
    for (const other of [{ userName: 'admin' }, { address: '192.0.2.9' }])
      expect(left(table([session(1), session(2, other)]), 'igor', [{ handle: 2 }], none)).to.deep.equal([]);
  });

  it('is never a session that is in use, nor the one that asks', () => {
    expect(left(table([session(1), session(2)]), 'igor', [{ handle: 2 }], new Set([2]))).to.deep.equal([]);
    expect(left(table([session(1)]), 'igor', [{ handle: 1 }], none)).to.deep.equal([]);
  });

  it('is found without a handle, for it may have died before it was told one', () => {
    const all = table([session(1), session(2), session(3, { userName: 'admin' }), session(4)]);
    expect(left(all, 'igor', [{ handle: null }], new Set([4]))).to.deep.equal([2]);
    // Without a session to compare with, nobody knows what is ours.
    expect(left({ ...all, current: null }, 'igor', [{ handle: null }], none)).to.deep.equal([]);
  });

  const swept = (rows: Orphan[], close: (handle: number) => Promise<void>, alive = new Set<number>()) => {
    const done = {
      ended: [] as string[],
      postponed: [] as string[],
      dropped: [] as string[],
      killed: [] as number[],
      closed: [] as number[],
    };
    let atOnce = 0;
    let most = 0;
    const place = orphanage({
      keeper: {
        account: async () => ({ username: 'igor', address: '192.0.2.5' }),
        drop: async (id) => void done.dropped.push(id),
        async lease(wish) {
          atOnce += 1;
          most = Math.max(most, atOnce);
          await sleep(1);
          const sessions = {
            list: async () => ({ value: table([session(1), session(2)]), observedAt: new Date() }),
            async close(handle: number) {
              await close(handle);
              done.closed.push(handle);
            },
          };
          return {
            device: { sessions } as Partial<Leased['device']> as Leased['device'], // as much as is used
            waited: false,
            signal: wish.signal,
            learn: async () => undefined,
            [Symbol.asyncDispose]: async () => void (atOnce -= 1),
          };
        },
      },
      journal: {
        orphans: async () => rows.splice(0),
        handles: async () => [1],
        postpone: async (id) => void done.postponed.push(id),
        end: async (id) => void done.ended.push(id),
      },
      processes: {
        isAlive: ({ pid }) => alive.has(pid),
        kill: ({ pid }) => {
          done.killed.push(pid);
          return alive.delete(pid);
        },
      },
      log: quiet,
    });
    place.start();
    return { done, place, most: () => most };
  };

  it('is closed and struck out, a thousand of them within seconds and so many at a time', async () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => orphan(String(i)));
    const { done, place, most } = swept(rows, async () => undefined);
    const started = performance.now();
    while (done.ended.length < 1_000) await sleep(10);
    expect(performance.now() - started).to.be.lessThan(5_000);
    expect(most()).to.be.at.most(32);
    expect(done.closed).to.have.length(1_000);
    await place.stop();
    // By which it was looked: that session is none to be left either.
    expect(done.dropped).to.have.length(1_000);
  });

  it('is given time to log out by itself while its process lives, which is then ended', async () => {
    const process = { pid: 77, startedAt: '1', realm: 'r' };
    const young = swept([orphan('a', { process, goneMs: 1_000 })], async () => undefined, new Set([77]));
    await sleep(30);
    expect(young.done).to.deep.include({ postponed: ['a'], killed: [], ended: [] });
    await young.place.stop();
    const old = swept([orphan('a', { process, goneMs: 20_000 })], async () => undefined, new Set([77]));
    await sleep(30);
    expect(old.done).to.deep.include({ postponed: [], killed: [77], ended: ['a'], closed: [2] });
    await old.place.stop();
  });

  it('is tried again when the controller does not answer or refuses, and given up after an hour', async () => {
    const refuse = async (): Promise<void> => Promise.reject(new Fault('controller-refused', 'no'));
    const young = swept([orphan('a', { goneMs: 3_500_000 })], refuse);
    await sleep(30);
    expect(young.done).to.deep.include({ postponed: ['a'], ended: [] });
    await young.place.stop();
    const old = swept([orphan('a', { goneMs: 3_600_001 })], refuse);
    await sleep(30);
    expect(old.done).to.deep.include({ postponed: [], ended: ['a'] });
    await old.place.stop();
  });

  it('is given up at once by who cannot list sessions, and done with where the session has gone meanwhile', async () => {
    for (const code of ['controller-unsupported', 'not-found'] as const) {
      const { done, place } = swept([orphan('a')], async () => Promise.reject(new Fault(code)));
      await sleep(30);
      expect(done).to.deep.include({ postponed: [], ended: ['a'] });
      await place.stop();
    }
  });
});
