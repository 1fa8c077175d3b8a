import { createCipheriv, createHmac } from 'node:crypto';
import { expect } from 'chai';
import type { Device } from '../support/bmc/commands/command.ts';
import { deviceFor } from '../support/bmc/device.ts';
import { faults } from '../support/bmc/faults.ts';
import { ledger, type Ledger } from '../support/bmc/ledger.ts';
import { decodeResponse, encodeRequest } from '../support/bmc/message.ts';
import { defaultOptions, type BmcOptions } from '../support/bmc/options.ts';
import { decodePlus, encodePlain, payloadTypes, seal, unseal, type Keys } from '../support/bmc/packet.ts';
import { keyExchange, le32, type Codes } from '../support/bmc/rakp.ts';
import { responder, type Responder } from '../support/bmc/responder.ts';
import { cipherSuites } from '../support/bmc/suites.ts';

const suite = cipherSuites[17];
const consoleId = 0x01020304;
const guid = Buffer.alloc(16, 0x77);
const name = Buffer.from('admin');
const peer = { address: '127.0.0.1', port: 40_000 };

/** A console that does what no good one would: ipmitool cannot be made to. */
describe('a login to the BMC simulator, step by step', () => {
  let device: Device;
  let record: Ledger;
  let respond: Responder;

  const start = (given: Partial<BmcOptions> = {}): void => {
    const options = { ...defaultOptions, ...given };
    device = { ...deviceFor(options), guid };
    record = ledger();
    respond = responder(device, record, faults());
  };
  beforeEach(() => start());

  /** The payload that answers one; null for none. */
  const ask = (type: number, payload: Buffer): Buffer | null => {
    const reply = respond(encodePlain(type, payload), peer);
    return reply === null ? null : (decodePlus(reply.datagram)?.payload ?? null);
  };
  const open = (): number => {
    const algorithms = [suite.authentication, suite.integrity, suite.confidentiality];
    const blocks = algorithms.flatMap((algorithm, type) => [type, 0, 0, 8, algorithm, 0, 0, 0]);
    const answer = ask(
      payloadTypes.openSessionRequest,
      Buffer.concat([Buffer.alloc(4), le32(consoleId), Buffer.from(blocks)]),
    );
    expect(answer?.[1]).to.equal(0);
    return answer?.readUInt32LE(8) ?? 0;
  };
  const rakp1 = (bmcId: number, role = 0x14): Buffer =>
    Buffer.concat([Buffer.alloc(4), le32(bmcId), Buffer.alloc(16, 0x42), Buffer.from([role, 0, 0, name.length]), name]);
  /** What the console computes from RAKP 2. */
  const codesOf = (bmcId: number, rakp2: Buffer | null, password = 'adm1n-Secret', role = 0x14): Codes => {
    const bmcRandom = rakp2?.subarray(8, 24) ?? Buffer.alloc(16);
    const consoleRandom = Buffer.alloc(16, 0x42);
    return keyExchange({ suite, consoleId, bmcId, consoleRandom, bmcRandom, guid, role, name, password });
  };
  const rakp3 = (bmcId: number, code: Buffer, status = 0): Buffer =>
    Buffer.concat([Buffer.from([0, status, 0, 0]), le32(bmcId), code]);
  const logIn = (): { readonly id: number; readonly keys: Keys } => {
    const id = open();
    const codes = codesOf(id, ask(payloadTypes.rakp1, rakp1(id)));
    expect(ask(payloadTypes.rakp3, rakp3(id, codes.rakp3))?.[1]).to.equal(0);
    return { id, keys: codes.keys };
  };

  it('ends in a session whose keys both sides have, at privilege User', () => {
    const { id, keys } = logIn();
    const message = encodeRequest({ netfn: 0, code: 2, lun: 0, requester: 0x81, sequence: 1, data: Buffer.from([1]) });
    const reply = respond(seal(payloadTypes.ipmi, id, 1, message, keys), peer);
    const packet = reply === null ? null : decodePlus(reply.datagram);
    const response = reply === null || packet === null ? null : unseal(reply.datagram, packet, keys);
    expect(packet?.sessionId).to.equal(consoleId);
    expect(response === null ? null : decodeResponse(response)).to.include({ netfn: 1, code: 2, completion: 0xd4 });
    expect(device.sessions.list()).to.have.length(1);
    expect(record.logins('admin')).to.deep.equal({ attempts: 1, accepted: 1, refused: 0, inARow: 0 });
  });

  it('is refused at RAKP 3 to a console that does not know the password', () => {
    const id = open();
    const { rakp3: code } = codesOf(id, ask(payloadTypes.rakp1, rakp1(id)), 'guess');
    expect(ask(payloadTypes.rakp3, rakp3(id, code))?.toString('hex')).to.equal('000f000004030201');
    expect(device.sessions.list()).to.deep.equal([]);
    expect(record.logins('admin')).to.deep.equal({ attempts: 1, accepted: 0, refused: 1, inARow: 1 });
    expect(ask(payloadTypes.rakp3, rakp3(id, code))?.[1]).to.equal(0x02);
  });

  it('ends without an answer when the console says that RAKP 2 was wrong', () => {
    start({ maxSessions: 1 });
    const id = open();
    ask(payloadTypes.rakp1, rakp1(id));
    expect(ask(payloadTypes.rakp3, rakp3(id, Buffer.alloc(0), 0x0f))).to.equal(null);
    expect(record.logins('admin')).to.include({ accepted: 0, refused: 1 });
    open();
  });

  it('answers a repeated step as before', () => {
    const id = open();
    const first = ask(payloadTypes.rakp1, rakp1(id));
    expect(ask(payloadTypes.rakp1, rakp1(id))).to.deep.equal(first);
    const { rakp3: code } = codesOf(id, first);
    const last = ask(payloadTypes.rakp3, rakp3(id, code));
    expect(ask(payloadTypes.rakp3, rakp3(id, code))).to.deep.equal(last);
    expect(device.sessions.list()).to.have.length(1);
    expect(record.logins('admin')).to.include({ attempts: 1, accepted: 1 });
  });

  it('takes no second slot when the console opens again for want of an answer', () => {
    start({ maxSessions: 1 });
    open();
    open();
  });

  it('does not skip RAKP 1', () => {
    const id = open();
    expect(ask(payloadTypes.rakp3, rakp3(id, Buffer.alloc(32)))?.[1]).to.equal(0x02);
    expect(device.sessions.list()).to.deep.equal([]);
  });

  it('is refused a role that is none', () => {
    const id = open();
    expect(ask(payloadTypes.rakp1, rakp1(id, 0x1f))?.[1]).to.equal(0x09);
  });

  it('passes over messages that say they are longer than they are', () => {
    const id = open();
    const short = rakp1(id).subarray(0, -1);
    expect(ask(payloadTypes.rakp1, short)).to.equal(null);
    const cut = encodePlain(payloadTypes.rakp1, rakp1(id));
    cut.writeUInt16LE(cut.readUInt16LE(14) + 1, 14);
    expect(respond(cut, peer)).to.equal(null);
    expect(ask(payloadTypes.openSessionRequest, Buffer.alloc(31))).to.equal(null);
    expect(record.logins('admin').attempts).to.equal(0);
  });

  it('passes over an authentic packet with wrong padding', () => {
    const { id, keys } = logIn();
    const send = (sequence: number, padding: readonly number[]): boolean =>
      respond(sealedAs(id, sequence, Buffer.from(padding), keys), peer) !== null;
    expect(send(1, [1, 2, 3, 4, 5, 6, 7, 8, 8])).to.equal(true);
    expect(send(2, [1, 2, 3, 4, 5, 6, 7, 9, 8])).to.equal(false);
    expect(send(3, [1, 2, 3, 4, 5, 6, 7, 8, 200])).to.equal(false);
  });
});

/** A Get Device ID of seven bytes, padded as told to sixteen. */
const sealedAs = (id: number, sequence: number, padding: Buffer, keys: Keys): Buffer => {
  const message = encodeRequest({ netfn: 6, code: 1, lun: 0, requester: 0x81, sequence, data: Buffer.alloc(0) });
  const vector = Buffer.alloc(16);
  const cipher = createCipheriv('aes-128-cbc', keys.confidentiality, vector).setAutoPadding(false);
  const payload = Buffer.concat([vector, cipher.update(Buffer.concat([message, padding]))]);
  const head = encodePlain(payloadTypes.ipmi | 0xc0, payload);
  head.writeUInt32LE(id, 6);
  head.writeUInt32LE(sequence, 10);
  const signed = Buffer.concat([head, Buffer.from([0xff, 0xff, 2, 7])]);
  const mac = createHmac('sha256', keys.integrity).update(signed.subarray(4)).digest();
  return Buffer.concat([signed, mac.subarray(0, 16)]);
};
