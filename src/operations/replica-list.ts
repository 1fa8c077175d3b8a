import { z } from 'zod';
import { operation } from '../core/operation.ts';
import { replicaStates } from '../ports/replicas.ts';

const replica = z
  .object({
    id: z.uuid(),
    version: z.string(),
    address: z.string().nullable().describe('Where it listens; null: it does not yet'),
    state: z
      .enum(replicaStates)
      .describe('draining: it is about to stop, and takes nothing on; dead: it has not been heard of for four seconds'),
    started_at: z.iso.datetime(),
    heartbeat_at: z.iso.datetime().nullable().describe('When it was last heard of; null: it is known to have ended'),
    leases: z.int().describe('Controllers that it holds'),
    sessions: z.int().describe('Logins that it has at controllers'),
    running: z.int().describe('Changes and commands that it is at'),
  })
  .meta({ id: 'Replica' });

export const replicaList = operation({
  on: 'service',
  name: 'replica.list',
  summary: 'List the replicas of Igor: those that live, and those that ended without a farewell in the last day',
  method: 'get',
  path: '/replicas',
  permission: 'oob:replica:list',
  effect: 'read',
  uses: ['replicas'],
  input: z.strictObject({}),
  output: z.object({ replicas: z.array(replica) }),

  async run({ replicas }) {
    const all = await replicas.list();
    return {
      replicas: all.map(({ id, version, address, state, startedAt, heartbeatAt, leases, sessions, running }) => ({
        id,
        version,
        address,
        state,
        started_at: startedAt.toISOString(),
        heartbeat_at: heartbeatAt?.toISOString() ?? null,
        leases,
        sessions,
        running,
      })),
    };
  },
});
