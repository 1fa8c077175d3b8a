import { expect } from 'chai';
import { groups } from '../../../../src/adapters/keystone/groups.ts';
import type { AskFor } from '../../../../src/adapters/keystone/on-behalf.ts';
import { Secret } from '../../../../src/domain/secret.ts';
import type { Asker } from '../../../../src/ports/services.ts';
import { faultOf } from '../../../support/fault-of.ts';
import { identityWith } from '../../../support/fakes.ts';

const asker = (token: string): Asker => ({
  identity: identityWith(),
  token: new Secret(token),
  requestId: 'req-1',
  globalRequestId: null,
});
const never = new AbortController().signal;

/** Keystone's side of it, which answers when it is let. */
const keystone = (status: number, body: unknown) => {
  const asked: string[] = [];
  let answer: () => void = () => undefined;
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  const ask: AskFor = async (path) => {
    asked.push(path);
    await mayAnswer;
    return { status, headers: {}, body };
  };
  return { asked, ask, answer };
};

describe('the groups of a caller', () => {
  it('are asked for once, however many requests of one token want them at the same time', async () => {
    const { asked, ask, answer } = keystone(200, { groups: [{ id: 'g1' }] });
    const known = groups(ask, 60);
    const all = Promise.all(Array.from({ length: 64 }, async () => known.of(asker('t'), new AbortController().signal)));
    answer();
    expect(new Set((await all).map(String))).to.deep.equal(new Set(['g1']));
    expect(asked).to.deep.equal(['/users/u1/groups']);
    await known.of(asker('other'), never);
    expect(asked).to.have.lengthOf(2);
  });

  it('stay unknown for as long, where Keystone refuses to tell them', async () => {
    for (const status of [401, 403, 404]) {
      const { asked, ask, answer } = keystone(status, null);
      const known = groups(ask, 60);
      answer();
      expect(await known.of(asker('t'), never)).to.equal(null);
      expect(await known.of(asker('t'), never)).to.equal(null);
      expect(asked).to.have.lengthOf(1);
    }
  });

  it('are asked for again after a failure, and with every request where nothing is to be remembered', async () => {
    const failing = keystone(500, null);
    const known = groups(failing.ask, 60);
    failing.answer();
    expect((await faultOf(known.of(asker('t'), never))).code).to.equal('identity-failing');
    expect((await faultOf(known.of(asker('t'), never))).code).to.equal('identity-failing');
    expect(failing.asked).to.have.lengthOf(2);
    const telling = keystone(200, { groups: [] });
    telling.answer();
    const forgetful = groups(telling.ask, 0);
    await forgetful.of(asker('t'), never);
    await forgetful.of(asker('t'), never);
    expect(telling.asked).to.have.lengthOf(2);
  });

  it('are waited for by those who stay, when the first who asked goes away', async () => {
    const { asked, ask, answer } = keystone(200, { groups: [{ id: 'g1' }] });
    const known = groups(ask, 60);
    const leaving = new AbortController();
    const first = faultOf(known.of(asker('t'), leaving.signal));
    const second = known.of(asker('t'), never);
    leaving.abort();
    expect((await first).status).to.equal(503);
    answer();
    expect(await second).to.deep.equal(['g1']);
    expect(asked).to.have.lengthOf(1);
  });
});
