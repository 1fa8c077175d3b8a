import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import ssh2 from 'ssh2';
import type { Algorithms } from 'ssh2';
import { ssh } from '../../src/adapters/ssh.ts';
import type { FaultCode } from '../../src/domain/fault.ts';
import {
  options,
  privateKey,
  publicKey,
  run,
  using,
  against,
  within,
  ended,
  inOneBreath,
  repeat,
  pour,
} from '../support/against-host.ts';
import { faultOf } from '../support/fault-of.ts';
import { newHostKey, parsed, publicLine, startTcp } from '../support/hostile-sshd.ts';
import type { Manners, Visit } from '../support/hostile-sshd.ts';

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
