import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { realmHere, startOf } from './processes.ts';

/** A process of this service on this host, recognisable after its death. */
interface Incarnation {
  readonly replicaId: string;
  readonly pid: number;
  /** Clock ticks from boot to the process's start, against a reused pid. */
  readonly startedAt: string;
  /** Boot and pid namespace: elsewhere a pid says nothing. */
  readonly realm: string;
}

/**
 * Writes down who runs in this data directory, and tells who ran there before if that process is certainly dead: what it
 * held is then free at once, rather than after the silence that another host's replica needs.
 */
export const incarnate = (dataDir: string): { readonly replicaId: string; readonly buried: string | null } => {
  const file = join(dataDir, 'replica.json');
  const before = read(file);
  const realm = realmHere();
  const now: Incarnation = { replicaId: randomUUID(), pid: process.pid, startedAt: startOf(process.pid) ?? '', realm };
  writeFileSync(`${file}.new`, JSON.stringify(now), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  const dead = before !== null && before.realm === realm && startOf(before.pid) !== before.startedAt;
  return { replicaId: now.replicaId, buried: dead ? before.replicaId : null };
};

const read = (file: string): Incarnation | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Incarnation; // written above; anything else fits no process
  } catch {
    return null;
  }
};
