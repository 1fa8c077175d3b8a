import { carryOut, commandOf } from './commands/index.ts';
import { refused, type Answer, type Device } from './commands/command.ts';
import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';
import { logins } from './login.ts';
import { decodeRequest, encodeResponse, type Request } from './message.ts';
import * as packets from './packet.ts';
import { pong, rmcpClass } from './rmcp.ts';
import type { Peer, Session } from './sessions.ts';

interface Reply {
  /** What was answered, as faults name it. */
  readonly step: string;
  readonly datagram: Buffer;
}

interface Done {
  readonly step: string;
  readonly message: Buffer;
}

/** Answers one datagram; null to what a BMC passes over in silence. Throws for no input. */
export type Responder = (datagram: Buffer, peer: Peer) => Reply | null;

/** As many answers are kept for retransmissions: ipmitool's shell reuses a sequence number after 64 commands, within milliseconds. */
const rememberedAnswers = 8;

const { payloadTypes } = packets;

export const responder = (device: Device, ledger: Ledger, faults: Faults): Responder => {
  const login = logins(device, ledger, faults);

  const execute = (request: Request, session: Session | null): Done => {
    const { netfn, code, data } = request;
    const { name, command } = commandOf(netfn, code);
    const forced = faults.take('completion-code', name);
    const answer: Answer = forced === null ? carryOut(command, data, device, session) : refused(forced.code);
    const { completion } = answer;
    const user = session?.user.name ?? null;
    ledger.add({ command: name, netfn, code, data: Buffer.from(data), completion, user, at: new Date() });
    const said = faults.take('wrong-data', name)?.data ?? answer.data;
    return { step: name, message: encodeResponse(request, completion, said) };
  };

  const executeOnce = (message: Buffer, session: Session): Done | null => {
    const before = session.answered.find((answered) => answered.request.equals(message));
    if (before !== undefined) return before;
    const request = decodeRequest(message);
    if (request === null) return null;
    if (faults.take('drop-requests', commandOf(request.netfn, request.code).name) !== null) return null;
    const done = execute(request, session);
    session.answered.push({ ...done, request: Buffer.from(message) });
    if (session.answered.length > rememberedAnswers) session.answered.shift();
    return done;
  };

  const inSession = (datagram: Buffer, packet: packets.Packet): Reply | null => {
    const session = device.sessions.find(packet.sessionId);
    if (session === undefined || packet.payloadType !== payloadTypes.ipmi) return null;
    const message = packets.unseal(datagram, packet, session.keys);
    if (message === null || !session.window.admit(packet.sequence)) return null;
    device.sessions.touch(session);
    const done = executeOnce(message, session);
    if (done === null) return null;
    session.sent += 1;
    const sealed = packets.seal(payloadTypes.ipmi, session.consoleId, session.sent, done.message, session.keys);
    return { step: done.step, datagram: sealed };
  };

  const outsideSession = (message: Buffer, encode: (response: Buffer) => Buffer): Reply | null => {
    const request = decodeRequest(message);
    if (request === null) return null;
    const done = execute(request, null);
    return { step: done.step, datagram: encode(done.message) };
  };

  const setUp = (packet: packets.Packet, peer: Peer): Reply | null => {
    const { payload } = packet;
    switch (packet.payloadType) {
      case payloadTypes.ipmi:
        return outsideSession(payload, (response) => packets.encodePlain(payloadTypes.ipmi, response));
      case payloadTypes.openSessionRequest:
        return plain('open-session', payloadTypes.openSessionResponse, login.openSession(payload, peer));
      case payloadTypes.rakp1:
        return plain('rakp-1', payloadTypes.rakp2, login.rakp1(payload));
      case payloadTypes.rakp3:
        return plain('rakp-3', payloadTypes.rakp4, login.rakp3(payload));
      default:
        return null;
    }
  };

  return (datagram, peer) => {
    switch (rmcpClass(datagram)) {
      case 'other':
        return null;
      case 'asf': {
        const answer = pong(datagram);
        return answer === null ? null : { step: 'presence-ping', datagram: answer };
      }
      case 'ipmi': {
        if (!packets.isPlus(datagram)) {
          const message = packets.decodeLegacy(datagram);
          return message === null ? null : outsideSession(message, packets.encodeLegacy);
        }
        const packet = packets.decodePlus(datagram);
        if (packet === null) return null;
        return packet.sessionId === 0 ? setUp(packet, peer) : inSession(datagram, packet);
      }
    }
  };
};

const plain = (step: string, type: number, payload: Buffer | null): Reply | null =>
  payload === null ? null : { step, datagram: packets.encodePlain(type, payload) };
