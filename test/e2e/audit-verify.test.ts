import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { enrol } from '../support/enrol.ts';
import { startIgor, testEnvironment, type TestIgor } from '../support/igor.ts';
import { runIgor } from '../support/process.ts';

interface Verdict {
  readonly whole: boolean;
  readonly head: string;
  readonly rows: number;
  readonly unchained: number;
  readonly known_heads: number;
  readonly findings: readonly { readonly kind: string; readonly batch: string | null; readonly detail: string }[];
}

describe('igor audit verify', () => {
  let igor: TestIgor;
  let env: Readonly<Record<string, string>>;
  before(async () => {
    igor = await startIgor({ IGOR_AUDIT_CHAIN_SECONDS: '1' });
    env = {
      DATABASE_URL: igor.databaseUrl,
      IGOR_DATA_DIR: igor.dataDir,
      IGOR_KEYRING_FILE: `${igor.dataDir}/keyring.json`,
    };
  });
  after(async () => igor.stop());

  /** Once everything up to now is chained: the last line that says so. */
  const published = async (): Promise<Record<string, unknown>> => {
    const client = new pg.Client({ connectionString: igor.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ seq: string }>('SELECT max(seq) AS seq FROM journal');
    await client.end();
    for (;;) {
      const line = igor.logged.findLast(({ msg }) => msg === 'audit.chained');
      if (line !== undefined && Number(line['to_sequence']) >= Number(rows[0]?.seq)) return line;
      await sleep(50);
    }
  };

  const verify = async (...args: readonly string[]): Promise<{ code: number | null; verdict: Verdict }> => {
    const { code, stdout } = await runIgor(['audit', 'verify', '--json', ...args], env);
    return { code, verdict: JSON.parse(stdout) as Verdict };
  };

  it('holds the journal to the head that the log has, while Igor runs', async () => {
    const machine = await enrol(igor, 'alpha');
    await (await igor.as('bob')).put(`/v1/machines/${machine.name}/power`, { target: 'on' }).expect(200);
    const { head, level } = await published();
    expect(level).to.equal(30);
    const { code, verdict } = await verify('--head', String(head));
    expect(verdict).to.deep.include({ whole: true, head, unchained: 0, findings: [] });
    expect(code).to.equal(0);
    const { stdout } = await runIgor(['audit', 'verify'], env);
    expect(stdout)
      .to.match(/^whole: \d+ rows in \d+ batches\n/)
      .and.contain('without --head it cannot be told');
  });

  it('holds it to every head of a log', async () => {
    const { head } = await published();
    const log = join(igor.dataDir, 'kept.log');
    const lines = igor.logged.map((line) => JSON.stringify(line));
    await writeFile(log, lines.join('\n'));
    const { code, verdict } = await verify('--log', log);
    expect(code).to.equal(0);
    expect(verdict.known_heads).to.be.greaterThan(0);
    await writeFile(log, [...lines, JSON.stringify({ head: 'ab'.repeat(32), msg: 'audit.chained' })].join('\n'));
    const missing = await verify('--log', log, '--head', String(head));
    expect(missing.verdict.findings.map(({ kind }) => kind)).to.deep.equal(['head-unknown']);
    expect(missing.verdict.findings[0]?.detail).to.contain('ab'.repeat(32));
    // A log without any would prove nothing, and is told from one.
    await writeFile(log, '{"msg":"request.ended"}\n');
    expect((await runIgor(['audit', 'verify', '--log', log], env)).code).to.equal(3);
  });

  it('is told by the metrics how far the journal is chained', async () => {
    await published();
    const text = await (await fetch(`${igor.metricsUrl}/metrics`)).text();
    const at = Number(/^igor_audit_head_timestamp_seconds (\S+)$/m.exec(text)?.[1]);
    expect(at).to.be.within(Date.now() / 1000 - 600, Date.now() / 1000 + 1);
    expect(text)
      .to.match(/^igor_audit_chain_broken 0$/m)
      .and.to.match(/^igor_audit_unchained_seconds /m);
  });

  it('says what it did not understand (2), and that it could not look (3)', async () => {
    for (const args of [[], ['--head'], ['--head', 'ab'], ['--haed', 'ab'], ['x']])
      expect((await runIgor(['audit', 'verify', ...args], env)).code, args.join(' ')).to.equal(
        args.length === 0 ? 0 : 2,
      );
    const { code, stderr } = await runIgor(['audit', 'verify'], {
      ...env,
      IGOR_KEYRING_FILE: `${igor.dataDir}/nothing.json`,
    });
    expect(code).to.equal(3);
    expect(stderr).to.contain('nothing.json');
  });

  it('is what removal needs: nothing is removed that is not chained', async () => {
    const settings = { IGOR_AUDIT_RETENTION_DAYS: '30', IGOR_AUDIT_CHAIN_SECONDS: '0' };
    const { code, stderr } = await runIgor(['config', 'check'], await testEnvironment(settings));
    expect(code).to.equal(2);
    expect(stderr).to.contain('IGOR_AUDIT_RETENTION_DAYS: only what is chained is removed');
  });

  it('finds what was changed and cut off, and Igor builds nothing on it', async () => {
    await (await igor.as('alice')).get('/v1/audit-records').expect(200);
    const { head, batch } = await published();
    expect(Number(batch)).to.be.greaterThan(1);
    const client = new pg.Client({ connectionString: igor.databaseUrl });
    await client.connect();
    await client.query(`SET session_replication_role = 'replica'`);
    await client.query(`UPDATE journal SET user_name = 'mallory' WHERE seq = 1`);
    const changed = await verify('--head', String(head));
    expect(changed.code).to.equal(1);
    expect(changed.verdict.findings).to.have.length(1);
    expect(changed.verdict.findings[0]).to.include({ kind: 'rows-changed', batch: '1' });

    await client.query('UPDATE journal_chain SET key_id = $1 WHERE batch = 1', ['\u001b[2J\u009b1Hwhole: all\nof it']);
    const { stdout, code } = await runIgor(['audit', 'verify'], env);
    expect(code).to.equal(1);
    expect(stdout, 'what moves the cursor').to.match(/key-missing: .*whole: all.of it/);
    expect(stdout.replaceAll('\n', '')).not.to.match(/\p{C}/u);
    await client.query(
      'UPDATE journal_chain SET key_id = (SELECT key_id FROM journal_chain WHERE batch = 2) WHERE batch = 1',
    );

    await client.query('DELETE FROM journal_chain WHERE batch = $1', [batch]);
    await client.end();
    const cut = await verify('--head', String(head));
    expect(cut.verdict.findings.map(({ kind }) => kind)).to.deep.equal(['rows-changed', 'head-unknown']);
    while (!igor.logged.some(({ msg }) => msg === 'audit.chain-broken')) await sleep(50);
    const text = await (await fetch(`${igor.metricsUrl}/metrics`)).text();
    expect(text).to.match(/^igor_audit_chain_broken 1$/m);
  });
});
