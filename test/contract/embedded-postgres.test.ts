import { once } from 'node:events';
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { findPackage } from '../../src/adapters/embedded-postgres/binaries.ts';
import { embeddedRig, eventually, query, workingIn } from '../support/embedded-postgres.ts';
import { faultOf } from '../support/fault-of.ts';

const isRoot = process.getuid?.() === 0;

describe('the embedded PostgreSQL', function () {
  this.timeout(60_000);
  const rig = embeddedRig();

  it('makes the database at the first start, and finds it at the second', async () => {
    const first = await rig.start();
    await query(first.connection, "create table machines as select 'osl01' as name");
    await first.stop();
    const second = await rig.start();
    expect(await query(second.connection, 'select name from machines')).to.deep.equal(['osl01']);
    expect(rig.events).to.deep.equal(['postgres.started', 'postgres.stopped', 'postgres.started']);
  });

  it('is durable, and reached by no network', async () => {
    const { connection } = await rig.start();
    const settings = [
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'listen_addresses',
      'server_encoding',
      'data_checksums',
    ];
    const values = await query(
      connection,
      settings.map((name) => `select current_setting('${name}')`).join(' union all '),
    );
    expect(values).to.deep.equal(['on', 'on', 'on', '', 'UTF8', 'on']);
  });

  it('lets only its own user in by the socket, which stop removes', async () => {
    const server = await rig.start();
    const { host } = server.connection;
    const about = await stat(host);
    expect(about.mode & 0o777).to.equal(0o700);
    expect(about.uid).to.equal((await stat(join(rig.dataDir, 'postgres'))).uid);
    expect(Buffer.byteLength(join(host, '.s.PGSQL.5432'))).to.be.below(100);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(await stat(host).catch(() => null)).to.equal(null);
    expect(await workingIn(join(rig.dataDir, 'postgres'))).to.deep.equal([]);
  });

  it('runs unprivileged, in a session of its own, and with none of our environment', async () => {
    process.env['IGOR_TEST_SECRET'] = 'calvin';
    try {
      await rig.start();
      const pids = await workingIn(join(rig.dataDir, 'postgres'));
      expect(pids).to.not.have.lengthOf(0);
      for (const pid of pids) {
        const status = await readFile(`/proc/${pid}/status`, 'utf8');
        expect(status)
          .to.match(isRoot ? /^Uid:\t[1-9]\d*\t[1-9]\d*\t[1-9]\d*\t/m : /^Uid:/m)
          .and.match(/^CapEff:\t0+$/m);
        const session = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[3];
        expect(pids).to.include(Number(session));
        const environment = (await readFile(`/proc/${pid}/environ`, 'utf8'))
          .split('\0')
          .map((line) => line.split('=')[0]);
        expect(environment).to.not.include('IGOR_TEST_SECRET').and.not.include('HOME');
      }
    } finally {
      delete process.env['IGOR_TEST_SECRET'];
    }
  });

  it('refuses a second server on the same directory, and leaves the first alone', async () => {
    const { connection } = await rig.start();
    const fault = await faultOf(rig.start());
    expect(fault.code).to.equal('in-use');
    expect(fault.detail).to.equal(`another Igor runs with the data directory ${rig.dataDir}`);
    const held = await rig.hold();
    expect(await held.line()).to.equal(JSON.stringify({ refused: fault.message }));
    expect(await query(connection, 'select 1')).to.deep.equal([1]);
  });

  it('ends with a parent that is killed, loses nothing that was acknowledged, and starts again at once', async () => {
    const held = await rig.hold();
    const connection = await held.connection();
    await query(connection, 'create table marks (n int)');
    const client = new pg.Client(connection);
    client.on('error', () => undefined);
    await client.connect();
    let acknowledged = 0;
    const writing = (async () => {
      for (;;) {
        await client.query('insert into marks values ($1)', [acknowledged + 1]);
        acknowledged += 1;
      }
    })().catch(() => undefined);
    await eventually(async () => acknowledged > 20, 10_000);
    held.parent.kill('SIGKILL');

    const again = await rig.start();
    await writing;
    const [count = 0] = await query(again.connection, 'select count(*)::int from marks');
    expect(count).to.be.at.least(acknowledged);
  });

  it('leaves no process behind when its parent is killed', async () => {
    const held = await rig.hold();
    await held.connection();
    expect(await workingIn(join(rig.dataDir, 'postgres'))).to.not.have.lengthOf(0);
    held.parent.kill('SIGKILL');
    await eventually(async () => (await workingIn(join(rig.dataDir, 'postgres'))).length === 0, 2_000);
  });

  it('recovers when parent and server are killed together, and removes their socket', async () => {
    const held = await rig.hold();
    const connection = await held.connection();
    await query(connection, "create table machines as select 'osl01' as name");
    const [postmaster = ''] = (await readFile(join(rig.dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(postmaster), 'SIGKILL');
    held.parent.kill('SIGKILL');
    const again = await rig.start();
    expect(await query(again.connection, 'select name from machines')).to.deep.equal(['osl01']);
    expect(await stat(connection.host).catch(() => null)).to.equal(null);
  });

  it('starts the server again when that is killed, with all that was acknowledged', async () => {
    const { connection } = await rig.start();
    await query(connection, "create table machines as select 'osl01' as name");
    const [postmaster = ''] = (await readFile(join(rig.dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(postmaster), 'SIGKILL');
    await eventually(async () => rig.events.includes('postgres.restarted'), 15_000);
    expect(await query(connection, 'select name from machines')).to.deep.equal(['osl01']);
    expect(rig.events).to.deep.equal(['postgres.started', 'postgres.ended', 'postgres.restarted']);
  });

  it('begins anew after a first start that was killed half-way', async () => {
    const held = await rig.hold();
    // initdb writes this early on, so that a directory with it is not yet a whole one.
    await eventually(async () => {
      const [draft] = (await readdir(rig.dataDir).catch(() => [])).filter((name) => name.startsWith('postgres.new-'));
      return draft !== undefined && (await stat(join(rig.dataDir, draft, 'PG_VERSION')).then(Boolean, () => false));
    }, 10_000);
    held.parent.kill('SIGKILL');
    const { connection } = await rig.start();
    expect(await query(connection, 'select current_database()')).to.deep.equal(['igor']);
    expect((await readdir(rig.dataDir)).filter((name) => name.startsWith('postgres'))).to.deep.equal(['postgres']);
  });

  it('ends a start that is aborted, with nothing left running', async () => {
    const caller = new AbortController();
    const reason = new Error('gone');
    const going = rig.start({ signal: caller.signal }).catch((thrown: unknown) => thrown);
    await eventually(async () => (await readdir(rig.dataDir).catch(() => [])).length > 0, 10_000);
    caller.abort(reason);
    expect(await going).to.equal(reason);
    const { connection } = await rig.start();
    expect(await query(connection, 'select 1')).to.deep.equal([1]);
  });

  it('refuses the directory of another major version, with the commands that move it, and changes nothing', async () => {
    await (await rig.start()).stop();
    const versionFile = join(rig.dataDir, 'postgres', 'PG_VERSION');
    await writeFile(versionFile, '15\n');
    const { detail } = await faultOf(rig.start());
    expect(detail).to.contain(
      `${rig.dataDir}/postgres was written by PostgreSQL 15, and this Igor brings 18; nothing was changed`,
    );
    expect(detail).to.contain(
      `/usr/lib/postgresql/15/bin/pg_dumpall -h /tmp/igor-move -U igor -f /tmp/igor-move/igor.sql\n`,
    );
    expect(detail).to.contain(`mv ${rig.dataDir}/postgres-18 ${rig.dataDir}/postgres && rm -r /tmp/igor-move`);
    await writeFile(versionFile, '18\n');
    await rig.start();
  });

  it('refuses a directory that is none of PostgreSQL’s', async () => {
    await mkdir(join(rig.dataDir, 'postgres'), { recursive: true });
    expect((await faultOf(rig.start())).detail).to.equal(`${rig.dataDir}/postgres is no directory of PostgreSQL's`);
  });

  describe('with a package whose install script has not run', () => {
    let packageDir = '';
    beforeEach(async () => {
      packageDir = join(dirname(rig.dataDir), 'package');
      await cp(findPackage(), packageDir, { recursive: true, verbatimSymlinks: true });
      const lib = join(packageDir, 'native', 'lib');
      for (const entry of await readdir(lib, { withFileTypes: true })) {
        if (entry.isSymbolicLink()) await rm(join(lib, entry.name));
      }
    });

    it('makes the links that it lacks, as whoever runs it', async () => {
      const { connection } = await rig.start({ packageDir, sharedDirs: [`${packageDir}-copies`] });
      expect(await query(connection, 'select 1')).to.deep.equal([1]);
    });

    it('runs from a copy, as an ordinary user who may not write to the package', async () => {
      await chmod(join(packageDir, 'native', 'lib'), 0o555);
      await mkdir(rig.dataDir, { mode: 0o777 });
      await chmod(rig.dataDir, 0o777);
      const held = await rig.hold({ packageDir, asNobody: isRoot });
      const connection = await held.connection();
      // Root may enter; an ordinary user is the same one.
      expect(await query(connection, 'select 1')).to.deep.equal([1]);
      expect(await readdir(join(rig.dataDir, 'binaries'))).to.have.lengthOf(1);
      held.parent.kill('SIGTERM');
      await once(held.parent, 'exit');
      expect(await stat(connection.host).catch(() => null)).to.equal(null);
      await chmod(join(packageDir, 'native', 'lib'), 0o755);
    });
  });
});
