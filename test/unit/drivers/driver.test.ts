import { expect } from 'chai';
import { z } from 'zod';
import { Fault } from '../../../src/domain/fault.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { driver } from '../../../src/drivers/driver.ts';
import { drivers } from '../../../src/drivers/index.ts';
import type { Endpoint, Link } from '../../../src/ports/controller.ts';

const endpoint = (options: unknown): Endpoint => ({
  address: '127.0.0.1',
  port: 623,
  credential: { username: 'admin', password: new Secret('adm1n-Secret') },
  options,
  shelf: null,
});
const faultOf = (act: () => unknown): Fault => {
  try {
    act();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('driver', () => {
  const closed: string[] = [];
  const lamp = driver({
    name: 'lamp',
    port: 1,
    options: z.strictObject({ state: z.enum(['on', 'off']).default('off') }),
    capabilities: {
      power: (link: Link & { readonly state: 'on' | 'off' }) => ({
        get: async () => link.state,
        set: async () => undefined,
      }),
    },
    connect: ({ options }) => ({
      state: options.state,
      isSound: true,
      login: async () => null,
      keepAlive: async () => undefined,
      [Symbol.asyncDispose]: async () => {
        closed.push(options.state);
        throw new Error('the bulb is hot');
      },
    }),
  });

  it('offers what its declaration has keys for, and its device has these members', () => {
    expect([...lamp.offers]).to.deep.equal(['power']);
    expect(Object.keys(lamp.open(endpoint({})).device)).to.deep.equal(['power']);
  });

  it('gives the link the options as its own schema made them', async () => {
    const signal = new AbortController().signal;
    expect(await lamp.open(endpoint({ state: 'on' })).device.power?.get({ signal })).to.equal('on');
    expect(await lamp.open(endpoint({})).device.power?.get({ signal })).to.equal('off');
  });

  it('refuses options that its schema does not take', () => {
    expect(faultOf(() => lamp.open(endpoint({ state: 'on', colour: 'red' })))).to.include({ code: 'invalid-input' });
  });

  it('closes the link once, however often it is disposed, and never throws', async () => {
    closed.length = 0;
    const connection = lamp.open(endpoint({}));
    await Promise.all([connection[Symbol.asyncDispose](), connection[Symbol.asyncDispose]()]);
    await connection[Symbol.asyncDispose]();
    expect(closed).to.deep.equal(['off']);
  });
});

describe('the driver ipmi', () => {
  const ipmi = drivers({ homeDir: '/nonexistent' }).get('ipmi');
  if (ipmi === undefined) throw new Error('there is no driver ipmi');

  it('is registered by its name, at its usual port, with all that IPMI can do', () => {
    expect(ipmi).to.include({ name: 'ipmi', port: 623 });
    expect([...ipmi.offers]).to.have.members([
      ...['power', 'boot', 'bootParameters', 'chassis', 'restore', 'indicator', 'watchdog', 'powerMeter', 'powerLimit'],
      ...['sessions', 'inventory', 'firmware', 'selfTest', 'reset', 'raw', 'sensors', 'eventLog', 'accounts'],
      ...['network', 'alerts'],
    ]);
  });

  it('asks for suite 17 alone and for the administrator, unless told otherwise', () => {
    expect(ipmi.options.parse({})).to.deep.equal({
      cipher_suites: [17],
      privilege: 'administrator',
      min_interval_ms: 0,
    });
    const chosen = { cipher_suites: [3, 17], privilege: 'operator', min_interval_ms: 500 };
    expect(ipmi.options.parse(chosen)).to.deep.equal(chosen);
  });

  for (const options of [
    { cipher_suites: [0] },
    { cipher_suites: [17, 0] },
    { cipher_suites: ['17'] },
    { cipher_suites: [] },
    { privilege: 'user' },
    { privilege: 'ADMINISTRATOR' },
    { kg: 'x' },
    { cipher_suite: [17] },
    { min_interval_ms: -1 },
    { min_interval_ms: 0.5 },
    { min_interval_ms: 10_001 },
  ]) {
    it(`refuses the options ${JSON.stringify(options)}`, () => {
      expect(ipmi.options.safeParse(options).success).to.equal(false);
    });
  }

  const refused: readonly (readonly [string, Partial<Endpoint>, string])[] = [
    ['a host name', { address: 'bmc.example.org' }, 'address'],
    ['an option in place of an address', { address: '-V' }, 'address'],
    ['an empty address', { address: '' }, 'address'],
    ['two addresses', { address: '127.0.0.1 127.0.0.2' }, 'address'],
    ['an address and a line', { address: '127.0.0.1\n' }, 'address'],
    ['port 0', { port: 0 }, 'port'],
    ['port 65536', { port: 65536 }, 'port'],
    ['half a port', { port: 623.5 }, 'port'],
    ...(['username', 'password'] as const).flatMap((what) => {
      const most = what === 'username' ? 16 : 20;
      const credential = (text: string): Partial<Endpoint> => ({
        credential:
          what === 'username'
            ? { username: text, password: new Secret('x') }
            : { username: 'x', password: new Secret(text) },
      });
      return [
        [`an empty ${what}`, credential(''), what],
        [`a ${what} of ${most + 1} bytes`, credential('x'.repeat(most + 1)), what],
        [`a ${what} of ${most} characters and more bytes`, credential('é'.repeat(most - 1)), what],
        [`a ${what} with a line end`, credential('a\nb'), what],
        [`a ${what} with NUL`, credential('a\0b'), what],
        [`a ${what} with a tab`, credential('a\tb'), what],
        [`a ${what} with a carriage return`, credential('a\r'), what],
      ] as const;
    }),
  ];
  for (const [what, change, field] of refused) {
    it(`refuses ${what}, and names the field`, () => {
      const fault = faultOf(() => ipmi.open({ ...endpoint({}), ...change }));
      expect(fault).to.include({ code: 'invalid-input' });
      expect(fault.detail.startsWith(`${field}: `)).to.equal(true);
    });
  }

  for (const address of ['127.0.0.1', '::1', 'fe80::1%lo']) {
    it(`takes ${address}, 16 bytes of user name and 20 of password`, async () => {
      const credential = { username: 'long16charsuser0', password: new Secret('20-chars-password-xx') };
      await ipmi.open({ ...endpoint({}), address, credential })[Symbol.asyncDispose]();
    });
  }
});
