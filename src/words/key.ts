import { existsSync } from 'node:fs';
import { addKey, loadKeyring, makeKeyring } from '../adapters/keyring.ts';
import { hearCanary, reseal, sealedByKey } from '../adapters/postgres/canary.ts';
import { signedByKey } from '../adapters/postgres/audit-marks.ts';
import { migrate } from '../adapters/postgres/source.ts';
import { sqlOf, type Sql } from '../adapters/postgres/sql.ts';
import type { Config } from '../config.ts';
import { keyringPath, openDatabase } from '../database.ts';
import { complain, configured, orComplain, say } from './say.ts';
import { silent } from './silent.ts';

const usage = `usage: igor key new|rotate|status

  new     make the keyring, or add a key to it that seals from then on (then restart every replica)
  rotate  seal every stored credential anew under the newest key
  status  which keys there are, how many values each seals, and how many batches of the journal it has signed`;

export const keyWord = async (args: readonly string[]): Promise<number> => {
  const [word, ...rest] = args;
  if (rest.length > 0 || !isWord(word)) {
    complain(usage);
    return 2;
  }
  const config = configured({ cloud: false });
  return config === null ? 2 : orComplain(async () => words[word](config));
};

const isWord = (word: string | undefined): word is keyof typeof words =>
  word !== undefined && Object.hasOwn(words, word);

const words = {
  async new({ settings }: Config): Promise<void> {
    const path = keyringPath(settings);
    if (existsSync(path)) await addKey(path);
    else await makeKeyring(path);
    say(`${path}: key ${(await loadKeyring(path)).activeId} seals from now on`);
  },
  async rotate(config: Config): Promise<void> {
    const keyring = await loadKeyring(keyringPath(config.settings));
    await withDatabase(config, async (sql) => {
      await hearCanary(sql, keyring);
      say(`sealed ${await reseal(sql, keyring)} values anew under key ${keyring.activeId}`);
    });
  },
  async status(config: Config): Promise<void> {
    const keyring = await loadKeyring(keyringPath(config.settings));
    await withDatabase(config, async (sql) => {
      const counts = await sealedByKey(sql, keyring);
      const signed = await signedByKey(sql);
      for (const id of new Set([...keyring.ids, ...counts.keys(), ...signed.keys()])) {
        const batches = signed.get(id) ?? 0;
        const notes = [
          batches > 0 ? `${batches} batches of the journal` : '',
          id === keyring.activeId ? 'active' : '',
          keyring.has(id) ? '' : 'NOT IN THE KEYRING',
        ].filter((note) => note !== '');
        say(`${id}  ${counts.get(id) ?? 0} values  ${notes.join(', ')}`.trimEnd());
      }
    });
  },
};

const withDatabase = async ({ settings }: Config, work: (sql: Sql) => Promise<void>): Promise<void> => {
  const { database, close } = await openDatabase(settings, silent);
  try {
    await migrate(database);
    await work(sqlOf(database));
  } finally {
    await close();
  }
};
