import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import ssh2 from 'ssh2';
import type { Algorithms, ServerChannel } from 'ssh2';
import { ssh } from '../../src/adapters/ssh.ts';
import type { SshOptions } from '../../src/adapters/ssh.ts';
import type { Fault, FaultCode } from '../../src/domain/fault.ts';
import type { RemoteResult } from '../../src/ports/remote.ts';
import { faultOf } from '../support/fault-of.ts';
import { newHostKey, parsed, publicLine, startHostileSshd, startTcp } from '../support/hostile-sshd.ts';
import type { HostileSshd, Manners, Visit } from '../support/hostile-sshd.ts';

const options: SshOptions = { resolve: async (host) => [host], connectTimeoutMs: 600, silenceMs: 600 };
const { privateKey, publicKey } = ssh(options).makeKeyPair('');

/** RFC 4254, section 6.10, to channel 0. */
const exitSignal = (name: string): Buffer => {
  const string = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
  return Buffer.concat([
    Buffer.from([98, 0, 0, 0, 0]),
    string('exit-signal'),
    Buffer.from([0]),
    string(name),
    Buffer.from([0]),
    string(''),
    string(''),
  ]);
};

type Where = Pick<HostileSshd, 'address' | 'port' | 'open' | 'stop'> & { readonly hostKeys?: readonly string[] };
interface Ask {
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly hostKeys?: readonly string[];
  readonly address?: string;
  readonly over?: Partial<SshOptions>;
}

const run = async (there: Where, ask: Ask = {}): Promise<RemoteResult> => {
  const { timeoutMs = 5_000, maxBytes = 1_000, signal = new AbortController().signal } = ask;
  const endpoint = {
    address: ask.address ?? there.address,
    port: there.port,
    user: 'igor',
    hostKeys: ask.hostKeys ?? there.hostKeys ?? [publicKey],
    publicKey,
    privateKey,
  };
  try {
    return await ssh({ ...options, ...ask.over }).run(endpoint, ['true'], { timeoutMs, maxBytes }, signal);
  } finally {
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  }
};

/** Whatever the host did, its connections are gone afterwards. */
const using = async <T extends Where>(server: T, act: (server: T) => Promise<void>): Promise<void> => {
  try {
    await act(server);
    for (let waited = 0; waited < 500 && server.open() > 0; waited += 10) await sleep(10);
    expect(server.open()).to.equal(0);
  } finally {
    await server.stop();
  }
};
const against = async (manners: Manners, act: (server: HostileSshd) => Promise<void>): Promise<void> =>
  using(await startHostileSshd(manners), act);

const within = async <T>(ms: number, act: () => Promise<T>): Promise<T> => {
  const since = performance.now();
  const result = await act();
  expect(performance.now() - since).to.be.below(ms);
  return result;
};

const ended = (channel: ServerChannel): void => {
  channel.exit(0);
  channel.end();
};

const saysDone: NonNullable<Manners['exec']> = (accept) => {
  const channel = accept();
  channel.write('done');
  ended(channel);
};

const inOneBreath = (visit: Visit, ...acts: readonly ((visit: Visit) => void)[]): void => {
  visit.socket.cork();
  for (const act of acts) act(visit);
  visit.socket.uncork();
};
const repeat = (times: number, act: () => void): void => {
  for (let count = 0; count < times; count++) act();
};

/** Without end, as fast as it is taken. */
const pour = (into: Writable, chunk: Buffer): void => {
  const more = (): void => {
    while (!into.destroyed && into.write(chunk));
  };
  into.on('drain', more);
  more();
};
const flood = (socket: Socket, send: () => void): void => {
  if (socket.destroyed || !socket.writable) return;
  if (socket.writableLength < 1_000_000) send();
  setImmediate(flood, socket, send);
};

describe('Remote before the command is sent', () => {
  const silent = (): void => undefined;
  const table: readonly (readonly [string, (socket: Socket) => void, FaultCode])[] = [
    ['says nothing', silent, 'host-unreachable'],
    ['hangs up', (socket) => void socket.end(), 'host-unreachable'],
    ['breaks the connection', (socket) => void socket.resetAndDestroy(), 'host-unreachable'],
    ['is no SSH server', (socket) => void socket.write('SSH-nonsense\r\n'), 'host-refused'],
    ['greets without end', (socket) => pour(socket, Buffer.from('hello\r\n'.repeat(1000))), 'host-refused'],
    ['greets in one endless line', (socket) => pour(socket, Buffer.alloc(10_000, 'a')), 'host-refused'],
    [
      'sends noise after its name',
      (socket) => pour(socket, Buffer.from(`SSH-2.0-x\r\n${'~'.repeat(9_999)}`)),
      'host-refused',
    ],
  ];
  for (const [title, onSocket, code] of table) {
    it(`is ${code} when the host ${title}`, async () => {
      await using(await startTcp(onSocket), async (server) => {
        expect(await within(1_500, async () => faultOf(run(server)))).to.include({ code });
      });
    });
  }

  it('lets go of a host that does not let go', async () => {
    const drips = (socket: Socket): void => {
      const timer = setInterval(() => void socket.write('x\r\n'), 10);
      socket.on('close', () => clearInterval(timer));
    };
    await using(await startTcp(drips, { clings: true }), async (server) => {
      const caller = new AbortController();
      const running = faultOf(run(server, { signal: caller.signal, over: { connectTimeoutMs: 60_000 } }));
      await sleep(50);
      caller.abort();
      expect(await running).to.include({ code: 'host-unreachable' });
    });
  });

  it('tries the addresses in order while none takes the connection', async () => {
    await against({}, async (server) => {
      const resolve = async (): Promise<string[]> => ['127.0.0.2', '127.0.0.3', server.address];
      expect(await run(server, { over: { resolve } })).to.include({ exitCode: 0 });
    });
  });

  it('tries no further address once one has taken the connection', async () => {
    await against({}, async (good) => {
      const bad = await startTcp((socket) => void socket.end(), { address: '127.0.0.2', port: good.port });
      await using(bad, async () => {
        const resolve = async (): Promise<string[]> => [bad.address, good.address];
        expect(await faultOf(run(good, { over: { resolve } }))).to.include({ code: 'host-unreachable' });
      });
      expect(good.total()).to.equal(0);
    });
  });

  it('connects to what it was resolved to, never to the name', async () => {
    await against({}, async (server) => {
      const asked: string[] = [];
      const resolve = async (host: string): Promise<string[]> => {
        asked.push(host);
        return ['127.0.0.1'];
      };
      expect(await run(server, { address: 'osl01.invalid', over: { resolve } })).to.include({ exitCode: 0 });
      expect(asked).to.deep.equal(['osl01.invalid']);
      const toName = async (): Promise<string[]> => ['localhost'];
      expect(await faultOf(run(server, { over: { resolve: toName } }))).to.include({ code: 'host-unreachable' });
      expect(server.commands).to.have.length(1);
    });
  });

  it('does not wait for a resolution that takes no notice', async () => {
    await against({}, async (server) => {
      const resolve = async (): Promise<string[]> => new Promise(() => undefined);
      const fault = await within(1_500, async () => faultOf(run(server, { over: { resolve } })));
      expect(fault).to.include({ code: 'host-unreachable' });
      const caller = new AbortController();
      const gone = faultOf(run(server, { signal: caller.signal, over: { resolve, connectTimeoutMs: 60_000 } }));
      await sleep(50);
      caller.abort();
      expect(await within(500, async () => gone)).to.include({ code: 'host-unreachable' });
      const before = run(server, { signal: AbortSignal.abort(), over: { resolve } });
      expect(await within(500, async () => faultOf(before))).to.include({ code: 'host-unreachable' });
    });
  });

  it('shows no key to a host with another host key', async () => {
    await against({}, async (server) => {
      const fault = await faultOf(run(server, { hostKeys: [publicLine(parsed(newHostKey()))] }));
      expect(fault).to.include({ code: 'host-key-mismatch' });
      expect(server.logins).to.deep.equal([]);
    });
  });

  it('shows no key to a host that has no key of the pinned type', async () => {
    await against({}, async (server) => {
      expect(await faultOf(run(server, { hostKeys: [publicKey] }))).to.include({ code: 'host-key-mismatch' });
      expect(await faultOf(run(server, { hostKeys: ['ssh-dss AAAAB3NzaC1kc3M='] }))).to.include({
        code: 'host-key-mismatch',
      });
      expect(await faultOf(run(server, { hostKeys: [] }))).to.include({ code: 'host-key-mismatch' });
      expect(server.logins).to.deep.equal([]);
    });
  });

  it('asks a host with several keys for the pinned one', async () => {
    const hostKeys = [newHostKey(), ssh(options).makeKeyPair('').privateKey.reveal()];
    await against({ hostKeys }, async (server) => {
      for (const line of server.hostKeys) expect(await run(server, { hostKeys: [line] })).to.include({ exitCode: 0 });
    });
  });

  const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).private;
  const weak: readonly (readonly [string, Algorithms])[] = [
    ['a key exchange with SHA-1', { kex: ['diffie-hellman-group14-sha1', 'diffie-hellman-group-exchange-sha1'] }],
    ['a cipher in CBC mode', { cipher: ['aes128-cbc', 'aes256-cbc', '3des-cbc'] }],
    ['a MAC with SHA-1', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1', 'hmac-sha1-etm@openssh.com', 'hmac-md5'] }],
    ['a signature with SHA-1', { serverHostKey: ['ssh-rsa'] }],
    ['compression alone', { compress: ['zlib', 'zlib@openssh.com'] }],
  ];
  for (const [title, algorithms] of weak) {
    it(`speaks to no host that has ${title}`, async () => {
      await against({ hostKeys: [rsa] }, async (server) => {
        expect(await run(server)).to.include({ exitCode: 0 });
      });
      await against({ hostKeys: [rsa], algorithms }, async (server) => {
        expect((await faultOf(run(server))).code).to.be.oneOf(['host-refused', 'host-key-mismatch']);
        expect(server.logins).to.deep.equal([]);
      });
    });
  }

  it('shows no key to a host that shows the pinned key and cannot sign with it', async () => {
    const pinned = parsed(newHostKey());
    const forged = Object.assign(Object.create(parsed(newHostKey())) as typeof pinned, {
      getPublicSSH: () => pinned.getPublicSSH(),
    });
    await against({ hostKeys: [forged] }, async (server) => {
      expect(server.hostKeys).to.deep.equal([publicLine(pinned)]);
      expect(await faultOf(run(server))).to.include({ code: 'host-key-mismatch' });
      expect(server.logins).to.deep.equal([]);
    });
  });

  it('offers its key once, and nothing else whatever the host would like', async () => {
    await against(
      { login: (context) => context.reject(['password', 'publickey', 'keyboard-interactive']) },
      async (server) => {
        expect(await faultOf(run(server))).to.include({ code: 'host-login-refused' });
        expect(server.logins).to.deep.equal(['publickey']);
      },
    );
    await against({ login: (context) => context.reject(['publickey'], true) }, async (server) => {
      expect(await faultOf(run(server))).to.include({ code: 'host-login-refused' });
      expect(server.logins).to.deep.equal(['publickey']);
    });
  });

  it('is refused by a host that ends the connection in place of an answer', async () => {
    await against({ login: (_, { raw }) => raw.disconnect(2) }, async (server) => {
      expect(await faultOf(run(server))).to.include({ code: 'host-login-refused' });
    });
  });

  const noAnswer: readonly (readonly [string, Manners])[] = [
    ['the login', { login: () => undefined }],
    ['the opening of a channel', { session: () => undefined }],
  ];
  for (const [title, manners] of noAnswer) {
    it(`is host-unreachable when ${title} is not answered`, async () => {
      await against(manners, async (server) => {
        const fault = await within(1_500, async () => faultOf(run(server)));
        expect(fault).to.include({ code: 'host-unreachable' });
        expect(server.commands).to.deep.equal([]);
      });
    });
  }

  it('is host-refused when the host opens no channel', async () => {
    await against({ session: (_, reject) => reject() }, async (server) => {
      expect(await faultOf(run(server))).to.include({ code: 'host-refused' });
    });
  });

  it('sends nothing after the caller has gone in the middle of the login', async () => {
    const caller = new AbortController();
    const login: Manners['login'] = (context) => {
      caller.abort();
      context.accept();
    };
    await against({ login }, async (server) => {
      expect(await faultOf(run(server, { signal: caller.signal }))).to.include({ code: 'host-unreachable' });
      await sleep(100);
      expect(server.commands).to.deep.equal([]);
    });
  });

  const before: readonly (readonly [string, (visit: Visit) => void])[] = [
    ['says goodbye', ({ raw }) => raw.disconnect(2)],
    ['floods it', ({ raw }) => repeat(300, () => raw.channelData(7, Buffer.alloc(32_000)))],
  ];
  for (const [title, act] of before) {
    const goesOn: readonly (readonly [string, Manners])[] = [
      ['accepts the login', { login: (context, visit) => inOneBreath(visit, act, () => context.accept()) }],
      ['opens the channel', { session: (accept, _, visit) => inOneBreath(visit, act, accept) }],
    ];
    for (const [then, manners] of goesOn) {
      it(`sends nothing to a host that ${title} and then ${then}`, async () => {
        await against(manners, async (server) => {
          expect((await faultOf(run(server))).code).to.be.oneOf(['host-login-refused', 'host-refused']);
          await sleep(200);
          expect(server.commands).to.deep.equal([]);
        });
      });
    }
  }

  it('keeps the number of its connections within bounds', async () => {
    let now = 0;
    let most = 0;
    const exec: Manners['exec'] = (accept) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now -= 1;
        ended(accept());
      }, 300);
    };
    await against({ exec }, async (server) => {
      const remote = ssh({ ...options, connectTimeoutMs: 5_000, maxConcurrent: 3 });
      const endpoint = { ...server, user: 'igor', publicKey, privateKey };
      const limits = { timeoutMs: 5_000, maxBytes: 10 };
      const caller = new AbortController();
      const runs = Array.from({ length: 9 }, async (_, index) =>
        remote.run(endpoint, ['true'], limits, index === 5 ? caller.signal : new AbortController().signal),
      );
      caller.abort();
      expect(await within(250, async () => faultOf(runs[5] ?? expect.fail()))).to.include({ code: 'host-unreachable' });
      const outcomes = await Promise.allSettled(runs);
      expect(outcomes.map(({ status }) => status === 'fulfilled')).to.deep.equal(runs.map((_, index) => index !== 5));
      expect(most).to.equal(3);
      expect(server.commands).to.have.length(8);
    });
  });
});

describe('Remote once the command is sent', () => {
  /** Whatever becomes of it, it was sent once. */
  const unknown = async (exec: NonNullable<Manners['exec']>, ask: Ask = {}): Promise<Fault> => {
    let fault: Fault | undefined;
    await against({ exec }, async (server) => {
      fault = await within(10_000, async () => faultOf(run(server, ask)));
      expect(fault).to.include({ code: 'outcome-unknown' });
      await sleep(50);
      expect(server.commands).to.deep.equal([`'true'`]);
    });
    return fault ?? expect.fail();
  };

  it('is host-refused when the host says that it does not run it', async () => {
    await against({ exec: (_, reject) => reject() }, async (server) => {
      expect(await faultOf(run(server))).to.include({ code: 'host-refused' });
      expect(server.commands).to.have.length(1);
    });
  });

  it('is unknown when the connection breaks before an answer', async () => {
    await unknown((_, __, { socket }) => void socket.resetAndDestroy());
  });

  it('is unknown when the channel is closed without an answer', async () => {
    await unknown((_, __, { raw }) => raw.channelClose(0));
  });

  it('is unknown when the host says goodbye in place of an answer', async () => {
    await unknown((_, __, { raw }) => raw.disconnect(2));
  });

  it('is unknown when no answer comes in time', async () => {
    const fault = await unknown(() => undefined, { timeoutMs: 300, over: { silenceMs: 60_000 } });
    expect(fault.detail).to.match(/^no end within 300 ms; the host was told to kill it and did not answer, 1\d{3} ms/);
  });

  it('is unknown when the connection breaks while it runs', async () => {
    await unknown((accept, _, { socket }) => {
      accept().write('begun');
      setTimeout(() => socket.destroy(), 50);
    });
  });

  it('is unknown when the host tells no exit status', async () => {
    await unknown((accept) => void accept().end('done'));
  });

  it('is unknown when the host falls silent', async () => {
    const fault = await unknown((accept, _, { socket }) => {
      accept();
      socket.pause();
      setTimeout(() => socket.resume(), 1_000);
    });
    expect(fault.detail).to.match(/^silent for 600 ms/);
  });

  it('is unknown when the host no longer speaks SSH', async () => {
    await unknown((accept, _, { socket }) => {
      accept();
      socket.write(Buffer.alloc(100_000, 0xff));
    });
  });

  it('is unknown when the host shows another key in the middle', async () => {
    const fault = await unknown((accept, _, visit) => {
      accept();
      visit.showOtherKeys();
      visit.connection.rekey();
    });
    expect(fault.cause).to.be.an('error').with.property('message').that.contains('Host denied');
  });

  it('goes on when the host shows the same key again', async () => {
    const exec: Manners['exec'] = (accept, _, { connection }) => {
      const channel = accept();
      connection.rekey(() => ended(channel));
    };
    await against({ exec }, async (server) => {
      expect(await run(server)).to.include({ exitCode: 0 });
    });
  });

  it('tells the host to kill it, though its input is closed', async () => {
    const exec: Manners['exec'] = (accept) => void accept();
    await against({ exec }, async (server) => {
      await faultOf(run(server, { timeoutMs: 200, over: { silenceMs: 60_000 } }));
      expect(server.signals).to.deep.equal(['KILL']);
    });
  });

  it('takes no exit status for an answer to being killed', async () => {
    const fault = await unknown(
      (accept) => {
        const channel = accept();
        setTimeout(() => ended(channel), 400);
      },
      { timeoutMs: 200 },
    );
    expect(fault.detail).to.match(/^no end within 200 ms; the host ended it/);
  });

  it('ends with an output that never does, in memory that does not grow', async () => {
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    await unknown((accept) => pour(accept(), Buffer.alloc(32_000)), { timeoutMs: 1_000 });
    clearInterval(watch);
    expect((most - before) / 2 ** 20).to.be.below(100);
  });

  it('is unknown when the host sends what is no output', async () => {
    const fault = await unknown((accept, _, { raw, socket }) => {
      accept();
      flood(socket, () => raw.channelExtData(0, Buffer.alloc(32_000), 7));
    });
    expect(fault.detail).to.match(/^the host sends what was not asked for/);
  });

  it('is unknown when the host sends output before it says that it runs it', async () => {
    const fault = await unknown((_, __, { raw, socket }) =>
      flood(socket, () => raw.channelData(0, Buffer.alloc(32_000))),
    );
    expect(fault.detail).to.match(/^the host sends what was not asked for/);
  });

  it('is unknown when the host asks without end and reads no answer', async () => {
    const request = Buffer.from([80, 0, 0, 0, 1, 'x'.charCodeAt(0), 1]); // any global request that wants a reply
    const fault = await unknown(
      (accept, _, { raw, send, socket }) => {
        accept();
        socket.pause();
        setTimeout(() => socket.resume(), 5_000);
        flood(socket, () => {
          repeat(2_000, () => send(request));
          raw.channelData(0, Buffer.alloc(10_000));
        });
      },
      { timeoutMs: 20_000, over: { silenceMs: 20_000 } },
    );
    expect(fault.detail).to.match(/^the host asks and does not read the answers/);
  });

  const results: readonly (readonly [string, NonNullable<Manners['exec']>, Partial<RemoteResult>, Ask?])[] = [
    [
      'keeps the exit status when the connection breaks after it',
      (accept, _, { socket }) => {
        const channel = accept();
        channel.write('done');
        channel.exit(4);
        setTimeout(() => socket.resetAndDestroy(), 50);
      },
      { exitCode: 4, truncated: true, stdout: Buffer.from('done') },
    ],
    [
      'keeps the exit status when the host says goodbye in the same breath',
      (accept, _, { raw, socket }) => {
        socket.cork();
        const channel = accept();
        channel.write('done');
        raw.exitStatus(0, 5);
        raw.channelClose(0);
        raw.disconnect(2);
        socket.uncork();
      },
      { exitCode: 5, truncated: false, stdout: Buffer.from('done') },
    ],
    [
      'keeps the exit status when output goes on after it',
      (accept) => {
        const channel = accept();
        channel.exit(6);
        pour(channel, Buffer.alloc(1_000));
      },
      { exitCode: 6, truncated: true },
      { timeoutMs: 500 },
    ],
    [
      'survives output after the end of output',
      (accept, _, { raw }) => {
        const channel = accept();
        channel.eof();
        raw.channelData(0, Buffer.from('late'));
        raw.channelExtData(0, Buffer.from('late'), 1);
        raw.exitStatus(0, 0);
        raw.channelClose(0);
      },
      { exitCode: 0 },
    ],
    [
      'takes a signal of any name',
      (accept, _, { raw, send }) => {
        accept();
        send(exitSignal('boom@example.com'));
        raw.channelClose(0);
      },
      { exitCode: null, signal: 'boom@example.com' },
    ],
    [
      'takes no name that is none',
      (accept, _, { raw, send }) => {
        accept();
        send(exitSignal('\n\x1b[2J'));
        raw.channelClose(0);
      },
      { exitCode: null, signal: 'UNKNOWN' },
    ],
    [
      'tells an exit status of 32 bits with its sign',
      (accept, _, { raw }) => {
        accept();
        raw.exitStatus(0, 0xffffffff);
        raw.channelClose(0);
      },
      { exitCode: -1 },
    ],
    [
      'takes the first exit status alone',
      (accept, _, { raw }) => {
        accept();
        raw.exitStatus(0, 1);
        raw.exitStatus(0, 0);
        raw.channelClose(0);
      },
      { exitCode: 1 },
    ],
    [
      'calls output of exactly the bound complete',
      saysDone,
      { truncated: false, stdout: Buffer.from('done') },
      { maxBytes: 4 },
    ],
    [
      'calls output beyond the bound truncated',
      saysDone,
      { truncated: true, stdout: Buffer.from('don') },
      { maxBytes: 3 },
    ],
  ];
  for (const [title, exec, result, ask] of results) {
    it(title, async () => {
      await against({ exec }, async (server) => {
        expect(await within(4_000, async () => run(server, ask))).to.deep.include(result);
      });
    });
  }
});
