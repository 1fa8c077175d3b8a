import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Device } from '../support/bmc/commands/command.ts';
import { deviceFor } from '../support/bmc/device.ts';
import { faults, type Faults } from '../support/bmc/faults.ts';
import { ipmitool } from '../support/bmc/ipmitool.ts';
import { ledger, type Ledger } from '../support/bmc/ledger.ts';
import { decodeResponse, encodeRequest } from '../support/bmc/message.ts';
import { defaultOptions, type BmcUser } from '../support/bmc/options.ts';
import { decodePlus, encodePlain, payloadTypes, seal, unseal, type Keys } from '../support/bmc/packet.ts';
import { responder, type Responder } from '../support/bmc/responder.ts';
import type { Session } from '../support/bmc/sessions.ts';
import { startBmcSimulator } from '../support/bmc/simulator.ts';
import { cipherSuites } from '../support/bmc/suites.ts';

const peer = { address: '127.0.0.1', port: 40_000 };
const admin: BmcUser = { name: 'admin', password: 'secret', privilege: 'administrator' };
const suite = cipherSuites[17];
const keys: Keys = { suite, integrity: randomBytes(32), confidentiality: randomBytes(16) };

interface Bench {
  readonly device: Device;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly respond: Responder;
  /** Open since just now, its keys known. */
  readonly session: Session;
}

const bench = (): Bench => {
  const options = { ...defaultOptions, users: [admin] };
  const device = deviceFor(options);
  const { sessions, accounts } = device;
  const user = accounts.at(2);
  if (user === undefined) throw new Error('there is no such user');
  const none = Buffer.alloc(0);
  const login = sessions.begin(suite, 0xa0a2a3a4, peer);
  if (login === null) throw new Error('the table is full');
  const challenge = { user, role: admin.privilege, rakp1: none, rakp2: none, expected: none, proof: none, keys };
  sessions.activate(login, challenge, none, none);
  const session = sessions.find(login.id);
  if (session === undefined) throw new Error('the session is not open');
  session.privilege = 'administrator';
  const own = { ledger: ledger(), faults: faults() };
  return { device, ...own, respond: responder(device, own.ledger, own.faults), session };
};

const request = (netfn: number, code: number, data: ArrayLike<number>, sequence = 1): Buffer =>
  encodeRequest({ netfn, code, lun: 0, requester: 0x81, sequence, data: Buffer.from(Array.from(data)) });
const packet = (session: Session, sequence: number, message: Buffer): Buffer =>
  seal(payloadTypes.ipmi, session.id, sequence, message, keys);
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

describe('the BMC simulator, among hostile packets', () => {
  it('throws for no bytes at all', () => {
    const { respond } = bench();
    fc.assert(
      fc.property(bytes(400), (datagram) => void respond(Buffer.from(datagram), peer)),
      { numRuns: 2000 },
    );
  });

  it('throws for no RMCP packet, whatever its session format, payload type and content', () => {
    const { respond, session } = bench();
    const types = fc.constantFrom(...Object.values(payloadTypes), 0xc0, 0x40, 0x80, 0x02, 0x3f);
    const ids = fc.constantFrom(0, session.id, 0xffffffff);
    fc.assert(
      fc.property(types, ids, bytes(120), fc.boolean(), (type, id, payload, isLengthTrue) => {
        const datagram = encodePlain(type, Buffer.from(payload));
        datagram.writeUInt32LE(id, 6);
        if (!isLengthTrue) datagram.writeUInt16LE(0xfff0, 14);
        respond(datagram, peer);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(bytes(60), (rest) => void respond(Buffer.from([6, 0, 255, 7, 0, ...rest]), peer)));
    fc.assert(fc.property(bytes(60), (rest) => void respond(Buffer.from([6, 0, 255, 6, ...rest]), peer)));
  });

  it('answers every authentic request with a completion code, whatever the command and its data', () => {
    const commands = fc.constantFrom(
      [0x06, 0x3b],
      [0x06, 0x3d],
      [0x06, 0x38],
      [0x06, 0x54],
      [0x00, 0x02],
      [0x00, 0x08],
      [0x00, 0x09],
      [0x00, 0x04],
    );
    const anything = fc.tuple(
      fc.nat({ max: 31 }).map((half) => half * 2),
      fc.nat({ max: 255 }),
    );
    fc.assert(
      fc.property(fc.oneof(commands, anything), bytes(40), ([netfn = 0, code = 0], data) => {
        const { respond, session } = bench();
        const reply = respond(packet(session, 1, request(netfn, code, data)), peer);
        const answered = reply === null ? null : decodePlus(reply.datagram);
        const message = reply === null || answered === null ? null : unseal(reply.datagram, answered, keys);
        const response = message === null ? null : decodeResponse(message);
        expect(response).to.include({ netfn: netfn + 1, code, sequence: 1 });
        expect(response?.completion).to.be.within(0, 255);
      }),
    );
  });

  it('passes over a session packet with any one bit changed', () => {
    const { respond, session, ledger: record } = bench();
    const good = packet(session, 1, request(0x00, 0x02, [1]));
    // RMCP's own four bytes are not signed.
    for (let bit = 4 * 8; bit < good.length * 8; bit += 1) {
      const bad = Buffer.from(good);
      bad[bit >> 3] = bad.readUInt8(bit >> 3) ^ (1 << (bit & 7));
      expect(respond(bad, peer), `bit ${bit}`).to.equal(null);
    }
    expect(record.executed()).to.deep.equal([]);
    expect(respond(good, peer)).not.to.equal(null);
  });

  it('passes over an authentic message that is a response, or to another than the BMC', () => {
    const { respond, session, ledger: record } = bench();
    expect(respond(packet(session, 1, request(0x07, 0x01, [])), peer)).to.equal(null);
    const elsewhere = request(0x06, 0x01, []);
    // One more in the address, one less in its checksum.
    elsewhere.set([0x21, elsewhere.readUInt8(1), elsewhere.readUInt8(2) - 1]);
    expect(respond(packet(session, 2, elsewhere), peer)).to.equal(null);
    expect(record.executed()).to.deep.equal([]);
  });

  it('passes over a packet sent again, one too old and one too far ahead', () => {
    const { respond, session, ledger: record } = bench();
    const send = (sequence: number): boolean =>
      respond(packet(session, sequence, request(0x06, 0x01, [], sequence & 63)), peer) !== null;
    const sent = [1, 1, 16, 2, 2, 20, 3, 4, 36, 35, 0];
    const heard = [true, false, true, true, false, true, false, true, false, true, false];
    expect(sent.map(send)).to.deep.equal(heard);
    expect(record.count('get-device-id')).to.equal(heard.filter(Boolean).length);
  });

  it('answers a repeated request as before, and carries out a new one with the same number', () => {
    const { respond, session, device, ledger: record } = bench();
    const send = (sequence: number, data: readonly number[], rq: number): void =>
      void respond(packet(session, sequence, request(0x00, 0x02, data, rq)), peer);
    send(1, [1], 5);
    send(2, [0], 6);
    send(3, [1], 5);
    expect(device.chassis.power).to.equal('off');
    expect(record.count('chassis-control')).to.equal(2);
    send(4, [1], 6);
    expect(device.chassis.power).to.equal('on');
    expect(record.count('chassis-control')).to.equal(3);
  });

  it('carries out the same request again when its number has come round', () => {
    const { respond, session, ledger: record } = bench();
    for (let sequence = 1; sequence <= 128; sequence += 1) {
      respond(packet(session, sequence, request(0x06, 0x01, [], sequence & 63)), peer);
    }
    expect(record.count('get-device-id')).to.equal(128);
  });

  it('refuses outside a session all but what may be asked there', () => {
    const { respond, device, ledger: record } = bench();
    respond(encodePlain(payloadTypes.ipmi, request(0x00, 0x02, [1])), peer);
    expect(record.executed()).to.have.length(1);
    expect(record.executed()[0]).to.include({ command: 'chassis-control', completion: 0xd4, user: null });
    expect(device.chassis.power).to.equal('off');
  });

  it('goes on serving after a storm over UDP', async () => {
    await using bmc = await startBmcSimulator();
    await using tool = await ipmitool();
    const socket = createSocket('udp4');
    const sizes = [0, 1, 3, 4, 5, 15, 16, 17, 31, 64, 1400, 9000, 65_507];
    for (const size of sizes) socket.send(randomBytes(size), bmc.port, bmc.address);
    for (const size of sizes)
      socket.send(Buffer.concat([Buffer.from([6, 0, 255, 7, 6]), randomBytes(size % 9000)]), bmc.port, bmc.address);
    while (bmc.packets.received < 2 * sizes.length) await sleep(2);
    socket.close();
    expect(await tool.run(bmc, ['chassis', 'power', 'status'])).to.include({ rc: 0, stdout: 'Chassis Power is off\n' });
  });
});
