import { migrate } from '../adapters/postgres/source.ts';
import { openDatabase } from '../database.ts';
import { configured, orComplain, say, takesNothing } from './say.ts';
import { silent } from './silent.ts';

/** Applies the migrations that are missing, and says which. */
export const migrateWord = async (args: readonly string[]): Promise<number> => {
  if (!takesNothing('migrate', args)) return 2;
  const config = configured({ cloud: false });
  if (config === null) return 2;
  return orComplain(async () => {
    const { database, close } = await openDatabase(config.settings, silent);
    try {
      const applied = await migrate(database);
      say(applied.length === 0 ? 'the schema is current' : applied.map((name) => `applied ${name}`).join('\n'));
    } finally {
      await close();
    }
  });
};
