import { told } from '../../domain/fault.ts';
import type { Shelves } from '../../ports/broker.ts';
import type { Log } from '../../ports/services.ts';
import type { Sql } from './sql.ts';

/** As large as a value may be; a larger one is not kept. */
const mostBytes = 1024 * 1024;
const mostKeyLength = 200;
/** Of one controller: the oldest give way. */
const mostKeys = 32;

export const shelves = (sql: Sql, log: Log): Shelves => ({
  of(controllerId) {
    const failed = (error: unknown): null => {
      log.warn({ controller: controllerId, ...told(error) }, 'shelf.failed');
      return null;
    };
    return {
      async get(key) {
        const rows = sql.rows<{ value: Buffer }>(
          'SELECT value FROM controller_shelf WHERE controller_id = $1 AND key = $2',
          [controllerId, key],
          'shelf-get',
        );
        return (await rows.catch(failed))?.[0]?.value ?? null;
      },
      async put(key, value) {
        if (value.length > mostBytes || key.length > mostKeyLength) {
          log.warn(
            { controller: controllerId, key: key.slice(0, mostKeyLength), bytes: value.length },
            'shelf.refused',
          );
          return;
        }
        const put = sql.rows(
          `WITH older AS (
             DELETE FROM controller_shelf s WHERE s.controller_id = $1 AND s.key <> $2 AND s.key IN (
               SELECT key FROM controller_shelf WHERE controller_id = $1 AND key <> $2 ORDER BY at DESC OFFSET $4))
           INSERT INTO controller_shelf (controller_id, key, value) VALUES ($1, $2, $3)
           ON CONFLICT (controller_id, key) DO UPDATE SET value = $3, at = clock_timestamp()`,
          [controllerId, key, value, mostKeys - 1],
          'shelf-put',
        );
        await put.catch(failed);
      },
    };
  },
});
