import { Fault } from '../../domain/fault.ts';
import type { CallOptions, SessionMark } from '../../ports/controller.ts';
import { abandoned, unlessAborted } from './abandoned.ts';
import type { Kind } from './failure.ts';
import type { Ipmi, IpmiEndpoint } from './link.ts';
import type { Answer, Message } from './message.ts';
import type { Suites } from './suites.ts';
import { logIn, type LoginSetup, type Session } from './shell-login.ts';

export interface ShellSetup extends Omit<LoginSetup, 'home' | 'hurry'> {
  readonly home: () => Promise<string>;
  readonly suites: Suites;
}

/** The shell takes 64 words a line, and silently drops the rest; `raw`, netfn and command are three of them. */
const mostData = 60;

/** A session unused for so long is proven before a change: the BMC may have forgotten it (30 to 60 s), or begun anew. */
const provenMs = 5000;

/** IPMI 2.0 §22.20, of the session that asks; §20.1. */
const getSessionInfo = { netfn: 0x06, command: 0x3d, data: [0x00] } as const;
const getDeviceId = { netfn: 0x06, command: 0x01 } as const;

/**
 * One session, kept open: one `ipmitool shell`, 2 packets and some 0.2 ms of CPU for a command. What it cannot do is
 * done by `processes`: a message too long for it, a change where ipmitool was told to ask twice for everything, and
 * all when no shell is to be had.
 */
export const shell = (endpoint: IpmiEndpoint, setup: ShellSetup, processes: Ipmi): Ipmi => {
  const kind: Kind = endpoint.purpose === 'changes' ? 'change' : 'read';
  const hurry = new AbortController();
  let opening: Promise<Session | null> | null = null;
  let session: Session | null = null;
  let mark: SessionMark | null = null;

  /** The next suite only when the BMC refuses the suite itself. */
  const open = async (): Promise<Session | null> => {
    const home = await setup.home();
    const order = setup.suites.order();
    for (const suite of order) {
      try {
        session = await logIn(endpoint, suite, kind, { ...setup, home, hurry: hurry.signal });
        setup.suites.taken(suite);
        return session;
      } catch (fault) {
        if (!(fault instanceof Fault) || fault.code !== 'controller-suite-refused' || hurry.signal.aborted) throw fault;
      }
    }
    throw new Fault('controller-suite-refused', `refused were the cipher suites ${order.join(', ')}`);
  };
  /** One login at a time, for all who wait for it; the next only when that failed, and somebody calls again. */
  const opened = async (call: CallOptions): Promise<Session | null> => {
    if (call.signal.aborted) throw abandoned(call.signal);
    if (hurry.signal.aborted) throw new Fault('internal', 'a closed connection was used');
    opening ??= open().then(
      (made) => {
        if (made === null) opening = null;
        return made;
      },
      (fault: unknown) => {
        opening = null;
        throw fault;
      },
    );
    return unlessAborted(opening, call.signal);
  };

  const isStale = ({ talk }: Session): boolean => setup.now() - talk.usedAt > provenMs;
  const prove = async ({ talk }: Session, call: CallOptions): Promise<void> => {
    try {
      await talk.exchange(getDeviceId, 'read', call.signal);
    } catch (fault) {
      if (talk.isSound) throw fault;
      throw new Fault('controller-unreachable', 'its session had ended, and nothing was sent', { cause: fault });
    }
  };

  const carry = async (message: Message, as: Kind, call: CallOptions): Promise<Answer | null> => {
    if ((message.data?.length ?? 0) > mostData || (as === 'change' && kind === 'read')) return null;
    const made = session ?? (await opened(call));
    if (made === null) return null;
    if (as === 'change' && isStale(made)) await prove(made, call);
    return made.talk.exchange(message, as, call.signal);
  };

  return {
    ask: async (message, call) => (await carry(message, 'read', call)) ?? processes.ask(message, call),
    tell: async (message, call) => (await carry(message, 'change', call)) ?? processes.tell(message, call),
    shelf: endpoint.shelf,
    get isSound() {
      return session?.talk.isSound ?? true;
    },
    async login(call) {
      const made = await opened(call);
      if (made === null) return null;
      if (mark === null) {
        const { completion, data } = await made.talk.exchange(getSessionInfo, 'read', call.signal);
        mark = { handle: completion === 0 && data.length > 0 ? data.readUInt8(0) : null, pid: made.pid };
      } else if (isStale(made)) await prove(made, call);
      return mark;
    },
    async keepAlive(call) {
      await session?.talk.exchange(getDeviceId, 'read', call.signal);
    },
    [Symbol.asyncDispose]: async () => {
      hurry.abort();
      const made = await opening?.catch(() => null);
      await Promise.all([made?.close(), processes[Symbol.asyncDispose]()]);
    },
  };
};
