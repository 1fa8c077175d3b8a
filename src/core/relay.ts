import { randomUUID } from 'node:crypto';
import { Fault, told } from '../domain/fault.ts';
import type { Bell } from '../ports/bell.ts';
import type { Life } from '../ports/life.ts';
import type { PassedBack, Relays } from '../ports/relays.ts';
import type { Leases, Log } from '../ports/services.ts';
import type { LocatedAct } from './execute.ts';
import { abandoned } from './waiting.ts';

/** Has a request carried out by the replica that holds its controller, so that sessions stay where they are. */
export interface Relayer {
  /** What it was answered there; null: it is this replica's to do. Faults: those of the act, `outcome-unknown` of a change whose holder died. */
  pass(act: LocatedAct, undecoded: unknown, controllerId: string): Promise<{ readonly output: unknown } | null>;
  start(): void;
  stop(): void;
}

interface Ports {
  readonly replicaId: string;
  readonly relays: Relays;
  readonly leases: Pick<Leases, 'holder'>;
  readonly bell: Pick<Bell, 'on'>;
  readonly life: Pick<Life, 'now'>;
  readonly log: Log;
  /** Of each that was passed on, what came of it. */
  readonly passed: (ending: 'answered' | 'undone' | 'lost') => void;
}

/** Undone: nobody has begun, and nobody will. Lost: somebody may have begun. */
type Ending = { readonly answer: PassedBack } | 'undone' | 'lost';

/** Looked at by itself, lest a ring be lost. */
const pollMs = 500;
/** A replica that lives and does not begin has other troubles. */
const beginMs = 3_000;
/** After the act's own deadline, by which its holder answers. */
const marginMs = 5_000;
/** Holders that refuse, for they have let go meanwhile. */
const mostAttempts = 3;

export const relayer = ({ replicaId, relays, leases, bell, life, log, passed }: Ports): Relayer => {
  const waiting = new Map<string, (ending: Ending) => void>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | null = null;
  let silence: (() => void) | undefined;

  const end = (id: string, ending: Ending): void => waiting.get(id)?.(ending);

  const collect = async (id: string): Promise<void> => {
    const answer = await relays.take(id);
    if (answer !== null) end(id, answer === 'refused' ? 'undone' : { answer });
  };

  const look = async (): Promise<void> => {
    const ids = [...waiting.keys()];
    if (ids.length === 0) return;
    const standing = await relays.standing(ids);
    for (const id of ids) {
      const one = standing.get(id);
      if (one === undefined) end(id, 'lost');
      else if (one.state === 'done' || one.state === 'refused') await collect(id);
      else if (one.state === 'queued' && (!one.isHolderAlive || one.ageMs > beginMs)) {
        if (await relays.withdraw(id)) end(id, 'undone');
      } else if (!one.isHolderAlive) {
        end(id, 'lost');
        await relays.drop(id);
      }
    }
  };
  const quietly = async (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.debug(told(error), 'relay.unseen'));
  const wake = (): void => void (looking ??= quietly(look()).finally(() => (looking = null)));

  /** Resolves when the holder has answered, or cannot any more; within the act's own time. */
  const ended = async (id: string, { operation, signal }: LocatedAct): Promise<Ending> =>
    new Promise((resolve) => {
      let last: NodeJS.Timeout | undefined;
      const settle = (ending: Ending): void => {
        waiting.delete(id);
        signal.removeEventListener('abort', leave);
        clearTimeout(last);
        resolve(ending);
      };
      const giveUp = (): void => {
        settle('lost');
        void quietly(relays.drop(id));
      };
      const leave = (): void => {
        // Who asked has gone, or its time is over: the holder stops a read when it sees this, and ends a change by itself.
        if (isChange(operation)) last = setTimeout(giveUp, marginMs);
        else giveUp();
      };
      waiting.set(id, settle);
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });

  const once = async (act: LocatedAct, undecoded: unknown, controllerId: string, holder: string): Promise<Ending> => {
    const { caller, operation, target, revision, patienceMs, href } = act;
    const { identity, service, groups, address, requestId, globalRequestId } = caller;
    const id = randomUUID();
    const ending = ended(id, act);
    const request = {
      operation: operation.name,
      target,
      input: undecoded,
      caller: { identity, service, groups, address, requestId, globalRequestId },
      revision,
      patienceMs,
      base: href(''),
      controllerId,
    };
    await relays.put(id, holder, request).catch(async (thrown: unknown) => {
      // Whether it is there nobody knows who has lost the connection.
      log.warn({ relay: id, ...told(thrown) }, 'relay.unput');
      end(id, (await relays.withdraw(id).catch(() => false)) ? 'undone' : 'lost');
    });
    return ending;
  };

  return {
    async pass(act, undecoded, controllerId) {
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const holder = await leases.holder(controllerId);
        if (holder === null || life.now() === null) return null;
        const ending = await once(act, undecoded, controllerId, holder);
        act.note({ relayed_to: holder });
        passed(typeof ending === 'string' ? ending : 'answered');
        if (ending === 'undone') continue;
        if (ending !== 'lost') return outputOf(act, ending.answer);
        if (isChange(act.operation))
          throw new Fault(
            'outcome-unknown',
            'the replica that carried it out ended, or fell silent, before it answered',
          );
        if (act.signal.aborted) throw abandoned(act.signal);
      }
      return null;
    },
    start() {
      silence = bell.on('relays', (said) => {
        const [what, to, id = ''] = said?.split(' ') ?? [];
        if (said === null) wake();
        else if (what === 'answered' && to === replicaId && waiting.has(id)) void quietly(collect(id));
      });
      timer = setInterval(wake, pollMs);
    },
    stop() {
      clearInterval(timer);
      silence?.();
    },
  };
};

const isChange = ({ effect }: LocatedAct['operation']): boolean => effect === 'change' || effect === 'disrupt';

const outputOf = (act: LocatedAct, answer: PassedBack): { readonly output: unknown } => {
  act.note({ act: answer.actId });
  if ('output' in answer) return { output: answer.output };
  const { code, detail, retryAfter, headers } = answer.fault;
  throw new Fault(code, detail, { ...(retryAfter !== null && { retryAfter }), headers });
};
