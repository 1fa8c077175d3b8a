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
    validate: async (): Promise<Identity> => identity,
  };
  const caller = { identity, service, token: new Secret('t') } as unknown as Caller; // as much as is looked at
  const watch = vigil({
    tokens: { validate: async () => world.validate() },
    callers: { again: async (same) => same, renewed: async (same) => same },
    decide: () => ({ permitted: world.permitted, by: 'a test' }),
    graceMs: 2_000,
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

  it('asks nothing any more once it has ended it', async () => {
    const stream = opened(identityWith({ expiresAt: new Date(Date.now() + 100) }));
    let looks = 0;
    stream.look = async () => {
      looks += 1;
    };
    await codeAfter(stream.vigil.signal, 500);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(looks).to.equal(0);
  });

  it('ends it at the end of the token of the service that passed it on', async () => {
    const service = identityWith({ roles: ['service'], expiresAt: new Date(Date.now() + 300) });
    const stream = opened(identityWith(), service);
    expect(await codeAfter(stream.vigil.signal, 600)).to.equal('unauthenticated');
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

  it('ends it as soon as requests with the same token are refused', async () => {
    const stream = opened();
    stream.validate = async () => {
      throw new Fault('unauthenticated');
    };
    expect(await codeAfter(stream.vigil.signal, 1_500)).to.equal('unauthenticated');
  });

  it('outlasts a Keystone that is away for a while, and not for longer', async () => {
    const stream = opened();
    const began = performance.now();
    stream.validate = async () => {
      throw new Fault('identity-unreachable');
    };
    expect(await codeAfter(stream.vigil.signal, 4_000)).to.equal('identity-unreachable');
    expect(performance.now() - began).to.be.within(2_000, 3_500);
  });

  it('counts that while anew with each answer', async () => {
    const stream = opened();
    let asked = 0;
    stream.validate = async () => {
      asked += 1;
      if (asked % 2 === 1) throw new Fault('identity-unreachable');
      return identityWith();
    };
    await new Promise((resolve) => setTimeout(resolve, 3_600));
    expect(asked).to.be.greaterThan(2);
    expect(stream.vigil.signal.aborted).to.equal(false);
    stream.vigil[Symbol.dispose]();
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
