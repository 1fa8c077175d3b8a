import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { embeddedRig, query, workingIn } from '../support/embedded-postgres.ts';
import { faultOf } from '../support/fault-of.ts';

const isRoot = process.getuid?.() === 0;

describe('the place of the embedded PostgreSQL', function () {
  this.timeout(60_000);
  const rig = embeddedRig();

  if (isRoot) {
    describe('below a directory that only root may enter', () => {
      let closed = '';
      beforeEach(async () => {
        closed = await mkdtemp(join(rig.scratch, 'closed-'));
        rig.dataDir = join(closed, 'data');
      });
      const placeOf = async (directory: string): Promise<string> => {
        const { place } = JSON.parse(await readFile(join(directory, 'postgres.json'), 'utf8')) as { place: string };
        expect(dirname(place)).to.equal(rig.shared);
        return place;
      };
      const age = async (place: string): Promise<void> => {
        const then = new Date(Date.now() - 3_600_000);
        const paths = [join(place, 'owner.json'), join(place, 'postgres', 'global', 'pg_control')];
        for (const path of paths) await utimes(path, then, then);
      };

      it('keeps the database elsewhere, and finds it again, also when the data directory is moved', async () => {
        const first = await rig.start();
        await query(first.connection, "create table machines as select 'osl01' as name");
        await first.stop();
        const place = await placeOf(rig.dataDir);
        const moved = join(closed, 'moved');
        await rename(rig.dataDir, moved);
        await age(place);
        const other = await rig.start({ dataDir: join(closed, 'other') });
        await other.stop();
        const second = await rig.start({ dataDir: moved });
        expect(await query(second.connection, 'select name from machines')).to.deep.equal(['osl01']);
        expect(await workingIn(join(place, 'postgres'))).to.not.have.lengthOf(0);
      });

      it('removes the database at a later start when the data directory is gone', async () => {
        const first = await rig.start();
        await first.stop();
        const place = await placeOf(rig.dataDir);
        await rm(rig.dataDir, { recursive: true });
        const other = join(closed, 'other');
        await (await rig.start({ dataDir: other })).stop();
        expect(await stat(place).catch(() => null)).to.equal(null);
        expect(rig.events).to.include('postgres.leftover-removed');
      });

      it('refuses a copy of a data directory, whose database is the original’s', async () => {
        await (await rig.start()).stop();
        const copy = join(closed, 'copy');
        await cp(rig.dataDir, copy, { recursive: true });
        const fault = await faultOf(rig.start({ dataDir: copy }));
        expect(fault.code).to.equal('conflict');
        expect(fault.detail).to.contain(`${copy} is a copy`).and.contain(`remove ${copy}/postgres.json to begin anew`);
        await rm(rig.dataDir, { recursive: true });
        await rig.start({ dataDir: copy });
      });

      it('says so when the database is gone', async () => {
        await (await rig.start()).stop();
        const place = await placeOf(rig.dataDir);
        await rm(place, { recursive: true });
        expect((await faultOf(rig.start())).detail).to.contain(`lay in ${place} and is gone`);
      });

      it('copies the programs once when several start at the same time', async () => {
        const fresh = join(rig.scratch, 'fresh');
        const dirs = ['one', 'two'].map((name) => join(closed, name));
        const servers = await Promise.all(
          dirs.map(async (directory) => rig.start({ dataDir: directory, sharedDirs: [fresh] })),
        );
        for (const { connection } of servers) expect(await query(connection, 'select 1')).to.deep.equal([1]);
        expect((await readdir(fresh)).filter((name) => !name.startsWith('data-'))).to.have.lengthOf(1);
      });

      it('uses the next shared directory when the first is closed too', async () => {
        const second = join(rig.scratch, 'second');
        await mkdir(join(closed, 'shared'));
        await rig.start({ sharedDirs: [join(closed, 'shared'), second] });
        expect((await readdir(second)).filter((name) => name.startsWith('data-'))).to.have.lengthOf(1);
      });
    });
  }
});
