import { randomBytes } from 'node:crypto';
import type { Slot } from './accounts.ts';
import type { Device } from './commands/command.ts';
import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';
import { lower, privilegeNumber, privilegeOf, suffices } from './privilege.ts';
import { keyExchange, le32 } from './rakp.ts';
import type { Challenge, Login, Peer } from './sessions.ts';
import { chooseSuite } from './suites.ts';

/** RMCP+ and RAKP message status codes (IPMI 2.0 table 13-15). */
const statuses = {
  noErrors: 0x00,
  insufficientResources: 0x01,
  invalidSessionId: 0x02,
  unauthorizedRole: 0x09,
  unauthorizedName: 0x0d,
  invalidIntegrityCheck: 0x0f,
} as const;

/** Each takes a payload and gives the one that answers it; null: no answer. */
export interface Logins {
  openSession(payload: Buffer, peer: Peer): Buffer | null;
  rakp1(payload: Buffer): Buffer | null;
  rakp3(payload: Buffer): Buffer | null;
}

/** The way into a session (IPMI 2.0 §13.17 to §13.23). */
export const logins = (device: Device, ledger: Ledger, faults: Faults): Logins => {
  const { options, accounts, sessions, guid } = device;

  const isLocked = (user: Slot): boolean =>
    options.lockOutAfter !== null && ledger.logins(user.name).inARow >= options.lockOutAfter;

  const challenge = (login: Login, rakp1: Buffer): Challenge | number => {
    const role = rakp1.readUInt8(24);
    const name = nameIn(rakp1);
    const user = accounts.named(name);
    const held = user === undefined || !user.enabled || !user.messaging || isLocked(user) ? null : user.privilege;
    ledger.noteLogin(name.toString(), 'attempt');
    if (user === undefined || held === null) return statuses.unauthorizedName;
    const wanted = privilegeOf(role & 0x0f);
    const isTooHigh = wanted === null || !suffices(held, wanted);
    if (wanted === null || (isTooHigh && options.refusesPrivilegeAt === 'login')) return statuses.unauthorizedRole;
    const { suite, consoleId, id: bmcId } = login;
    const consoleRandom = rakp1.subarray(8, 24);
    const bmcRandom = randomBytes(16);
    const { password } = user;
    const codes = keyExchange({ suite, consoleId, bmcId, consoleRandom, bmcRandom, guid, role, name, password });
    return {
      user,
      role: lower(held, wanted),
      rakp1: Buffer.from(rakp1),
      rakp2: answer(rakp1, statuses.noErrors, consoleId, bmcRandom, guid, codes.rakp2),
      expected: codes.rakp3,
      proof: codes.rakp4,
      keys: codes.keys,
    };
  };

  return {
    openSession(payload, peer) {
      if (payload.length < 32) return null;
      const consoleId = payload.readUInt32LE(4);
      const authentication = payload.readUInt8(12);
      const integrity = payload.readUInt8(20);
      const confidentiality = payload.readUInt8(28);
      const suite = chooseSuite(options.suites, { authentication, integrity, confidentiality });
      if (typeof suite === 'number') return answer(payload, suite, consoleId);
      const isFull = faults.take('refuse-sessions') !== null;
      const login = isFull ? null : sessions.begin(suite, consoleId, peer);
      if (login === null) return answer(payload, statuses.insufficientResources, consoleId);
      const accepted = answer(payload, statuses.noErrors, consoleId, le32(login.id), payload.subarray(8, 32));
      accepted[2] = payload.readUInt8(1) & 0x0f || privilegeNumber('administrator');
      return accepted;
    },

    rakp1(payload) {
      if (payload.length < 28 || payload.length < 28 + payload.readUInt8(27) || payload.readUInt8(27) > 16) return null;
      const login = sessions.login(payload.readUInt32LE(4));
      if (login === undefined) return answer(payload, statuses.invalidSessionId, 0);
      if (login.challenge?.rakp1.equals(payload) === true) return login.challenge.rakp2;
      const made = challenge(login, payload);
      if (typeof made !== 'number') {
        login.challenge = made;
        return made.rakp2;
      }
      ledger.noteLogin(nameIn(payload).toString(), 'refused');
      sessions.abandon(login);
      return answer(payload, made, login.consoleId);
    },

    rakp3(payload) {
      if (payload.length < 8) return null;
      const id = payload.readUInt32LE(4);
      const again = sessions.find(id);
      if (again?.rakp3.equals(payload) === true) return again.rakp4;
      const login = sessions.login(id);
      if (login === undefined || login.challenge === null) return answer(payload, statuses.invalidSessionId, 0);
      const { user, expected, proof } = login.challenge;
      const isRefusedByConsole = payload[1] !== statuses.noErrors;
      if (isRefusedByConsole || !expected.equals(payload.subarray(8))) {
        ledger.noteLogin(user.name, 'refused');
        sessions.abandon(login);
        return isRefusedByConsole ? null : answer(payload, statuses.invalidIntegrityCheck, login.consoleId);
      }
      ledger.noteLogin(user.name, 'accepted');
      const accepted = answer(payload, statuses.noErrors, login.consoleId, proof);
      sessions.activate(login, login.challenge, Buffer.from(payload), accepted);
      return accepted;
    },
  };
};

const nameIn = (rakp1: Buffer): Buffer => rakp1.subarray(28, 28 + rakp1.readUInt8(27));

/** All four answers begin alike: the tag of what is answered, the status, and the console's session id. */
const answer = (payload: Buffer, status: number, consoleId: number, ...rest: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([payload.readUInt8(0), status, 0, 0]), le32(consoleId), ...rest]);
