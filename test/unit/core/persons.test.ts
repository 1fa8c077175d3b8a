import { expect } from 'chai';
import { withPersons } from '../../../src/core/persons.ts';
import type { Identity } from '../../../src/domain/caller.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { isOf } from '../../../src/domain/keycloak.ts';
import { Secret } from '../../../src/domain/secret.ts';
import type { Log, Standing } from '../../../src/ports/services.ts';
import { identityWith, quiet } from '../../support/fakes.ts';
import { faultOf } from '../../support/fault-of.ts';

const federated = (changes: Partial<Identity> = {}): Identity =>
  identityWith({ federation: { identityProvider: 'keycloak', protocol: 'openid' }, ...changes });

const active: Standing = {
  state: 'active',
  person: { name: 'Bob Builder', email: 'bob@example.com', emailVerified: true },
};
const minute = 60_000;

/** A clock that a test turns, and a directory that says what it is told to. */
const made = (identity: Identity = federated()) => {
  const world = {
    now: 0,
    asked: [] as string[],
    says: async (): Promise<Standing> => active,
    events: [] as string[],
    identity,
  };
  const log: Log = { ...quiet, warn: (_, event) => void world.events.push(event) };
  const tokens = withPersons(
    { validate: async () => world.identity },
    {
      directory: {
        async standingOf(name) {
          world.asked.push(name);
          return world.says();
        },
      },
      concerns: isOf({ identityProvider: 'keycloak', domainId: 'd-keycloak' }),
      log,
      now: () => world.now,
    },
  );
  const validate = async (): Promise<Identity> =>
    tokens.validate(
      new Secret('t'),
      { allowExpired: false, address: null, requestId: null },
      AbortSignal.timeout(20_000),
    );
  const away = async (): Promise<Standing> => {
    throw new Fault('directory-unavailable', 'status 500', { retryAfter: 5 });
  };
  return { world, validate, away };
};

describe('the persons behind federated users', () => {
  it('come with their identity, and nobody else is asked about', async () => {
    const { world, validate } = made();
    expect(await validate()).to.deep.include({ person: active.person });
    world.identity = identityWith();
    expect(await validate()).to.deep.include({ person: null });
    world.identity = federated({ federation: { identityProvider: 'other', protocol: 'saml2' } });
    expect(await validate()).to.deep.include({ person: null });
    expect(world.asked).to.deep.equal(['bob']);
  });

  it('are known by their domain where a token does not tell where they signed in', async () => {
    const { world, validate } = made(identityWith({ userDomainId: 'd-keycloak' }));
    world.says = async () => ({ state: 'disabled' });
    expect((await faultOf(validate())).code).to.equal('unauthenticated');
  });

  it('have no address that counts where only their domain is known', async () => {
    const { validate } = made(identityWith({ userDomainId: 'd-keycloak' }));
    expect((await validate()).person).to.deep.equal({ ...active.person, emailVerified: false });
  });

  for (const state of ['disabled', 'absent', 'ambiguous'] as const) {
    it(`are refused within a minute once they are ${state}, while Keystone still takes the token`, async () => {
      const { world, validate } = made();
      await validate();
      world.says = async () => ({ state });
      world.now = minute - 1;
      await validate();
      world.now = minute;
      expect((await faultOf(validate())).code).to.equal('unauthenticated');
      expect(world.events).to.deep.equal(['keycloak.person-refused']);
    });
  }

  it('are let in again soon after they are enabled, and not asked about with each request until then', async () => {
    const { world, validate } = made();
    world.says = async () => ({ state: 'disabled' });
    await faultOf(validate());
    world.says = async () => active;
    world.now = 9_999;
    await faultOf(validate());
    expect(world.asked).to.have.length(1);
    world.now = 10_000;
    expect(await validate()).to.deep.include({ userName: 'bob' });
  });

  it('are looked up once for many requests at once', async () => {
    const { world, validate } = made();
    await Promise.all(Array.from({ length: 20 }, validate));
    expect(world.asked).to.have.length(1);
  });

  it('stay as they were last seen for five minutes while the directory is away, then are 503', async () => {
    const { world, validate, away } = made();
    await validate();
    world.says = away;
    world.now = 5 * minute - 1;
    expect((await validate()).person?.name).to.equal('Bob Builder');
    world.now = 5 * minute;
    const fault = await faultOf(validate());
    expect(fault).to.include({ code: 'directory-unavailable', status: 503, retryAfter: 5 });
  });

  it('stay refused for that time if they were', async () => {
    const { world, validate, away } = made();
    world.says = async () => ({ state: 'disabled' });
    await faultOf(validate());
    world.says = away;
    world.now = 4 * minute;
    expect((await faultOf(validate())).code).to.equal('unauthenticated');
  });

  it('are 503 at once when they were never seen, and local users pass', async () => {
    const { world, validate, away } = made();
    world.says = away;
    expect((await faultOf(validate())).code).to.equal('directory-unavailable');
    world.identity = identityWith();
    expect(await validate()).to.deep.include({ userName: 'bob' });
  });

  it('wait three seconds at most for a directory that is silent', async () => {
    const { world, validate } = made();
    world.says = async () => new Promise(() => undefined);
    const began = performance.now();
    expect((await faultOf(validate())).code).to.equal('directory-unavailable');
    expect(performance.now() - began).to.be.within(2_900, 6_000);
  });

  it('are not waited for while several questions in a row have failed, until a pause is over', async () => {
    const { world, validate, away } = made();
    world.says = away;
    for (let i = 0; i < 6; i += 1) await faultOf(validate());
    expect(world.asked).to.have.length(3);
    expect((await faultOf(validate())).retryAfter).to.be.within(1, 5);
    world.says = async () => active;
    world.now = 5_000;
    expect(await validate()).to.deep.include({ userName: 'bob' });
  });

  it('count the age of an answer from when it was asked for', async () => {
    const { world, validate } = made();
    world.says = async () => {
      world.now += 2_000;
      return active;
    };
    await validate();
    world.now = minute - 1;
    await validate();
    expect(world.asked).to.have.length(1);
    world.now = minute;
    await validate();
    expect(world.asked).to.have.length(2);
  });
});
