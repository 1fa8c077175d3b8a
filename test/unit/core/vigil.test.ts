import { once } from 'node:events';
import { expect } from 'chai';
import type { LocatedAct } from '../../../src/core/execute.ts';
import { vigil } from '../../../src/core/vigil.ts';
import type { Caller, Identity } from '../../../src/domain/caller.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { identityWith } from '../../support/fakes.ts';

/** A stream that is open, and what becomes of what permits it. */
const opened = (identity: Identity = identityWith(), service: Identity | null = null) => {
  const world = {
    permitted: true,
    look: async (): Promise<void> => undefined,
    revalidate: async (): Promise<Identity> => identity,
  };
  const caller = { identity, service, token: new Secret('t') } as unknown as Caller; // as much as is looked at
  const watch = vigil({
    // What is known already would serve for long.
    tokens: { validate: async () => identity, revalidate: async () => world.revalidate() },
    callers: { again: async (same) => same, renewed: async (same) => same },
    decide: () => ({ permitted: world.permitted, by: 'a test' }),
    revalidateMs: 1_000,
  });
  const located = { now: async () => world.look() };
  const act = { caller, operation: { permission: 'oob:power:watch' }, located } as unknown as LocatedAct; // likewise
  return Object.assign(world, { vigil: watch(act) });
};

const codeAfter = async (signal: AbortSignal, ms: number): Promise<string> => {
  if (!signal.aborted) await once(signal, 'abort', { signal: AbortSignal.timeout(ms) });
  return signal.reason instanceof Fault ? signal.reason.code : 'no fault';
};

describe('the vigil over an open stream', () => {
  it('ends it within two seconds when it is not permitted any more', async () => {
    const stream = opened();
    stream.permitted = false;
    expect(await codeAfter(stream.vigil.signal, 2_000)).to.equal('forbidden');
  });

  it('ends it within two seconds when nobody can tell whether it is', async () => {
    const stream = opened();
    stream.look = async () => new Promise(() => undefined);
    expect(await codeAfter(stream.vigil.signal, 2_000)).to.equal('store-unavailable');
  });

  it('ends it at the very end of its token', async () => {
    const stream = opened(identityWith({ expiresAt: new Date(Date.now() + 300) }));
    expect(await codeAfter(stream.vigil.signal, 500)).to.equal('unauthenticated');
  });

  it('lets a service go on with a token that has ended', async () => {
    const stream = opened(
      identityWith({ expiresAt: new Date(Date.now() + 100) }),
      identityWith({ roles: ['service'] }),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stream.vigil.signal.aborted).to.equal(false);
    stream.vigil[Symbol.dispose]();
  });

  it('asks Keystone anew, whatever is known, and ends it when the token was revoked', async () => {
    const stream = opened();
    stream.revalidate = async () => {
      throw new Fault('unauthenticated');
    };
    expect(await codeAfter(stream.vigil.signal, 1_500)).to.equal('unauthenticated');
  });

  it('outlasts one question that Keystone does not answer, and not two', async () => {
    const stream = opened();
    let asked = 0;
    stream.revalidate = async () => {
      asked += 1;
      throw new Fault('store-unavailable');
    };
    expect(await codeAfter(stream.vigil.signal, 4_000)).to.equal('store-unavailable');
    expect(asked).to.equal(2);
  });

  it('asks nothing any more once the stream is over', async () => {
    const stream = opened();
    let looks = 0;
    stream.look = async () => {
      looks += 1;
    };
    stream.vigil[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(looks).to.equal(0);
  });
});
