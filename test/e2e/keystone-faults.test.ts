import { expect } from 'chai';
import type { Response } from 'supertest';
import { setTimeout as sleep } from 'node:timers/promises';
import { keystoneProxy, type KeystoneFault, type KeystoneProxy } from '../support/keystone-proxy.ts';
import { clientOf, startIgor, type TestIgor } from '../support/igor.ts';
import { freshToken } from '../support/tokens.ts';

interface Problem {
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
}

const leaked = 'gAAAAA-somebodys-token';
const said = JSON.stringify({ error: { message: `Could not find token: ${leaked}` } });
/** As long as Igor waits for an answer here. */
const deadlineMs = 2_000;

const codeOf = ({ body }: Response): string | undefined =>
  (body as Problem).errors[0]?.code.replace('out-of-band.', '');
const whoami = async (igor: TestIgor, token: string): Promise<Response> => clientOf(igor.url, token).get('/v1/whoami');

interface Case {
  readonly what: string;
  readonly fault: KeystoneFault | 'refused';
  readonly code: string;
  readonly retryAfter?: string;
}
const cases: readonly Case[] = [
  { what: 'refuses connections', fault: 'refused', code: 'identity-unreachable' },
  { what: 'resets connections', fault: 'reset', code: 'identity-unreachable' },
  { what: 'cuts its answers off', fault: 'cut', code: 'identity-unreachable' },
  { what: 'never sends headers', fault: 'silent', code: 'identity-timeout' },
  { what: 'never ends its body', fault: 'endless', code: 'identity-timeout' },
  { what: 'answers 500', fault: { status: 500, body: said }, code: 'identity-failing' },
  {
    what: 'answers 503 with Retry-After',
    fault: { status: 503, body: said, headers: { 'Retry-After': '17' } },
    code: 'identity-failing',
    retryAfter: '17',
  },
  {
    what: 'answers 429 with Retry-After',
    fault: { status: 429, body: said, headers: { 'Retry-After': '2' } },
    code: 'identity-busy',
    retryAfter: '2',
  },
  { what: 'answers 300', fault: { status: 300, body: said }, code: 'identity-garbled' },
  {
    what: 'answers 302 to elsewhere',
    fault: { status: 302, headers: { Location: 'http://127.0.0.1:1/' } },
    code: 'identity-garbled',
  },
  {
    what: 'answers with HTML',
    fault: { status: 200, body: '<html>maintenance</html>', headers: { 'Content-Type': 'text/html' } },
    code: 'identity-garbled',
  },
  {
    what: 'answers with half of its JSON',
    fault: { status: 200, body: '{"token": {"user"' },
    code: 'identity-garbled',
  },
  {
    what: 'answers with JSON of something else',
    fault: { status: 200, body: '{"token": {}}' },
    code: 'identity-garbled',
  },
  { what: 'forbids the validation', fault: { status: 403, body: said }, code: 'identity-forbidden', retryAfter: '30' },
  {
    what: 'does not take the token that it has just given',
    fault: { status: 401, body: said },
    code: 'identity-login-refused',
  },
];

describe('a Keystone in trouble', () => {
  let proxy: KeystoneProxy;
  let igor: TestIgor;
  before(async () => {
    proxy = await keystoneProxy();
    igor = await startIgor({ OS_AUTH_URL: proxy.url, IGOR_KEYSTONE_SECONDS: String(deadlineMs / 1000) });
    await untilServed(igor);
  });
  after(async () => {
    await igor.stop();
    await proxy.stop();
  });

  const trouble = async (fault: Case['fault']): Promise<void> => {
    if (fault === 'refused') await proxy.listening(false);
    else Object.assign(proxy, { fault, faultFor: 'validations' });
  };
  const mend = async (fault: Case['fault']): Promise<void> => {
    if (fault === 'refused') await proxy.listening(true);
    Object.assign(proxy, { fault: 'none', faultFor: 'all', times: Infinity });
  };
  /** Asks with tokens that Igor does not know until one is served; how many it took. */
  const untilServed = async (of: TestIgor): Promise<void> => {
    const token = await freshToken();
    for (let tries = 0; tries < 80; tries += 1) {
      if ((await whoami(of, token)).status === 200) return;
      await sleep(250);
    }
    expect.fail('was not served again');
  };

  for (const { what, fault, code, retryAfter } of cases) {
    it(`that ${what} is a 503 of its own within the deadline, and is over when it is over`, async () => {
      const [known, token] = await Promise.all([freshToken(), freshToken()]);
      expect((await whoami(igor, known)).status).to.equal(200);
      await trouble(fault);
      try {
        const started = performance.now();
        const answer = await whoami(igor, token);
        expect(performance.now() - started).to.be.below(deadlineMs + 1_500);
        expect([answer.status, codeOf(answer)]).to.deep.equal([503, code]);
        expect(Number(answer.headers['retry-after'])).to.be.within(1, 300);
        if (retryAfter !== undefined) expect(answer.headers['retry-after']).to.equal(retryAfter);
        expect(JSON.stringify(answer.body)).not.to.contain(leaked);
        expect((await whoami(igor, known)).status, 'a token that is known').to.equal(200);
      } finally {
        await mend(fault);
      }
      await untilServed(igor);
      expect(igor.logText()).not.to.contain(leaked).and.not.to.contain(token);
    });
  }

  it('is asked once more after a connection that failed, and then no more', async () => {
    const token = await freshToken();
    Object.assign(proxy, { fault: 'reset', faultFor: 'validations', times: 1 });
    const before = proxy.validations;
    expect((await whoami(igor, token)).status).to.equal(200);
    expect(proxy.validations - before).to.equal(2);
    Object.assign(proxy, { times: Infinity });
    expect((await whoami(igor, await freshToken())).status).to.equal(503);
    expect(proxy.validations - before).to.equal(4);
    await mend('reset');
  });

  it('is not asked again when it answered, whatever it answered', async () => {
    const token = await freshToken();
    await trouble({ status: 500 });
    const before = proxy.validations;
    await whoami(igor, token);
    expect(proxy.validations - before).to.equal(1);
    await mend('reset');
  });

  it('is left alone for as long as its Retry-After says', async () => {
    const token = await freshToken();
    await trouble({ status: 429, headers: { 'Retry-After': '2' } });
    await whoami(igor, token);
    await mend('reset');
    const before = proxy.validations;
    expect(codeOf(await whoami(igor, token))).to.equal('identity-busy');
    expect(proxy.validations).to.equal(before);
    await untilServed(igor);
  });

  it('that keeps silent is left alone after a few questions, and everybody is answered at once until it speaks again', async () => {
    const known = await freshToken();
    expect((await whoami(igor, known)).status).to.equal(200);
    await trouble('silent');
    const tokens = await Promise.all(Array.from({ length: 8 }, async () => freshToken()));
    await Promise.all(tokens.map(async (token) => whoami(igor, token)));
    const before = proxy.validations;
    const started = performance.now();
    const answer = await whoami(igor, tokens[0] ?? '');
    expect([answer.status, codeOf(answer)]).to.deep.equal([503, 'identity-timeout']);
    expect(performance.now() - started, 'milliseconds').to.be.below(500);
    expect(proxy.validations).to.equal(before);
    expect((await whoami(igor, known)).status, 'a token that is known').to.equal(200);
    expect(igor.logged.filter(({ msg }) => msg === 'keystone.unanswering')).not.to.have.length(0);
    await mend('silent');
    await untilServed(igor);
    expect(igor.logged.at(-1)).to.include({ msg: 'request.ended', status: 200 });
  });

  it('leaves Igor alive and not ready, with the cause', async () => {
    await trouble('refused');
    try {
      expect((await clientOf(igor.url, null).get('/healthcheck')).status).to.equal(200);
      const unready = await untilReady(igor, 503);
      expect(unready.causes).to.have.length(1);
      expect(unready.causes[0]).to.match(/^keystone: identity-unreachable: .*\(ECONNREFUSED\)$/);
    } finally {
      await mend('refused');
    }
    expect((await untilReady(igor, 200)).causes).to.deep.equal([]);
  });

  it('is not offered refused credentials by every request', async () => {
    const own = await startIgor({ OS_AUTH_URL: proxy.url, OS_PASSWORD: 'wrong', OS_PASSWORD_FILE: '' });
    try {
      const before = proxy.logins;
      const tokens = await Promise.all(Array.from({ length: 10 }, async () => freshToken()));
      const answers = [];
      for (const token of tokens) answers.push(await whoami(own, token));
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([503]));
      expect(new Set(answers.map(codeOf))).to.deep.equal(new Set(['identity-login-refused']));
      expect(proxy.logins - before).to.be.at.most(2);
      const [cause] = (await untilReady(own, 503)).causes;
      expect(cause).to.match(/^keystone: identity-login-refused: /);
      expect(own.logText()).not.to.contain('wrong');
    } finally {
      await own.stop();
    }
  });

  it('does not stop Igor from starting, and is found when it comes', async () => {
    await proxy.listening(false);
    const own = await startIgor({ OS_AUTH_URL: proxy.url }).finally(async () => proxy.listening(true));
    try {
      await untilServed(own);
    } finally {
      await own.stop();
    }
  });
});

/** Asks until the answer has that status: what was found counts for a few seconds. */
const untilReady = async (igor: TestIgor, status: number): Promise<{ readonly causes: readonly string[] }> => {
  for (let tries = 0; tries < 80; tries += 1) {
    const answer = await fetch(`${igor.metricsUrl}/ready`);
    const found = (await answer.json()) as { causes: readonly string[] };
    if (answer.status === status) return found;
    await sleep(250);
  }
  throw new Error(`/ready was never answered ${status}`);
};
