import type { Credential } from '../domain/controller.ts';
import { Fault, told } from '../domain/fault.ts';
import { generatedPassword } from '../domain/password.ts';
import type { Account } from '../domain/account.ts';
import type { Accounts, CallOptions, Visits } from '../ports/controller.ts';
import type { PendingCredential, PendingCredentials } from '../ports/pending-credentials.ts';
import type { Controllers, Log } from '../ports/services.ts';
import { credentialOf, letsIn, type Settling } from './settling.ts';

/** Gives Igor's own account on a controller another password, which only Igor knows. */
export interface Rotation {
  /**
   * Over a session that is open, and goes on. Resolves when a login with the new one is proven and it is on record alone.
   * Faults: `controller-refused` when the old one holds as before; `outcome-unknown` when either may, in which case both
   * stay on record and the next login finds out.
   */
  rotate(turn: Turn): Promise<{ readonly username: string }>;
}

export interface Turn {
  readonly controllerId: string;
  readonly actId: string;
  readonly accounts: Accounts;
  readonly signal: AbortSignal;
}

export interface RotationPorts {
  readonly pending: PendingCredentials;
  readonly settling: Settling;
  readonly visits: Visits;
  readonly controllers: Pick<Controllers, 'endpoint'>;
  readonly log: Log;
}

/** What became of one form of the new password: it holds; what is set now is something else; or nothing was changed. */
type Tried = 'holds' | 'changed' | Fault;

export const rotation = (ports: RotationPorts): Rotation => {
  const { pending, settling, visits, controllers, log } = ports;

  const isProven = async ({ controllerId, signal }: Turn, credential: Credential): Promise<boolean> => {
    try {
      await using connection = await visits.visit(controllerId, { credential }, signal);
      return await letsIn(connection, signal);
    } catch (thrown) {
      if (isLoginRefused(thrown)) return false;
      throw thrown;
    }
  };

  const attempt = async (turn: Turn, own: Account, form: 'whole' | 'short', made: Made): Promise<Tried> => {
    const { controllerId, actId, accounts, signal } = turn;
    // Written before it is sent.
    if (form === 'short') await pending.shorten(controllerId, actId);
    const credential = credentialOf(form, made, made.current);
    const set = await accounts.setPassword(own.id, credential.password, { signal }).catch(unchanged);
    if (set instanceof Fault) return set;
    if (set === 'altered') return 'changed';
    if (await isProven(turn, credential)) return 'holds';
    await pending.refuse(controllerId, actId, form);
    return 'changed';
  };

  /** The session that set the new one is still open: it sets the old one again. */
  const restore = async (turn: Turn, own: Account, { current }: Made): Promise<void> => {
    await turn.accounts.setPassword(own.id, current.password, { signal: turn.signal });
    if (!(await isProven(turn, current)))
      throw new Fault('controller-login-refused', 'it does not take the old password either');
    await pending.settle(turn.controllerId, turn.actId, 'current');
  };

  const replace = async (turn: Turn, own: Account, made: Made): Promise<void> => {
    const whole = await attempt(turn, own, 'whole', made);
    // A controller that knows no password of 20 bytes refuses it; whatever else is wrong is so with a shorter one too.
    const isShorter = whole === 'changed' || (whole instanceof Fault && whole.code === 'controller-refused');
    const last = isShorter ? await attempt(turn, own, 'short', made) : whole;
    if (last === 'holds') {
      await pending.settle(turn.controllerId, turn.actId, isShorter ? 'short' : 'whole');
      return;
    }
    if (whole === 'changed' || last === 'changed') await restore(turn, own, made);
    else await pending.settle(turn.controllerId, turn.actId, 'current');
    if (last instanceof Fault) throw last;
    throw new Fault('controller-refused', 'it takes a new password and then lets nobody in with it; the old one holds');
  };

  /** What holds is known to nobody: the next login finds out, with a session that knows of no other. */
  const left = async ({ controllerId, actId }: Turn, thrown: unknown): Promise<Fault> => {
    log.warn({ controller: controllerId, act: actId, ...told(thrown) }, 'credential.left-open');
    await pending.unsettled(controllerId).catch(() => undefined);
    await visits.drop(controllerId).catch(() => undefined);
    const why = thrown instanceof Fault ? thrown.detail : 'it broke off';
    return new Fault('outcome-unknown', `${why}; the old and the new password are on record until a login tells`, {
      cause: thrown,
    });
  };

  return {
    rotate: async (turn) =>
      settling.during(turn.controllerId, async () => {
        const { controllerId, actId, accounts, signal } = turn;
        const endpoint = await controllers.endpoint(controllerId);
        if (endpoint === null) throw new Fault('not-found', 'the controller is gone');
        const { username } = endpoint.credential;
        const own = await ownAccount(accounts, username, { signal });
        const made: Made = { username, password: generatedPassword(20), current: endpoint.credential };
        await pending.begin(controllerId, { actId, ...made });
        try {
          await replace(turn, own, made);
        } catch (thrown) {
          if (thrown instanceof Fault && (await isSettled(pending, controllerId, actId))) throw thrown;
          throw await left(turn, thrown);
        }
        await visits.drop(controllerId);
        return { username };
      }),
  };
};

interface Made extends Pick<PendingCredential, 'username' | 'password'> {
  readonly current: Credential;
}

/** Every fault but the one that leaves it open means that nothing was changed. */
const unchanged = (thrown: unknown): Fault => {
  if (thrown instanceof Fault && thrown.code !== 'outcome-unknown') return thrown;
  throw thrown;
};

const isLoginRefused = (thrown: unknown): boolean =>
  thrown instanceof Fault && thrown.code === 'controller-login-refused';

const isSettled = async (pending: PendingCredentials, id: string, actId: string): Promise<boolean> =>
  pending.get(id).then(
    (found) => found?.actId !== actId,
    () => false,
  );

/** The one account that Igor logs in with. Faults: `conflict`, `controller-unsupported`. */
const ownAccount = async (accounts: Accounts, username: string, call: CallOptions): Promise<Account> => {
  const { value: table } = await accounts.list(call);
  const [own, ...more] = table.accounts.filter(({ name }) => name === username);
  if (own === undefined)
    throw new Fault(
      'controller-unsupported',
      'Igor logs in with an account that is not in the table of the controller',
    );
  if (more.length > 0)
    throw new Fault('conflict', 'several accounts of the controller bear the name that Igor logs in with');
  return own;
};
