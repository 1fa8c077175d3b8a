import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { addKey, loadKeyring, makeKeyring } from '../../src/adapters/keyring.ts';
import { journal } from '../../src/adapters/postgres/journal.ts';
import type { Finding } from '../../src/adapters/postgres/audit-verify.ts';
import { database } from '../support/database.ts';
import { ledgerAt, recordWith, type Ledger } from '../support/ledger.ts';
import { scratch } from '../support/parts.ts';
import { startPostgres15 } from '../support/postgres15.ts';

type Server = { url(): Promise<string>; stop(): Promise<void> };

const servers: Readonly<Record<string, () => Promise<Server>>> = {
  'the embedded PostgreSQL': async () => ({ url: database, stop: async () => undefined }),
  'PostgreSQL 15': async () => {
    const server = await startPostgres15();
    const url = async (): Promise<string> => {
      const name = `ledger_${randomUUID().slice(0, 8)}`;
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return server.url.replace(/\/postgres$/, `/${name}`);
    };
    return { url, stop: server.stop };
  },
};

/** Of a journal with three batches of ten rows and a number that no row has (15): what is done, and what is found. */
const tamperings: Readonly<Record<string, { readonly does: readonly string[]; readonly found: readonly string[] }>> = {
  'a name that was changed': {
    does: [`UPDATE journal SET user_name = 'mallory' WHERE seq = 12`],
    found: ['rows-changed 2'],
  },
  'a time that was moved by a microsecond': {
    does: [`UPDATE journal SET at = at + interval '1 microsecond' WHERE seq = 12`],
    found: ['rows-changed 2'],
  },
  'an input that was changed within': {
    does: [`UPDATE journal SET input = jsonb_set(input, '{of,a,1}', '"o"') WHERE seq = 12`],
    found: ['rows-changed 2'],
  },
  'a value where there was none': {
    does: [`UPDATE journal SET code = 'forbidden' WHERE seq = 12`],
    found: ['rows-changed 2'],
  },
  'a value that was taken away': {
    does: [`UPDATE journal SET address = NULL WHERE seq = 12`],
    found: ['rows-changed 2'],
  },
  'a text that moved from one column to its neighbour': {
    does: [`UPDATE journal SET detail = decided_by, decided_by = NULL WHERE seq = 12`],
    found: ['rows-changed 2'],
  },
  'a row that was removed': { does: ['DELETE FROM journal WHERE seq = 12'], found: ['rows-removed 2'] },
  'the first row, removed': { does: ['DELETE FROM journal WHERE seq = 1'], found: ['rows-removed 1'] },
  'a row that was put where no number had one': {
    does: [copyAs(15, 14)],
    found: ['rows-added 2'],
  },
  'a row that was put before all others': { does: [copyAs(-7, 14)], found: ['rows-added null'] },
  'one row removed and another put in its batch': {
    does: ['DELETE FROM journal WHERE seq = 12', copyAs(15, 14)],
    found: ['rows-changed 2'],
  },
  'two rows that changed places': {
    does: [
      'ALTER TABLE journal ALTER seq DROP IDENTITY',
      'UPDATE journal SET seq = 1000 WHERE seq = 12',
      'UPDATE journal SET seq = 12 WHERE seq = 25',
      'UPDATE journal SET seq = 25 WHERE seq = 1000',
    ],
    found: ['rows-changed 2', 'rows-changed 3'],
  },
  'the last rows, removed': { does: ['DELETE FROM journal WHERE seq > 29'], found: ['rows-removed 3'] },
  'a batch taken out of the middle, with its rows': {
    does: ['DELETE FROM journal WHERE seq BETWEEN 11 AND 21', 'DELETE FROM journal_chain WHERE batch = 2'],
    found: ['batches-missing 3'],
  },
  'a batch taken out, and the others numbered anew': {
    does: [
      'DELETE FROM journal WHERE seq BETWEEN 11 AND 21',
      'DELETE FROM journal_chain WHERE batch = 2',
      'UPDATE journal_chain SET batch = 2 WHERE batch = 3',
    ],
    found: ['batch-misplaced 2', 'batch-forged 2'],
  },
  'a batch that claims other rows': {
    does: ['DELETE FROM journal WHERE seq = 12', 'UPDATE journal_chain SET rows = 9 WHERE batch = 2'],
    found: ['batch-forged 2', 'rows-changed 2'],
  },
  'a head from elsewhere': {
    does: [`UPDATE journal_chain SET head = repeat('ab', 32) WHERE batch = 2`],
    found: ['batch-forged 2', 'batch-misplaced 3'],
  },
  'a forged record of removal': {
    does: [
      `INSERT INTO journal_prunes SELECT 1, to_seq, 10, head, key_id, at, repeat('ab', 32) FROM journal_chain WHERE batch = 1`,
      'DELETE FROM journal WHERE seq <= 10',
    ],
    found: ['prune-forged null', 'rows-removed 1'],
  },
};

/** A row like another, under a number of its own. */
function copyAs(seq: number, like: number): string {
  return `INSERT INTO journal (seq, act_id, kind, operation, effect, permission, request_id, user_id, user_name, roles,
      target_kind, addresses, input, replica_id) OVERRIDING SYSTEM VALUE
    SELECT ${seq}, gen_random_uuid(), kind, operation, effect, permission, request_id, user_id, user_name, roles,
      target_kind, addresses, input, replica_id FROM journal WHERE seq = ${like}`;
}

const told = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ kind, batch }) => `${kind} ${batch ?? 'null'}`);

for (const [name, start] of Object.entries(servers)) {
  describe(`the chain of the journal, in ${name}`, () => {
    let server: Server;
    let ledger: Ledger;
    before(async () => (server = await start()));
    after(async () => server.stop());
    beforeEach(async () => (ledger = await ledgerAt(await server.url())));
    afterEach(async () => ledger.close());

    /** Three batches of ten rows, the last of which ends with number 31: no row has the 15. */
    const threeBatches = async (): Promise<string> => {
      await ledger.write(10);
      await ledger.chained();
      await ledger.write(4);
      await ledger.sql.rows(`SELECT nextval(pg_get_serial_sequence('journal', 'seq'))`);
      await ledger.write(6);
      await ledger.chained();
      await ledger.write(10);
      return ledger.chained();
    };

    it('is whole while nobody has touched the journal, and counts what is not chained yet', async () => {
      const head = await threeBatches();
      await ledger.write(2);
      expect(await ledger.verify(head)).to.deep.include({
        faults: 0,
        findings: [],
        batches: 3,
        rows: 30,
        head,
        lastSequence: '31',
        unchained: 2,
      });
    });

    it('takes in what was written before there was a chain', async () => {
      await ledger.write(25);
      expect(await ledger.verify(await ledger.chained())).to.include({ faults: 0, batches: 1, rows: 25, unchained: 0 });
    });

    for (const [what, { does, found }] of Object.entries(tamperings)) {
      it(`shows ${what}`, async () => {
        const head = await threeBatches();
        await ledger.tamper(...does);
        const verdict = await ledger.verify();
        expect(told(verdict.findings)).to.deep.equal(found);
        expect(verdict.faults).to.equal(found.length);
        expect(head).to.match(/^[0-9a-f]{64}$/);
      });
    }

    it('shows that its end was cut off together with the rows, to who knows a head of it', async () => {
      await ledger.write(10);
      const early = await ledger.chained();
      await ledger.write(10);
      const late = await ledger.chained();
      await ledger.tamper('DELETE FROM journal WHERE seq > 10', 'DELETE FROM journal_chain WHERE batch > 1');
      expect(told((await ledger.verify(late)).findings)).to.deep.equal(['head-unknown null']);
      expect((await ledger.verify(early)).faults, 'with a head from before').to.equal(0);
      expect((await ledger.verify()).faults, 'with none').to.equal(0);
      // Nor does it help that what was cut off is replaced.
      await ledger.write(10);
      const other = await ledger.another();
      const round = await other.chain.extend();
      await other.close();
      if (round.state !== 'extended') throw new Error(JSON.stringify(round));
      expect(told((await ledger.verify(late)).findings)).to.deep.equal(['head-unknown null']);
      // The last head is then one that fits: all of them are needed.
      const { head: last } = round.head;
      expect((await ledger.verify(last)).faults, 'with the last').to.equal(0);
      const [found, ...others] = (await ledger.verify([early, late, last])).findings;
      expect(found?.detail).to.contain('1 of the heads').and.to.contain(late);
      expect(others).to.deep.equal([]);
    });

    it('is not extended by who knows it longer, nor by anybody when its last head is not ours', async () => {
      await threeBatches();
      await ledger.write(1);
      await ledger.tamper('DELETE FROM journal_chain WHERE batch = 3');
      expect(await ledger.chain.extend()).to.deep.equal({ state: 'broken', detail: 'batch 3 is gone, or another' });
      await ledger.tamper('UPDATE journal_chain SET rows = 9 WHERE batch = 2');
      const other = await ledger.another();
      expect(await other.chain.extend()).to.deep.equal({ state: 'broken', detail: 'batch 2 is not what was chained' });
      await other.close();
    });

    it('is the same wherever the database and its times stand', async () => {
      const head = await threeBatches();
      const database = new URL(ledger.url).pathname.slice(1);
      await ledger.tamper(
        `ALTER DATABASE ${database} SET TimeZone = 'Asia/Kolkata'`,
        `ALTER DATABASE ${database} SET DateStyle = 'German'`,
      );
      const other = await ledger.another();
      const [shown] = await other.sql.rows<{ zone: string }>(`SELECT current_setting('TimeZone') AS zone`);
      expect(shown?.zone).to.equal('Asia/Kolkata');
      await ledger.write(1);
      expect((await other.chain.extend()).state).to.equal('extended');
      await other.close();
      expect((await ledger.verify(head)).faults).to.equal(0);
    });

    it('still fits when a later release has added columns, and covers what is put into them', async () => {
      const head = await threeBatches();
      await ledger.tamper('ALTER TABLE journal ADD COLUMN later text');
      expect((await ledger.verify(head)).faults).to.equal(0);
      await ledger.tamper(`UPDATE journal SET later = 'x' WHERE seq = 12`);
      expect(told((await ledger.verify(head)).findings)).to.deep.equal(['rows-changed 2']);
    });

    it('waits for a row that has its number and is not committed; nobody waits for the chain', async () => {
      await ledger.write(1);
      const late = new pg.Client({ connectionString: ledger.url });
      await late.connect();
      await late.query('BEGIN');
      await late.query(copyAs(2, 1).replace('seq, act_id', 'act_id').replace('SELECT 2, ', 'SELECT '));
      await late.query(`SELECT 1`);
      await ledger.write(1);
      const round = ledger.chain.extend();
      const started = performance.now();
      await ledger.write(20);
      const wroteMs = performance.now() - started;
      expect(await Promise.race([round.then(() => 'chained'), sleep(0, 'waits')])).to.equal('waits');
      expect((await round).state).to.equal('held');
      expect(wroteMs).to.be.lessThan(1_000);
      await late.query('COMMIT');
      await late.end();
      expect(await ledger.verify(await ledger.chained())).to.include({ faults: 0, batches: 1, rows: 23, unchained: 0 });
    });

    it('is one, however many replicas make it, and has every row that they wrote meanwhile', async () => {
      const others = await Promise.all([ledger.another(), ledger.another()]);
      const writers = [ledger, ...others].map(({ sql }) => journal(sql, randomUUID()));
      let writing = true;
      const chaining = [ledger, ...others].map(async ({ chain }) => {
        const states = new Set<string>();
        while (writing) states.add((await chain.extend()).state);
        return states;
      });
      await Promise.all(
        writers.map(async (writer) => {
          for (let index = 0; index < 100; index += 1) await writer.append(recordWith());
        }),
      );
      writing = false;
      const states = new Set((await Promise.all(chaining)).flatMap((seen) => [...seen]));
      expect([...states])
        .to.include('extended')
        .and.not.to.include('broken');
      const head = await ledger.chained();
      await Promise.all(others.map(async (other) => other.close()));
      const verdict = await ledger.verify(head === '' ? [] : head);
      expect(verdict).to.include({ faults: 0, rows: 300, unchained: 0 });
      expect(verdict.batches).to.be.greaterThan(1);
    });

    it('has no hole when who makes it is killed in the midst', async () => {
      await ledger.write(5);
      const blocker = new pg.Client({ connectionString: ledger.url });
      await blocker.connect();
      await blocker.query('BEGIN; LOCK TABLE journal_chain IN SHARE MODE');
      const round = ledger.chain.extend().then(
        () => 'ended',
        () => 'killed',
      );
      for (let killed = 0; killed === 0;) {
        await sleep(20);
        const { rows } = await blocker.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'journal_chain'::regclass AND NOT granted`,
        );
        killed = rows.length;
      }
      expect(await round).to.equal('killed');
      await blocker.query('COMMIT');
      await blocker.end();
      await ledger.write(5);
      expect(await ledger.verify(await ledger.chained())).to.include({ faults: 0, batches: 1, rows: 10 });
    });

    it('goes on under another key, and needs the older ones to be proven', async () => {
      await ledger.write(3);
      await ledger.chained();
      await addKey(ledger.keyringPath);
      const both = await loadKeyring(ledger.keyringPath);
      const other = await ledger.another(both);
      await ledger.write(3);
      const round = await other.chain.extend();
      await other.close();
      expect(round).to.have.nested.property('head.keyId', both.activeId);
      expect((await ledger.verify([], both)).faults).to.equal(0);
      expect(told((await ledger.verify()).findings)).to.deep.equal(['key-missing 2']);
    });

    it('is forged by nobody with a keyring of his own', async () => {
      const path = `${await scratch('forger')}/keyring.json`;
      await makeKeyring(path);
      const forger = await loadKeyring(path);
      await threeBatches();
      await ledger.tamper('DELETE FROM journal_chain', `UPDATE journal SET user_name = 'mallory' WHERE seq = 12`);
      const other = await ledger.another(forger);
      expect((await other.chain.extend()).state).to.equal('extended');
      await other.close();
      expect(told((await ledger.verify()).findings)).to.deep.equal(['key-missing 1']);
    });
  });

  describe(`removal from the journal, in ${name}`, () => {
    let server: Server;
    let ledger: Ledger;
    before(async () => (server = await start()));
    after(async () => server.stop());
    beforeEach(async () => (ledger = await ledgerAt(await server.url())));
    afterEach(async () => ledger.close());

    const two = async (): Promise<string> => {
      await ledger.write(10);
      await ledger.chained();
      await ledger.write(10);
      return ledger.chained();
    };

    it('takes whole batches that are old enough, and leaves the rest provable', async () => {
      const head = await two();
      await ledger.write(5);
      expect(await ledger.chain.prune(1)).to.deep.equal({ state: 'idle' });
      expect(await ledger.chain.prune(0)).to.deep.equal({
        state: 'pruned',
        throughBatch: '2',
        throughSequence: '20',
        rows: 20,
      });
      expect(await ledger.chain.prune(0)).to.deep.equal({ state: 'idle' });
      expect(await ledger.verify(head)).to.include({ faults: 0, rows: 0, prunedBatches: '2', unchained: 5 });
      const later = await ledger.chained();
      expect(await ledger.verify(later)).to.include({ faults: 0, batches: 3, rows: 5, prunedBatches: '2' });
      expect((await ledger.chain.prune(0)).state).to.equal('pruned');
      expect(await ledger.verify(later)).to.include({ faults: 0, rows: 0, prunedBatches: '3' });
    });

    it('leaves what does not fit its batch: it is the evidence', async () => {
      await two();
      await ledger.tamper(`UPDATE journal SET user_name = 'mallory' WHERE seq = 12`);
      expect(await ledger.chain.prune(0)).to.deep.equal({
        state: 'broken',
        detail: 'batch 2 is not what was chained',
      });
      expect(await ledger.sql.rows('SELECT 1 FROM journal')).to.have.length(20);
    });

    it('cannot be claimed for more than was removed, nor taken back', async () => {
      await ledger.write(5);
      await ledger.chained();
      await ledger.chain.prune(0);
      await two();
      await ledger.tamper(
        'UPDATE journal_prunes SET (through_batch, through_seq, head) = (SELECT batch, to_seq, head FROM journal_chain WHERE batch = 2)',
        'DELETE FROM journal WHERE seq <= 15',
      );
      expect(told((await ledger.verify()).findings)).to.deep.equal([
        'prune-forged null',
        'rows-removed 1',
        'rows-removed 2',
      ]);
      await ledger.tamper('DELETE FROM journal_prunes');
      expect(told((await ledger.verify()).findings)).to.deep.equal(['rows-removed 1', 'rows-removed 2']);
    });

    it('shows a row that is put back into what was removed', async () => {
      await two();
      await ledger.chain.prune(0);
      await ledger.write(1);
      await ledger.tamper(copyAs(4, 21));
      expect(told((await ledger.verify()).findings)).to.deep.equal(['rows-added null']);
      // The next removal takes what it may, and not the evidence.
      await ledger.chained();
      expect((await ledger.chain.prune(0)).state).to.equal('pruned');
      expect(told((await ledger.verify()).findings)).to.deep.equal(['rows-added null']);
    });

    it('is the only way past the triggers', async () => {
      await two();
      const refusal = async (statement: string): Promise<string> =>
        ledger.sql
          .transaction(async (tx) => {
            await tx.rows(`SELECT set_config('igor.pruning', 'on', true)`);
            await tx.rows(statement);
          })
          .then(
            () => 'done',
            (error: unknown) => (error instanceof Error ? error.message : ''),
          );
      const append = /is append-only$/;
      expect(await refusal(`UPDATE journal SET user_name = 'mallory'`)).to.match(append);
      expect(await refusal('TRUNCATE journal')).to.match(append);
      for (const table of ['journal_chain', 'journal_prunes']) {
        expect(await refusal(`DELETE FROM ${table}`)).to.match(append);
        expect(await refusal(`UPDATE ${table} SET key_id = 'x'`)).to.match(append);
        expect(await refusal(`TRUNCATE ${table}`)).to.match(append);
      }
      const plain = await ledger.sql.rows('DELETE FROM journal').then(
        () => 'done',
        (error: unknown) => (error instanceof Error ? error.message : ''),
      );
      expect(plain).to.match(append);
    });
  });
}

describe('a hundred thousand rows', () => {
  it('are chained and verified within seconds', async function () {
    this.timeout(180_000);
    const ledger = await ledgerAt(await database());
    await ledger.write(1);
    await ledger.sql.rows(
      `INSERT INTO journal (act_id, kind, operation, effect, permission, request_id, user_id, user_name, project_id, project_name,
         roles, target_kind, target_id, target_name, target_project_id, addresses, input, outcome, replica_id, address, decided_by, method, route)
       SELECT gen_random_uuid(), kind, operation, effect, permission, request_id, user_id, user_name, project_id, project_name,
         roles, target_kind, target_id, target_name, target_project_id, addresses, input, outcome, replica_id, address, decided_by, method, route
       FROM journal, generate_series(2, 100000)`,
    );
    const started = performance.now();
    const head = await ledger.chained();
    const chained = performance.now();
    expect(await ledger.verify(head)).to.include({ faults: 0, rows: 100_000, batches: 100 });
    const seconds = (performance.now() - chained) / 1000;
    console.log(
      `      100 000 rows: chained in ${((chained - started) / 1000).toFixed(1)} s, verified in ${seconds.toFixed(1)} s`,
    );
    await ledger.close();
    expect(seconds).to.be.lessThan(60);
  });
});
