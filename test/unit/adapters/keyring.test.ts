import { chmod, chown, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { addKey, loadKeyring, makeKeyring, type SealContext } from '../../../src/adapters/keyring.ts';
import { faultOf } from '../../support/fault-of.ts';

const context: SealContext = { table: 'controllers', row: 'row-1', column: 'password' };

/** 32 bytes 0, 1, 2, … */
const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
/** Made with Python's cryptography 48 from that key, nonce `defghijklmno`, `pässword`, and the context above. */
const vector = 'igor1:k-1:ZGVmZ2hpamtsbW5v:VJMKUVNbyIL9yFtM-rbZAA:ONh6FQqeOexa';
const known = { active: 'k-1', keys: [{ id: 'k-1', key, created_at: '2026-11-20T10:00:00Z' }] };

describe('the keyring', () => {
  let directory = '';
  let path = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'igor-keyring-'));
    path = join(directory, 'keyring.json');
  });
  afterEach(async () => rm(directory, { recursive: true }));

  const write = async (content: unknown, mode = 0o600): Promise<void> => {
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode });
    await chmod(path, mode);
  };
  const made = async (): ReturnType<typeof loadKeyring> => {
    await makeKeyring(path);
    return loadKeyring(path);
  };

  describe('seals', () => {
    it('opens a value that another implementation sealed by the same rules', async () => {
      await write(known);
      expect((await loadKeyring(path)).open(vector, context).toString()).to.equal('pässword');
    });

    it('opens what it sealed, text and bytes', async () => {
      const keyring = await made();
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' }), (bytes, text) => {
          expect(keyring.open(keyring.seal(Buffer.from(bytes), context), context)).to.deep.equal(Buffer.from(bytes));
          expect(keyring.open(keyring.seal(text, context), context)).to.deep.equal(Buffer.from(text));
        }),
      );
    });

    it('writes version, key, nonce, tag and data, and never the same twice', async () => {
      const keyring = await made();
      const sealed = keyring.seal('calvin', context);
      expect(sealed).to.match(/^igor1:k-[0-9a-f]{12}:[\w-]{16}:[\w-]{22}:[\w-]{8}$/);
      expect(keyring.seal('calvin', context)).to.not.equal(sealed);
      expect(keyring.keyOf(sealed)).to.equal(keyring.activeId);
      expect(keyring.has(keyring.activeId)).to.equal(true);
      expect(keyring.has('k-none')).to.equal(false);
    });

    const places: readonly SealContext[] = [
      { ...context, row: 'row-2' },
      { ...context, table: 'machines' },
      { ...context, column: 'username' },
      { table: 'controllersr', row: 'ow-1', column: 'password' },
      { table: 'controllers', row: 'row-1password', column: '' },
    ];
    it('opens nowhere but in its place', async () => {
      const keyring = await made();
      const sealed = keyring.seal('calvin', context);
      for (const place of places) {
        expect(() => keyring.open(sealed, place), JSON.stringify(place)).to.throw(
          /^internal: the value in .* does not open with key/,
        );
      }
    });

    it('opens with no character changed, and tells no secret', async () => {
      await write(known);
      const keyring = await loadKeyring(path);
      for (let at = 0; at < vector.length; at += 1) {
        const changed = vector.slice(0, at) + (vector[at] === 'A' ? 'B' : 'A') + vector.slice(at + 1);
        let said = '';
        try {
          keyring.open(changed, context);
        } catch (thrown) {
          said = String(thrown);
        }
        expect(said, `character ${at}`).to.match(/does not open|no sealed value|has no key/);
        expect(said).to.not.contain('pässword').and.not.contain(key);
      }
    });

    it('refuses what is no sealed value', async () => {
      const keyring = await made();
      for (const text of [
        '',
        'calvin',
        'igor1::::',
        'igor2' + vector.slice(5),
        `${vector}:`,
        `${vector}\n`,
        vector.slice(0, -1) + '=',
      ]) {
        expect(() => keyring.open(text, context), text).to.throw('this is no sealed value');
        expect(() => keyring.keyOf(text), text).to.throw('this is no sealed value');
      }
      expect(() => keyring.open(vector, context)).to.throw('the keyring has no key "k-1"');
    });
  });

  describe('file', () => {
    it('is made for its owner alone, with one key, and nothing is left beside it', async () => {
      const umask = process.umask(0);
      await makeKeyring(path).finally(() => process.umask(umask));
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      expect(await readdir(directory)).to.deep.equal(['keyring.json']);
      const { active, keys } = JSON.parse(await readFile(path, 'utf8')) as typeof known;
      expect(keys).to.have.lengthOf(1);
      expect(Buffer.from(keys[0]?.key ?? '', 'base64')).to.have.lengthOf(32);
      expect(active).to.equal(keys[0]?.id);
    });

    it('is never overwritten by a new one', async () => {
      await write(known);
      expect((await faultOf(makeKeyring(path))).code).to.equal('conflict');
      expect((await loadKeyring(path)).activeId).to.equal('k-1');
      await rm(path);
      await symlink('nowhere', path);
      expect((await faultOf(makeKeyring(path))).code).to.equal('conflict');
      expect(await readdir(directory)).to.deep.equal(['keyring.json']);
    });

    it('gets a further key, which seals from then on, while the old one still opens', async () => {
      const before = await made();
      const sealed = before.seal('calvin', context);
      const id = await addKey(path);
      const after = await loadKeyring(path);
      expect(after.activeId).to.equal(id).and.not.equal(before.activeId);
      expect(after.open(sealed, context).toString()).to.equal('calvin');
      expect(after.keyOf(after.seal('calvin', context))).to.equal(id);
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      expect(await readdir(directory)).to.deep.equal(['keyring.json']);
    });

    it('stays its owner’s when a key is added, also by root', async () => {
      await makeKeyring(path);
      if (process.getuid?.() === 0) await chown(path, 65_534, 65_534);
      const { uid, gid } = await stat(path);
      await addKey(path);
      expect(await stat(path)).to.include({ uid, gid });
    });

    it('loses no key when several are added at once', async () => {
      await makeKeyring(path);
      const ends = await Promise.allSettled(Array.from({ length: 8 }, async () => addKey(path)));
      const keyring = await loadKeyring(path);
      const added = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      expect(added).to.not.have.lengthOf(0);
      for (const id of added) expect(keyring.has(id), id).to.equal(true);
      expect(await readdir(directory)).to.deep.equal(['keyring.json']);
    });

    it('is not touched while another change of it is under way', async () => {
      await write(known);
      await writeFile(`${path}.new`, '');
      const fault = await faultOf(addKey(path));
      expect(fault.code).to.equal('conflict');
      expect(fault.detail).to.equal(`${path} is being changed; if by nobody, remove ${path}.new`);
      expect((await loadKeyring(path)).activeId).to.equal('k-1');
    });

    it('is refused when others may read it', async () => {
      for (const mode of [0o640, 0o604, 0o620, 0o601]) {
        await write(known, mode);
        expect((await faultOf(loadKeyring(path))).detail).to.equal(
          `keyring ${path}: is open to others (mode 0${mode.toString(8)}): chmod 600 it`,
        );
      }
      await write(known, 0o400);
      expect((await loadKeyring(path)).activeId).to.equal('k-1');
    });

    const [one] = known.keys;
    const short = 'AAECAwQFBgcICQoLDA0ODw==';
    const refusals: readonly (readonly [content: unknown, problem: string])[] = [
      [{ ...known, keys: [{ ...one, key: short }] }, 'keys.0.key must be 32 bytes in base64'],
      [{ ...known, keys: [{ ...one, key: `${key.slice(0, -2)}9=` }] }, 'keys.0.key must be 32 bytes in base64'],
      [{ ...known, keys: [one, one] }, 'two keys have the same id'],
      [{ ...known, active: 'k-2' }, 'the active key is not among the keys'],
      [
        { ...known, keys: [one, { ...one, id: 'k:1' }] },
        'keys.1.id must be an id of letters, digits, "_", "." and "-"',
      ],
      [JSON.stringify(known).slice(0, 60), 'is not JSON'],
      [key, 'is not JSON'],
    ];
    for (const [content, problem] of refusals) {
      it(`is refused, and its keys are not told, when ${problem}`, async () => {
        await write(content);
        const { detail, cause } = await faultOf(loadKeyring(path));
        expect(detail).to.equal(`keyring ${path}: ${problem}`);
        expect(cause).to.equal(undefined);
      });
    }

    it('is refused when it is missing or no file', async () => {
      expect((await faultOf(loadKeyring(path))).detail).to.equal(`keyring ${path}: cannot be read: ENOENT`);
      await rm(directory, { recursive: true });
      directory = await mkdtemp(join(tmpdir(), 'igor-keyring-'));
      expect((await faultOf(loadKeyring(directory))).detail).to.equal(`keyring ${directory}: is not a file`);
    });
  });
});
