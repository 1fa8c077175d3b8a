import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Fault } from '../../src/domain/fault.ts';
import type { RemoteResult } from '../../src/ports/remote.ts';
import { run, against, within, ended, saysDone, repeat, pour, flood } from '../support/against-host.ts';
import type { Ask } from '../support/against-host.ts';
import { faultOf } from '../support/fault-of.ts';
import type { Manners } from '../support/hostile-sshd.ts';

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

describe('Remote once the command is sent', () => {
  /** Whatever becomes of it, it was sent once. */
  const unknown = async (exec: NonNullable<Manners['exec']>, ask: Ask = {}): Promise<Fault> => {
    let fault: Fault | undefined;
    await against({ exec }, async (server) => {
      fault = await within(25_000, async () => faultOf(run(server, ask)));
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
