import { asFault, Fault, told } from '../../domain/fault.ts';
import type { Connection, Driver, Endpoint, Visit } from '../../ports/controller.ts';
import type { SessionJournal, SessionPurpose, Shelves } from '../../ports/broker.ts';
import type { Log, Reach } from '../../ports/services.ts';
import type { Health } from './health.ts';
import type { Holding, Known, Session } from './holding.ts';
import type { Slots } from './slots.ts';

export interface OpeningPorts {
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly reach: Reach;
  readonly shelves: Shelves;
  readonly journal: SessionJournal;
  readonly health: Health;
  readonly log: Log;
  readonly now: () => number;
  readonly isOurs: (held: Holding) => boolean;
  /** Logins under way of this replica: with more at once, each would be slower. */
  readonly logins: Slots;
  /** Questions under way whether anything is there. */
  readonly probes: Slots;
  readonly loggedIn: () => void;
}

/** One session, as it is to be. */
export interface Wanted {
  readonly id: string;
  readonly purpose: SessionPurpose;
  /** What is not as it is on record; then its failures say nothing of the record. */
  readonly change: Visit;
}

/** What was heard of so lately need not be asked whether it is there. */
const freshMs = 5_000;
/** A probe that takes longer has found nothing out, for this host is busy: the login will tell. */
const probeMs = 10_000;

/** Logs in, written down before; whatever fails leaves nothing open. */
export const opener = (ports: OpeningPorts) => {
  const { drivers, reach, shelves, journal, health, log, now, isOurs, logins, probes } = ports;

  const endpointOf = async (
    held: Holding,
    { controller, credential }: Known,
    change: Visit,
    signal: AbortSignal,
  ): Promise<Endpoint> => {
    // Resolved anew at each opening, and the address itself is used: a name cannot be turned elsewhere in between.
    const [address] = await reach.resolve(change.address ?? controller.address, signal).catch((thrown: unknown) => {
      throw new Fault('controller-unreachable', asFault(thrown).detail, { cause: thrown });
    });
    if (address === undefined) throw new Fault('controller-unreachable', `${controller.address} has no address`);
    const { port, options } = controller;
    const shelf = shelves.of(held.id);
    return { port, credential, options, shelf, mayChange: () => isOurs(held), ...change, address };
  };

  /** Cheaper than a login, and a dead controller keeps nobody from logging in elsewhere. */
  const probe = async (held: Holding, driver: Driver, endpoint: Endpoint, signal: AbortSignal): Promise<void> => {
    if (driver.probe === undefined) return;
    await probes.take(signal, held.rank);
    try {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(probeMs)]);
      const isThere = await driver.probe(endpoint, { signal: patience }).catch((thrown: unknown) => {
        if (patience.aborted && !signal.aborted) return true;
        throw thrown;
      });
      if (isThere) return;
    } finally {
      probes.give();
    }
    throw new Fault('controller-unreachable', 'nothing answers there');
  };

  const logIn = async (held: Holding, connection: Connection, wanted: Wanted, signal: AbortSignal) => {
    await logins.take(signal, held.rank);
    try {
      await journal.begin({ id: wanted.id, controllerId: held.id, purpose: wanted.purpose, fence: held.fence });
      const mark = await connection.login({ signal });
      if (mark === null)
        await ended(wanted.id); // nothing stands between its calls
      else await journal.opened(wanted.id, mark);
      return mark;
    } catch (thrown) {
      await connection[Symbol.asyncDispose]();
      await ended(wanted.id);
      throw thrown;
    } finally {
      logins.give();
    }
  };

  const ended = async (id: string): Promise<void> =>
    journal.end(id).catch((error: unknown) => log.warn({ session: id, ...told(error) }, 'session.unsettled'));

  return {
    async open(held: Holding, known: Known, wanted: Wanted, signal: AbortSignal): Promise<Session> {
      const isOnRecord = Object.keys(wanted.change).length === 0;
      const driver = drivers.get(known.controller.driver);
      if (driver === undefined)
        throw new Fault('controller-unsupported', `there is no driver ${known.controller.driver}`);
      try {
        const endpoint = await endpointOf(held, known, wanted.change, signal);
        if (now() - held.heardAt > freshMs || wanted.change.address !== undefined)
          await probe(held, driver, endpoint, signal);
        const attempt = async () => {
          const connection = driver.open({ ...endpoint, purpose: wanted.purpose === 'reads' ? 'reads' : 'changes' });
          return { connection, mark: await logIn(held, connection, wanted, signal) };
        };
        // A packet of a login that is lost is not sent again by itself, and what is lost looks like many things. By a
        // login nothing is changed: where somebody is there, it is tried once more.
        const { connection, mark } = await attempt().catch(async (thrown: unknown) => {
          if (!mayBeLost(thrown) || signal.aborted) throw thrown;
          await probe(held, driver, endpoint, signal);
          return attempt();
        });
        if (mark !== null) ports.loggedIn();
        if (mark !== null && isOnRecord) await health.answered(held, null);
        return {
          id: wanted.id,
          purpose: wanted.purpose,
          revision: known.controller.revision,
          connection,
          isStanding: mark !== null,
          users: 0,
          isRetired: false,
          closing: null,
          usedAt: now(),
          spokenAt: now(),
        };
      } catch (thrown) {
        if (isOnRecord && !signal.aborted) await health.failed(held, thrown, true);
        throw thrown;
      }
    },
    /** After the logout. */
    ended,
  };
};

const mayBeLost = (thrown: unknown): boolean =>
  thrown instanceof Fault &&
  !thrown.toldByController &&
  (thrown.code === 'controller-unreachable' || thrown.code === 'controller-unsupported');
