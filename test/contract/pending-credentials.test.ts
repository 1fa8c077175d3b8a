import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { addKey, loadKeyring } from '../../src/adapters/keyring.ts';
import { reseal, sealedByKey } from '../../src/adapters/postgres/canary.ts';
import { controllers } from '../../src/adapters/postgres/controllers.ts';
import { pendingCredentials } from '../../src/adapters/postgres/pending-credentials.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Controllers } from '../../src/ports/services.ts';
import type { PendingCredentials } from '../../src/ports/pending-credentials.ts';
import { database } from '../support/database.ts';
import { faultOf } from '../support/fault-of.ts';
import { ledgerAt, type Ledger } from '../support/ledger.ts';

const made = '0123456789abcdefghij';

describe('a password on its way, in PostgreSQL', () => {
  let ledger: Ledger;
  let pending: PendingCredentials;
  let stored: Controllers;
  let id: string;
  let port = 10_000;
  before(async () => {
    ledger = await ledgerAt(await database());
    pending = pendingCredentials(ledger.sql, ledger.keyring);
    stored = controllers(ledger.sql, ledger.keyring);
  });
  beforeEach(async () => {
    const created = await stored.create({
      ...{ projectId: null, driver: 'ipmi', address: '192.0.2.1', port: (port += 1), options: {}, maxSessions: null },
      credential: { username: 'igor', password: new Secret('before') },
    });
    id = created.id;
  });
  after(async () => ledger.close());

  const begin = async (): Promise<string> => {
    const actId = randomUUID();
    await pending.begin(id, { actId, username: 'igor', password: new Secret(made) });
    return actId;
  };
  const onRecord = async (): Promise<string | undefined> => (await stored.endpoint(id))?.credential.password.reveal();

  it('leaves the credential on record as it is until it is settled', async () => {
    const actId = await begin();
    expect(await onRecord()).to.equal('before');
    const found = await pending.get(id);
    expect(found?.password.reveal()).to.equal(made);
    expect(found).to.deep.include({ actId, username: 'igor', isShort: false, isOvertaken: false, refused: [] });
  });

  it('is one at a time, of a controller that there is', async () => {
    await begin();
    expect((await faultOf(begin())).code).to.equal('conflict');
    const nowhere = pending.begin(randomUUID(), { actId: randomUUID(), username: 'igor', password: new Secret(made) });
    expect((await faultOf(nowhere)).code).to.equal('not-found');
  });

  for (const [candidate, becomes, revisions] of [
    ['whole', made, 1],
    ['short', made.slice(0, 16), 1],
    ['current', 'before', 0],
  ] as const) {
    it(`is settled at once and for good when ${candidate} holds`, async () => {
      const actId = await begin();
      const before = (await stored.endpoint(id))?.controller.revision ?? 0;
      await pending.settle(id, actId, candidate);
      expect(await onRecord()).to.equal(becomes);
      expect(await pending.get(id)).to.equal(null);
      expect(((await stored.endpoint(id))?.controller.revision ?? 0) - before).to.equal(revisions);
    });
  }

  it('is left alone by an act that is not its own', async () => {
    await begin();
    const other = randomUUID();
    await pending.refuse(id, other, 'whole');
    await pending.shorten(id, other);
    await pending.settle(id, other, 'whole');
    expect(await onRecord()).to.equal('before');
    expect(await pending.get(id)).to.deep.include({ isShort: false, refused: [] });
  });

  it('remembers what was refused, each once, until that is forgiven', async () => {
    const actId = await begin();
    for (const candidate of ['whole', 'current', 'whole'] as const) await pending.refuse(id, actId, candidate);
    expect((await pending.get(id))?.refused).to.deep.equal(['whole', 'current']);
    await pending.forgive(id, actId);
    expect((await pending.get(id))?.refused).to.deep.equal([]);
  });

  it('outlives a credential that somebody sets meanwhile, which comes first then', async () => {
    const actId = await begin();
    await pending.refuse(id, actId, 'current');
    await stored.setCredential(id, { username: 'igor', password: new Secret('by hand') }, null);
    expect(await pending.get(id)).to.deep.include({ isOvertaken: true, refused: [] });
    expect(await onRecord()).to.equal('by hand');
  });

  it('goes with its controller', async () => {
    await begin();
    await stored.delete(id, null);
    expect(await pending.get(id)).to.equal(null);
  });

  it('is worked upon by one at a time, and by the next when that one fails', async () => {
    const seen: string[] = [];
    const work = (name: string, ms: number) => async (): Promise<void> => {
      seen.push(`${name} begins`);
      await sleep(ms);
      seen.push(`${name} ends`);
      throw new Error(name);
    };
    const first = pending.alone(id, work('first', 100)).catch(() => undefined);
    while (seen.length === 0) await sleep(5);
    await pending.alone(id, work('second', 0)).catch(() => undefined);
    await first;
    expect(seen).to.deep.equal(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('is sealed anew with all others when the key changes', async () => {
    await begin();
    await addKey(ledger.keyringPath);
    const keyring = await loadKeyring(ledger.keyringPath);
    await reseal(ledger.sql, keyring);
    const anew = pendingCredentials(ledger.sql, keyring);
    expect((await anew.get(id))?.password.reveal()).to.equal(made);
    expect([...(await sealedByKey(ledger.sql, keyring)).keys()]).to.deep.equal([keyring.activeId]);
    const [row] = await ledger.sql.rows<{ password_sealed: string }>(
      'SELECT password_sealed FROM pending_credentials WHERE id = $1',
      [id],
    );
    expect(keyring.keyOf(row?.password_sealed ?? '')).to.equal(keyring.activeId);
  });
});
