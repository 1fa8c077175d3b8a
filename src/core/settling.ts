import type { Controller, Credential } from '../domain/controller.ts';
import { asFault, Fault } from '../domain/fault.ts';
import { Secret } from '../domain/secret.ts';
import type { Connection, Driver } from '../ports/controller.ts';
import type { Candidate, PendingCredential, PendingCredentials } from '../ports/pending-credentials.ts';
import type { Controllers, Log, Reach } from '../ports/services.ts';

/**
 * Finds out which password holds, where a rotation ended without an answer: its BMC fell silent, or its replica died. Each
 * that is on record is offered once; the first that lets in is kept, and the others are dropped.
 */
export interface Settling {
  /** Resolves when no rotation of this process is under way there: a login would come between its steps. */
  quiet(controllerId: string): Promise<void>;
  /**
   * Before a login with what is on record. True: that has to be read anew. Faults: those of logging in;
   * `controller-login-refused` when none of them was taken.
   */
  settle(controllerId: string, signal: AbortSignal): Promise<boolean>;
  /** Does a rotation's work; logins with what is on record wait for its end. */
  during<T>(controllerId: string, work: () => Promise<T>): Promise<T>;
}

export interface SettlingPorts {
  readonly pending: PendingCredentials;
  readonly controllers: Pick<Controllers, 'endpoint'>;
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly reach: Reach;
  readonly log: Log;
}

/** For one login. */
const loginMs = 20_000;

export const settling = (ports: SettlingPorts): Settling => {
  const { pending, controllers, log } = ports;
  const live = new Map<string, Promise<unknown>>();

  const settle: Settling['settle'] = async (id, signal) => {
    if ((await pending.get(id)) === null) return false;
    await pending.alone(id, async () => {
      const endpoint = await controllers.endpoint(id);
      const found = await pending.get(id);
      if (endpoint === null || found === null) return;
      for (const candidate of await candidates(id, found, pending)) {
        const credential = credentialOf(candidate, found, endpoint.credential);
        if (await isTaken(ports, endpoint.controller, credential, signal)) {
          await pending.settle(id, found.actId, candidate);
          log.info({ controller: id, act: found.actId, holds: candidate }, 'credential.settled');
          return;
        }
        await pending.refuse(id, found.actId, candidate);
      }
      log.warn({ controller: id, act: found.actId }, 'credential.unsettled');
      throw new Fault(
        'controller-login-refused',
        'it takes neither the password before nor the one that a rotation left on record; set one that holds',
      );
    });
    return true;
  };

  return {
    async quiet(id) {
      for (let work = live.get(id); work !== undefined; work = live.get(id)) {
        await work.catch(() => undefined);
      }
    },
    // What a rotation of this process has on record is for that one to settle.
    settle: async (id, signal) => (live.has(id) ? false : settle(id, signal)),
    async during(id, work) {
      // What an earlier one has left comes first.
      await settle(id, AbortSignal.timeout(3 * loginMs));
      const done = work();
      live.set(id, done);
      try {
        return await done;
      } finally {
        if (live.get(id) === done) live.delete(id);
      }
    },
  };
};

/** The likeliest first. Once all were refused, whoever lets it be tried again means all of them. */
const candidates = async (
  id: string,
  { actId, isShort, isOvertaken, refused }: PendingCredential,
  pending: PendingCredentials,
): Promise<readonly Candidate[]> => {
  const made: readonly Candidate[] = isShort ? ['short', 'whole'] : ['whole', 'short'];
  const [likely, unlikely] = made as [Candidate, Candidate];
  const order: readonly Candidate[] = isOvertaken ? ['current', likely, unlikely] : [likely, 'current', unlikely];
  const left = order.filter((candidate) => !refused.includes(candidate));
  if (left.length > 0) return left;
  await pending.forgive(id, actId);
  return order;
};

export const credentialOf = (
  candidate: Candidate,
  { username, password }: Pick<PendingCredential, 'username' | 'password'>,
  current: Credential,
): Credential => {
  if (candidate === 'current') return current;
  return { username, password: candidate === 'whole' ? password : new Secret(password.reveal().slice(0, 16)) };
};

/** Whether it lets in. Every other fault leaves that open. */
const isTaken = async (
  { drivers, reach }: SettlingPorts,
  { driver: name, address: host, port, options }: Controller,
  credential: Credential,
  signal: AbortSignal,
): Promise<boolean> => {
  const driver = drivers.get(name);
  if (driver === undefined) throw new Fault('controller-unsupported', `there is no driver ${name}`);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(loginMs)]);
  const [address = ''] = await reach.resolve(host, limited).catch((thrown: unknown) => {
    throw new Fault('controller-unreachable', asFault(thrown).detail, { cause: thrown });
  });
  await using connection = driver.open({ address, port, credential, options, shelf: null, purpose: 'changes' });
  return await letsIn(connection, limited);
};

/** Faults: those of logging in, but for a refused login. */
export const letsIn = async (connection: Connection, signal: AbortSignal): Promise<boolean> => {
  try {
    // Where no login stands between calls, a call is one.
    if ((await connection.login({ signal })) === null) {
      if (connection.device.power === undefined)
        throw new Fault('controller-unsupported', 'there is no way to prove a login to it');
      await connection.device.power.get({ signal });
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'controller-login-refused') return false;
    throw thrown;
  }
};
