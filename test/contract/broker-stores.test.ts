import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { loadKeyring, makeKeyring } from '../../src/adapters/keyring.ts';
import { conditions } from '../../src/adapters/postgres/conditions.ts';
import { controllers } from '../../src/adapters/postgres/controllers.ts';
import { leases } from '../../src/adapters/postgres/leases.ts';
import { observations } from '../../src/adapters/postgres/observations.ts';
import { sessionJournal } from '../../src/adapters/postgres/session-journal.ts';
import { migrate, source } from '../../src/adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../../src/adapters/postgres/sql.ts';
import { processes, realmHere, startOf } from '../../src/adapters/processes.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Controllers } from '../../src/ports/services.ts';
import { database } from '../support/database.ts';
import { scratch } from '../support/parts.ts';

describe('what the session broker keeps in PostgreSQL', () => {
  let connected: DataSource;
  let sql: Sql;
  let store: Controllers;
  before(async () => {
    connected = await source({ url: new Secret(await database()) }).initialize();
    await migrate(connected);
    sql = sqlOf(connected);
    const keyring = `${await scratch('keyring')}/keyring.json`;
    await makeKeyring(keyring);
    store = controllers(sql, await loadKeyring(keyring));
  });
  after(async () => connected.destroy());

  const controller = async (): Promise<string> => {
    const credential = { username: 'igor', password: new Secret('x') };
    const at = { projectId: null, driver: 'fake', address: randomUUID(), port: 1, options: {}, maxSessions: null };
    return (await store.create({ ...at, credential })).id;
  };
  const machine = async (controllerId: string, selector: string | null = null): Promise<string> => {
    const [{ id }] = (await sql.rows(
      `INSERT INTO machines (name, project_id, project_domain_id) VALUES ($1, 'p1', 'default') RETURNING id`,
      [`m-${randomUUID().slice(0, 8)}`],
    )) as [{ id: string }];
    await sql.rows('INSERT INTO observations (machine_id) VALUES ($1)', [id]);
    await sql.rows(`INSERT INTO bindings VALUES ($1, $2, 0, '{power}', $3)`, [id, controllerId, selector]);
    return id;
  };
  const known = async (id: string) => {
    const found = await store.endpoint(id);
    return found ?? expect.fail('it is gone');
  };
  const scope = { kind: 'all' } as unknown as Parameters<Controllers['get']>[1]; // of an admin

  describe('the standing of a controller', () => {
    const learnt = () => conditions(sql);

    it('is unknown at first, and nothing speaks against trying', async () => {
      const { standing } = await known(await controller());
      expect({ ...standing, lacks: standing.lacks.size }).to.deep.equal({
        health: 'unknown',
        failures: 0,
        retryMs: null,
        refused: null,
        seenAt: null,
        lacks: 0,
      });
    });

    it('tells for how long it is left alone, and since when it is how it is', async () => {
      const id = await controller();
      await learnt().unreachable(id, 1, 3, 40_000);
      const { standing } = await known(id);
      expect(standing).to.include({ health: 'unreachable', failures: 3 });
      expect(standing.retryMs).to.be.within(35_000, 40_000);
      const shown = await store.get(id, scope);
      expect(shown.retryAt?.getTime()).to.be.within(Date.now() + 30_000, Date.now() + 45_000);
      const { healthAt } = shown;
      await learnt().unreachable(id, 1, 4, 80_000);
      expect((await store.get(id, scope)).healthAt).to.deep.equal(healthAt);
      await learnt().healthy(id, 1, 'ok');
      expect((await known(id)).standing).to.include({ health: 'ok', failures: 0, retryMs: null });
      expect((await store.get(id, scope)).healthAt).not.to.deep.equal(healthAt);
    });

    it('is not changed by what was found with the data of before', async () => {
      const id = await controller();
      await store.update(id, { port: 2 }, null);
      await learnt().refused(id, 1);
      await learnt().unreachable(id, 1, 1, 10_000);
      await learnt().healthy(id, 1, 'slow');
      expect((await known(id)).standing).to.include({ health: 'unknown', failures: 0, refused: null });
    });

    it('begins anew with another address, options or account', async () => {
      const anew: readonly ((id: string) => Promise<unknown>)[] = [
        async (id) => store.update(id, { address: randomUUID() }, null),
        async (id) => store.update(id, { options: { a: 1 } }, null),
        async (id) => store.setCredential(id, { username: 'other', password: new Secret('y') }, null),
      ];
      for (const change of anew) {
        const id = await controller();
        await learnt().unreachable(id, 1, 3, 600_000);
        await learnt().refused(id, 1);
        await learnt().learn(id, 'power.set', 'no');
        await change(id);
        const { standing } = await known(id);
        expect(standing).to.include({ health: 'unknown', failures: 0, retryMs: null, refused: null });
        expect(standing.lacks.size).to.equal(0);
      }
      const id = await controller();
      await learnt().refused(id, 1);
      await store.update(id, { maxSessions: 1 }, null);
      const { standing, controller: shown } = await known(id);
      expect(standing.refused).not.to.be.null;
      expect(shown.maxSessions).to.equal(1);
      await store.update(id, { maxSessions: null }, null);
      expect((await known(id)).controller.maxSessions).to.be.null;
    });

    it('lets a refused account be offered again by a check, not before five minutes have passed', async () => {
      const id = await controller();
      await learnt().refused(id, 1);
      await learnt().healthy(id, 1, 'ok');
      await learnt().forgive(id);
      const refused = (await known(id)).standing.refused ?? expect.fail('forgiven at once');
      expect(refused.checkMs).to.be.within(280_000, 300_000);
      await sql.rows(`UPDATE controllers SET refused_at = now() - interval '301 s' WHERE id = $1`, [id]);
      await learnt().forgive(id);
      expect((await known(id)).standing.refused).to.be.null;
    });

    it('knows what a controller lacks for a day, or until a check', async () => {
      const id = await controller();
      await learnt().learn(id, 'power.set', 'it does not know this command');
      expect((await known(id)).standing.lacks.get('power.set')?.detail).to.equal('it does not know this command');
      await sql.rows(`UPDATE controller_lacks SET learnt_at = now() - interval '25 h' WHERE controller_id = $1`, [id]);
      expect((await known(id)).standing.lacks.size).to.equal(0);
      await learnt().learn(id, 'power.set', 'again');
      expect((await known(id)).standing.lacks.size).to.equal(1);
      await learnt().forgive(id);
      expect((await known(id)).standing.lacks.size).to.equal(0);
      await learnt().learn(randomUUID(), 'power.set', 'of a controller that is gone');
    });

    it('is counted by health', async () => {
      const id = await controller();
      await learnt().healthy(id, 1, 'slow');
      expect((await learnt().count()).get('slow')).to.be.at.least(1);
    });
  });

  describe('the looks that are due', () => {
    const mine = randomUUID();
    const seen = () => observations(sql, mine);
    const claim = async (of: 'alive' | 'dead' = 'alive', by = mine) =>
      (await observations(sql, by).claimDue(60_000, 100, of)).map(({ id }) => id);

    it('are claimed once, with the machines that a controller tells of', async () => {
      const id = await controller();
      const machines = [await machine(id), await machine(id)];
      await machine(id, 'blade 7');
      const claims = await Promise.all(Array.from({ length: 8 }, async () => seen().claimDue(60_000, 100, 'alive')));
      const found = claims.flat().filter((one) => one.id === id);
      expect(found).to.have.length(1);
      expect(found[0]?.machineIds).to.have.members(machines);
      expect(await claim()).not.to.include(id);
    });

    it('are none of a controller that another replica holds, refused us, or is left alone; the dead are apart', async () => {
      const [held, refused, dead, dying, idle] = [
        await controller(),
        await controller(),
        await controller(),
        await controller(),
        await controller(),
      ];
      for (const id of [held, refused, dead, dying]) await machine(id);
      const other = randomUUID();
      await leases(sql, other).acquire(held);
      await conditions(sql).refused(refused, 1);
      await conditions(sql).unreachable(dead, 1, 1, 600_000);
      await conditions(sql).unreachable(dying, 1, 1, 0);
      await sleep(5);
      const alive = await claim();
      for (const id of [held, refused, dead, dying, idle]) expect(alive).not.to.include(id);
      const gone = await claim('dead');
      expect(gone).to.include(dying).and.not.include(dead);
      expect(await claim('alive', other)).to.include(held);
    });

    it('are written together, each as it was then, and none from before a change', async () => {
      const id = await controller();
      const [one, two, three] = [await machine(id), await machine(id), await machine(id)];
      await seen().outdate(two, 'on');
      await seen().outdate(three, 'on');
      await sleep(30);
      await seen().power([
        { machineId: one, state: 'off', askedMs: 5_000, answeredMs: 4_000 },
        // Asked before the change was about to be sent.
        { machineId: two, state: 'off', askedMs: 10_000, answeredMs: 0 },
        { machineId: three, state: 'off', askedMs: 10, answeredMs: 5 },
        { machineId: three, state: 'on', askedMs: 5, answeredMs: 0 },
      ]);
      const rows = await sql.rows<{ machine_id: string; power_state: string; stale: boolean; age: number }>(
        `SELECT machine_id, power_state, stale, wanted, extract(epoch FROM clock_timestamp() - observed_at)::float8 AS age
         FROM observations WHERE machine_id = ANY($1::uuid[])`,
        [[one, two, three]],
      );
      const of = (machineId: string) => rows.find((row) => row.machine_id === machineId);
      expect(of(one)).to.include({ power_state: 'off', stale: false });
      expect(of(one)?.age).to.be.within(4, 6);
      expect(of(two)).to.include({ power_state: 'unknown', stale: true, wanted: 'on' });
      expect(of(three)).to.include({ power_state: 'on', stale: false, wanted: null });
      await seen().power([]);
    });
  });

  describe('the journal of sessions', () => {
    const host = (replicaId: string) => ({ replicaId, realm: realmHere(), startOf });
    const mark = { handle: 7, pid: process.pid };
    const begun = async (replicaId: string, controllerId: string): Promise<string> => {
      const id = randomUUID();
      await sessionJournal(sql, host(replicaId)).begin({ id, controllerId, purpose: 'reads', fence: 3n });
      return id;
    };
    const replica = async (ageSeconds: number): Promise<string> => {
      const id = randomUUID();
      await sql.rows(
        `INSERT INTO replicas (id, version, heartbeat_at) VALUES ($1, 'x', clock_timestamp() - $2 * interval '1 s')`,
        [id, ageSeconds],
      );
      return id;
    };

    it('shows what replicas that are gone have left, once to one, and nothing of those that live', async () => {
      const id = await controller();
      const [gone, silent, alive] = [randomUUID(), await replica(11), await replica(0)];
      const [left, quiet, used] = [await begun(gone, id), await begun(silent, id), await begun(alive, id)];
      const journal = sessionJournal(sql, host(randomUUID()));
      await sessionJournal(sql, host(gone)).opened(left, mark);
      const found = (await Promise.all([journal.orphans(10), journal.orphans(10)])).flat();
      expect(found.map((one) => one.id)).to.have.members([left, quiet]);
      const one = found.find((orphan) => orphan.id === left) ?? expect.fail('not found');
      expect(one).to.include({ controllerId: id, handle: 7, tries: 0 });
      expect(one.process).to.deep.equal({ pid: process.pid, startedAt: startOf(process.pid), realm: realmHere() });
      expect(await journal.orphans(10)).to.deep.equal([]);
      await journal.postpone(left, 0);
      await sleep(5);
      expect((await journal.orphans(10)).map((orphan) => [orphan.id, orphan.tries])).to.deep.equal([[left, 1]]);
      for (const ended of [left, quiet, used]) await journal.end(ended);
      expect(await sql.rows('SELECT 1 FROM controller_sessions WHERE controller_id = $1', [id])).to.deep.equal([]);
    });

    it('tells the handles of those that are in use, and goes with the controller', async () => {
      const id = await controller();
      const alive = await replica(0);
      const journal = sessionJournal(sql, host(alive));
      await journal.opened(await begun(alive, id), mark);
      await begun(alive, id);
      expect(await journal.handles(id)).to.deep.equal([7]);
      await store.delete(id, null);
      expect(await journal.handles(id)).to.deep.equal([]);
    });
  });

  it('ends a process of a dead Igor with its group, and no other that has its number', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 60 & wait'], { detached: true, stdio: 'ignore' });
    const pid = child.pid ?? expect.fail('not started');
    const ended = once(child, 'exit');
    const found = { pid, startedAt: startOf(pid) ?? '', realm: realmHere() };
    for (const other of [{ startedAt: '1' }, { realm: 'another boot' }]) {
      expect(processes.isAlive({ ...found, ...other })).to.be.false;
      expect(processes.kill({ ...found, ...other })).to.be.false;
    }
    expect(processes.isAlive(found)).to.be.true;
    expect(processes.kill(found)).to.be.true;
    expect(await ended).to.deep.equal([null, 'SIGKILL']);
    expect(processes.kill(found)).to.be.false;
  });
});
