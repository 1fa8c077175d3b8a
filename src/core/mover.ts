import { asFault, Fault, type FaultCode } from '../domain/fault.ts';
import { hostPort } from '../domain/host-port.ts';
import { differing, restoring } from '../domain/move.ts';
import type { NetworkChannel, NetworkSetting } from '../domain/network.ts';
import type { Place } from '../domain/open-move.ts';
import type { Connection, Network, Visits } from '../ports/controller.ts';
import type { Move, MoveEnd, Moves } from '../ports/moves.ts';
import { pause } from './waiting.ts';

/** Where a controller was heard, by an open session; to be disposed. */
export interface Found extends AsyncDisposable {
  readonly place: Place;
  readonly isNew: boolean;
  readonly network: Network;
  readonly channel: NetworkChannel;
}

/** What became of a change of a controller's network. */
export interface Ending {
  readonly how: MoveEnd;
  readonly place: Place;
  /** Whether its address on record became the new one. */
  readonly recorded: boolean;
  readonly channel: NetworkChannel;
  /** What it did not take. */
  readonly differs: readonly string[];
}

/** Changes what may cut us off, and finds out where it led. */
export interface Mover {
  /**
   * Sends it once and looks until it is known what came of it. Faults: `controller-refused` when it was put back or taken in
   * part, `outcome-unknown` when the controller is nowhere: the change stays open, and is followed.
   */
  change(move: Omit<Move, 'id' | 'refused' | 'since'>, setting: NetworkSetting, by: ChangeCall): Promise<Ending>;
  /** Looks at the new address and at the old one; null: it is heard at neither. */
  find(move: Move, signal: AbortSignal): Promise<Found | null>;
  /** At the old address what was set is put back; for who has the change turn there. Ends the move. */
  conclude(move: Move, found: Found, signal: AbortSignal): Promise<Ending>;
}

interface ChangeCall {
  readonly network: Network;
  readonly signal: AbortSignal;
}

interface Ports {
  readonly moves: Moves;
  readonly visits: Visits;
  /** Milliseconds that a controller may take to be heard at its new address. */
  readonly waitMs: number;
  readonly now: () => number;
}

const againMs = 500;
/** Until the follower's first look at what nobody found. */
export const firstLookMs = 10_000;

export const mover = ({ moves, visits, waitMs, now }: Ports): Mover => {
  /** Null: nothing answers there that is this controller. */
  const knock = async (move: Sought, at: Place, signal: AbortSignal): Promise<Found | null> => {
    if (move.refusedAt.has(at.address)) return null;
    let connection: Connection | null = null;
    try {
      connection = await visits.visit(move.controllerId, { ...at }, signal);
      const { network } = connection.device;
      if (network === undefined) throw new Fault('controller-unsupported', 'the driver tells nothing of the network');
      if ((await network.identity({ signal })) === move.identity) {
        const opened = connection;
        connection = null;
        return {
          place: at,
          isNew: !isSame(move) && at.address === move.to.address,
          network,
          channel: await network.channel(move.channel, { signal }),
          [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose](),
        };
      }
      return null;
    } catch (thrown) {
      const { code } = asFault(thrown);
      // Whoever is there would lock an account if it were asked again and again.
      if (code === 'controller-login-refused') {
        move.refusedAt.add(at.address);
        await moves.refuse(move.id, at.address);
      }
      if (!elsewhere.has(code)) throw thrown;
      return null;
    } finally {
      await connection?.[Symbol.asyncDispose]();
    }
  };

  const either = async (move: Sought, signal: AbortSignal): Promise<Found | null> =>
    (isSame(move) ? null : await knock(move, move.to, signal)) ?? knock(move, move.from, signal);

  const putBack = async (move: Move, { network, channel }: Found, signal: AbortSignal): Promise<NetworkChannel> => {
    const rest = restoring(move.before, move.wanted, channel);
    if (rest === null) return channel;
    await network.set(move.channel, rest, { signal });
    const now = await network.channel(move.channel, { signal });
    if (restoring(move.before, move.wanted, now) !== null)
      throw new Fault('outcome-unknown', 'it could not be put back as it was');
    return now;
  };

  /** What was sent last may have been lost, or never have been sent; whoever sets it next would be refused. */
  const ended = async (move: Move, { network, channel }: Found, signal: AbortSignal): Promise<NetworkChannel> => {
    if (!channel.set_in_progress) return channel;
    await network.release(move.channel, { signal });
    return network.channel(move.channel, { signal });
  };

  const conclude: Mover['conclude'] = async (move, found, signal) => {
    const { place, channel } = found;
    const differs = differing(move.wanted, channel);
    if (found.isNew) {
      const shown = await ended(move, found, signal);
      const recorded = await moves.end(move.id, 'moved');
      await visits.drop(move.controllerId);
      return { how: 'moved', place, recorded, channel: shown, differs };
    }
    if (isSame(move) && differs.length === 0) {
      const shown = await ended(move, found, signal);
      await moves.end(move.id, 'kept');
      return { how: 'kept', place, recorded: false, channel: shown, differs };
    }
    // Before the end of what was begun: that may put in force what was set until then.
    const asBefore = await putBack(move, found, signal);
    const restored = await ended(move, { ...found, channel: asBefore }, signal);
    await moves.end(move.id, 'restored');
    return { how: 'restored', place, recorded: false, channel: restored, differs };
  };

  /** Until it is heard where it shall be; only when the time is over does the old address count. */
  const settled = async (begun: Move, waits: boolean, signal: AbortSignal): Promise<Ending | null> => {
    const move = sought(begun);
    const until = now() + (waits ? waitMs : 0);
    for (;;) {
      const isOver = now() >= until;
      const found = isOver ? await either(move, signal) : await knock(move, move.to, signal);
      if (found !== null) {
        await using there = found;
        const isThere = there.isNew || (isSame(move) && differing(move.wanted, there.channel).length === 0);
        if (isOver || isThere) return await conclude(move, there, signal);
      }
      if (isOver || signal.aborted) return null;
      await pause(againMs, signal);
    }
  };

  /** What the sending came to is told by where the controller is then heard, and not by its answer. */
  const carried = async (move: Move, setting: NetworkSetting, { network, signal }: ChangeCall) => {
    const refusal = await network.set(move.channel, setting, { signal }).then(
      () => null,
      (thrown: unknown) => asFault(thrown),
    );
    const refused = refusal !== null && refusals.has(refusal.code) ? refusal : null;
    // The sessions that are open end at the old address, and would keep the places that a look there needs.
    await visits.cut(move.controllerId);
    return { refused, ending: await settled(move, refused === null, signal) };
  };

  return {
    find: async (move, signal) => either(sought(move), signal),
    conclude,
    async change(begun, setting, by) {
      const move = await moves.begin(begun);
      const { refused, ending } = await carried(move, setting, by).catch(async (cause: unknown) => {
        await moves.leave(move.id, firstLookMs);
        throw new Fault('outcome-unknown', `${asFault(cause).detail}; ${whatNow(move)}`, { cause });
      });
      if (ending !== null) return told(move, ending, refused);
      await moves.leave(move.id, firstLookMs);
      throw new Fault('outcome-unknown', whatNow(move));
    },
  };
};

/** With the addresses that have refused our account, which grow while it is looked for. */
interface Sought extends Move {
  readonly refusedAt: Set<string>;
}
const sought = (move: Move): Sought => ({ ...move, refusedAt: new Set(move.refused) });

const isSame = ({ from, to }: Move): boolean => from.address === to.address && from.port === to.port;

/** By these it is not there, or cannot be heard; all others are faults of ours, and tell nothing. */
const elsewhere: ReadonlySet<FaultCode> = new Set([
  'controller-unreachable',
  'controller-login-refused',
  'controller-suite-refused',
  'controller-garbled',
  'controller-refused',
  'controller-unsupported',
  'sessions-exhausted',
]);

/** By these the controller itself, or we, refused one setting; what was set before it holds. */
const refusals: ReadonlySet<FaultCode> = new Set([
  'controller-refused',
  'controller-unsupported',
  'invalid-input',
  'internal',
]);

const told = (move: Move, ending: Ending, refused: Fault | null): Ending => {
  const { how, place, differs } = ending;
  const at = hostPort(place.address, place.port);
  if (refused !== null) {
    const rest = how === 'restored' ? 'what was set before is put back' : 'all else is as it was asked for';
    throw new Fault(refused.code, `${refused.detail}; ${rest}`, { cause: refused });
  }
  if (how === 'restored') {
    const why = isSame(move) ? `it did not take ${differs.join(', ')}` : 'it is not heard at its new address';
    throw new Fault('controller-refused', `${why}; it answers at ${at}, and its settings are put back`);
  }
  if (differs.length > 0)
    throw new Fault('controller-refused', `it moved to ${at}, and did not take ${differs.join(', ')}`);
  return ending;
};

const whatNow = (move: Move): string => {
  const [from, to] = [move.from, move.to].map(({ address, port }) => hostPort(address, port));
  return isSame(move)
    ? `it is not heard at ${from ?? ''}; Igor goes on looking there`
    : `it is heard neither at ${from ?? ''} nor at ${to ?? ''}; Igor goes on looking at both`;
};
