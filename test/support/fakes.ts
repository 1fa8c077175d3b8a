import type { Identity } from '../../src/domain/caller.ts';
import type { Grant } from '../../src/domain/grant.ts';
import type { Log, Reach } from '../../src/ports/services.ts';

/** Bob, member of alpha, unless said otherwise. */
export const identityWith = (changes: Partial<Identity> = {}): Identity => ({
  userId: 'u1',
  userName: 'bob',
  userDomainId: 'default',
  projectId: 'p1',
  projectName: 'alpha',
  projectDomainId: 'default',
  domainId: null,
  systemScope: null,
  roles: ['member'],
  expiresAt: new Date(Date.now() + 60_000),
  accessRules: null,
  delegation: null,
  federation: null,
  person: null,
  ...changes,
});

/** Power on machine m1 of project `owner`, for user u1, in 2026, unless said otherwise. */
export const grantWith = (changes: Partial<Grant> = {}): Grant => ({
  id: 'grant-1',
  kind: 'grant',
  projectId: 'owner',
  machineId: 'm1',
  tags: [],
  permissions: ['oob:machine:list', 'oob:machine:get', 'oob:power:set'],
  grantee: { kind: 'user', id: 'u1' },
  from: new Date('2026-01-01T00:00:00Z'),
  until: new Date('2027-01-01T00:00:00Z'),
  timeZone: 'UTC',
  hours: [],
  reason: 'a test',
  grantedBy: { id: 'u9', name: 'alice' },
  approveBy: null,
  minutes: null,
  approvedBy: null,
  revokedAt: null,
  revision: 1,
  createdAt: new Date('2026-01-01T00:00:00Z'),
  ...changes,
});

export const anywhere: Reach = { resolve: async (host) => [host] };

export const quiet: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => quiet };

function ignore(): void {
  // a log nobody reads
}
