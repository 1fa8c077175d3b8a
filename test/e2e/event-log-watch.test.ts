import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startIgor, type TestIgor } from '../support/igor.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';
import { simulated, stopSimulated, type Simulated } from '../support/simulated.ts';

interface Told {
  readonly type: string;
  readonly project_id: string;
  readonly data: {
    readonly entry?: { readonly id: string; readonly summary: string };
    readonly skipped?: number | null;
  };
}

describe('new entries of event logs', () => {
  let igor: TestIgor;
  let ledger: Ledger;
  let machine: Simulated;
  const settings = { IGOR_EVENT_LOG_SECONDS: '3600' };
  before(async () => {
    igor = await startIgor(settings);
    ledger = await ledgerAt(igor.databaseUrl);
    machine = await simulated(igor);
  });
  after(async () => {
    await ledger.close();
    await igor.stop();
    await stopSimulated();
  });

  const temperature = (reading: number): void => void machine.bmc.log.event([0x01, 0x30, 0x01, 0x57, reading, 0x50]);
  const markOf = async (): Promise<string | null> => {
    const [row] = await ledger.sql.rows<{ mark: string | null }>('SELECT mark FROM log_watches');
    return row?.mark ?? null;
  };
  /** Waits for a look that is due now, and for what it changes; what is told until then. */
  const look = async (changes = true): Promise<readonly Told[]> => {
    const before = await markOf();
    await ledger.sql.rows('UPDATE log_watches SET look_at = now()');
    for (let tries = 0; changes && (await markOf()) === before; tries += 1) {
      if (tries > 500) throw new Error('nobody looked');
      await sleep(20);
    }
    if (!changes) await sleep(2_500);
    return ledger.sql.rows<Told>(
      `SELECT type, project_id, data FROM events WHERE type LIKE 'igor.event-log.%' ORDER BY seq`,
    );
  };

  it('are not what was there before anybody watched, which is not even read', async () => {
    for (const reading of [1, 2, 3]) temperature(reading);
    expect(await look()).to.deep.equal([]);
    const [row] = await ledger.sql.rows<{ seen: unknown; entries: number }>('SELECT seen, entries FROM log_watches');
    expect(row?.seen).to.equal(null);
  });

  it('are told decoded, once each', async () => {
    temperature(0x60);
    temperature(0x61);
    const told = await look();
    expect(told.map(({ type }) => type)).to.deep.equal(['igor.event-log.added', 'igor.event-log.added']);
    expect(told[0]?.data.entry?.summary).to.be.a('string').and.not.equal('');
    expect(await look(false)).to.have.length(2);
  });

  it('are not told again after a restart, nor after a clear', async () => {
    await igor.stop();
    const { databaseUrl, dataDir } = igor;
    igor = await startIgor({ ...settings, DATABASE_URL: databaseUrl, IGOR_KEYRING_FILE: `${dataDir}/keyring.json` });
    temperature(0x62);
    expect(await look()).to.have.length(3);
    machine.bmc.log.clear();
    expect(await look()).to.have.length(3);
    temperature(0x63);
    expect(await look()).to.have.length(4);
  });
});
