import { expect } from 'chai';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Fault } from '../../src/domain/fault.ts';
import { probe } from '../../src/drivers/ipmi/probe.ts';
import { startBmcSimulator } from '../support/bmc/simulator.ts';
import { faultOf } from '../support/fault-of.ts';
import { bmc } from '../support/parts.ts';
import { silentPort } from './held.ts';
import { call } from './peer.ts';

const took = async <T>(what: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> => {
  const began = performance.now();
  const result = await what;
  return { result, ms: performance.now() - began };
};

/** Something at a port that answers whatever it hears with those bytes. */
const answering = async (make: (heard: Buffer) => Buffer): Promise<AsyncDisposable & { readonly port: number }> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (heard, { port, address }) => socket.send(make(heard), port, address, () => undefined));
  return { port: socket.address().port, [Symbol.asyncDispose]: async () => void socket.close() };
};

describe('the probe of a BMC', () => {
  it('finds our own, over IPv6 as well, and opens no session', async () => {
    for (const address of ['127.0.0.1', '::1']) {
      await using sim = await startBmcSimulator({ address, maxSessions: 0 });
      expect(await probe(sim, call)).to.equal(true);
      expect(sim.packets.received).to.equal(1);
      expect(sim.logins('admin').attempts).to.equal(0);
    }
  });

  it('finds ipmi_sim', async () => {
    expect(await probe(await bmc('probed'), call)).to.equal(true);
  });

  it('finds one that refuses the question, and one that hears it the third time', async () => {
    await using sim = await startBmcSimulator();
    sim.inject({ kind: 'completion-code', to: 'get-channel-authentication-capabilities', code: 0xc1 });
    expect(await probe(sim, call)).to.equal(true);
    sim.inject({ kind: 'drop-packets', times: 2 });
    const { result, ms } = await took(probe(sim, call));
    expect(result).to.equal(true);
    expect(ms).to.be.within(740, 1500);
  });

  it('gives up after two and a half seconds of silence, and at once when the host says that nobody listens', async () => {
    await using silence = await silentPort();
    const silent = await took(probe({ address: '127.0.0.1', port: silence.port }, call));
    expect(silent.result).to.equal(false);
    expect(silent.ms).to.be.within(2400, 3500);
    const closed = await silentPort();
    await closed[Symbol.asyncDispose]();
    const refused = await took(probe({ address: '127.0.0.1', port: closed.port }, call));
    expect(refused.result).to.equal(false);
    expect(refused.ms).to.be.lessThan(1000);
  });

  it('takes for a BMC neither an echo, nor half an answer, nor one with a wrong checksum, nor noise', async () => {
    const right = Buffer.from('0600ff0700000000000000000010811c6320003800018004020000000021', 'hex');
    await using sound = await answering(() => right);
    expect(await probe({ address: '127.0.0.1', port: sound.port }, call)).to.equal(true);
    const wrong: readonly ((heard: Buffer) => Buffer)[] = [
      (heard) => heard,
      () => right.subarray(0, 18),
      () => Buffer.concat([right.subarray(0, -1), Buffer.from([0x22])]),
      () => Buffer.alloc(1400, 0x5a),
      () => Buffer.alloc(0),
    ];
    await Promise.all(
      wrong.map(async (make) => {
        await using peer = await answering(make);
        expect(await probe({ address: '127.0.0.1', port: peer.port }, call)).to.equal(false);
      }),
    );
  });

  it('is ended by its signal, with the reason', async () => {
    await using silence = await silentPort();
    const abort = new AbortController();
    const ended = faultOf(probe({ address: '127.0.0.1', port: silence.port }, { signal: abort.signal }));
    abort.abort(new Fault('stopping'));
    expect((await ended).code).to.equal('stopping');
    expect((await faultOf(probe({ address: '127.0.0.1', port: 1 }, { signal: abort.signal }))).code).to.equal(
      'stopping',
    );
  });

  it('asks two hundred at once', async () => {
    await using sim = await startBmcSimulator();
    const found = await Promise.all(
      Array.from({ length: 200 }, async () => probe(sim, { signal: AbortSignal.timeout(9000) })),
    );
    expect(found.every((each) => each)).to.equal(true);
  });
});
