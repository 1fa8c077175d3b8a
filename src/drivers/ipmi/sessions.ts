import { privileges, type ControllerSession, type SessionTable } from '../../domain/controller-session.ts';
import { Fault } from '../../domain/fault.ts';
import { observedNow } from '../../domain/observed.ts';
import type { CallOptions, Sessions } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done, type Answer } from './message.ts';

/** Get Session Info (IPMI 2.0 §22.20), Close Session (§22.19), Get User Name (§22.29). */
const getSessionInfo = { netfn: 0x06, command: 0x3d } as const;
const closeSession = { netfn: 0x06, command: 0x3c } as const;
const getUserName = { netfn: 0x06, command: 0x46 } as const;

const byHandle = 0xfe;
const current = 0x00;

/** What one answer tells of a session, and of the table that it is in. */
interface Info {
  /** 0: of no session, the table alone is told of. */
  readonly handle: number;
  readonly slots: number;
  readonly active: number;
  readonly session: Omit<ControllerSession, 'userName'> | null;
}

export const sessions = (ipmi: Ipmi): Sessions => {
  const info = async (data: readonly number[], call: CallOptions): Promise<Info> =>
    infoIn(done(await ipmi.ask({ ...getSessionInfo, data }, call), 'Get Session Info', 3));
  const named = async (userId: number, call: CallOptions): Promise<string | null> =>
    nameIn(await ipmi.ask({ ...getUserName, data: [userId] }, call));

  return {
    async list(call) {
      const { handle, slots, active } = await info([current], call);
      const found: NonNullable<Info['session']>[] = [];
      // A session may come or go meanwhile, so an index beyond the last is no error, and none is looked for for ever.
      for (let index = 1; index <= Math.min(slots, mostSlots) && found.length < active; index += 1) {
        const { session } = await info([index], call);
        if (session !== null && !found.some((one) => one.handle === session.handle)) found.push(session);
      }
      const names = new Map<number, string | null>();
      for (const { userId } of found) if (!names.has(userId)) names.set(userId, await named(userId, call));
      const table: SessionTable = {
        slots,
        current: handle === 0 ? null : handle,
        sessions: found.map((session) => ({ ...session, userName: names.get(session.userId) ?? null })),
      };
      return observedNow(table);
    },
    async close(handle, call) {
      const asked = await ipmi.ask({ ...getSessionInfo, data: [byHandle, handle] }, call);
      const isAbsent = unknownHandle.has(asked.completion);
      if (isAbsent || infoIn(done(asked, 'Get Session Info', 3)).session === null)
        throw new Fault('not-found', 'the controller has no such session');
      const answer = await ipmi.tell({ ...closeSession, data: [0, 0, 0, 0, handle] }, call);
      if (answer.completion === noSuchSession || answer.completion === noSuchHandle)
        throw new Fault('controller-refused', 'the controller closes no other session than the one that asks');
      done(answer, 'Close Session');
    },
  };
};

/** Parameter out of range, no such data, invalid field: a BMC says the one or the other. */
const unknownHandle: ReadonlySet<number> = new Set([0xc9, 0xcb, 0xcc]);
/** Six bits tell of slots. */
const mostSlots = 63;
/** ipmi_sim says the first of every handle. */
const noSuchSession = 0x87;
const noSuchHandle = 0x88;

/**
 * Handle, slots, active sessions; of a session also user, privilege, channel, and over a LAN address, MAC and port.
 * Faults: `controller-garbled`.
 */
export const infoIn = (data: Buffer): Info => {
  if (data.length < 3) throw new Fault('controller-garbled', 'the controller told nothing of its sessions');
  const handle = data.readUInt8(0);
  const table = { handle, slots: data.readUInt8(1) & 0x3f, active: data.readUInt8(2) & 0x3f };
  if (handle === 0 || data.length < 6) return { ...table, session: null };
  const isFromLan = data.length >= 18;
  return {
    ...table,
    session: {
      handle,
      userId: data.readUInt8(3) & 0x3f,
      privilege: privileges[(data.readUInt8(4) & 0x0f) - 1] ?? null,
      address: isFromLan ? [...data.subarray(6, 10)].join('.') : null,
      port: isFromLan ? data.readUInt16LE(16) : null,
    },
  };
};

/** Up to 16 bytes, ended by a zero; only an administrator is told. */
const nameIn = ({ completion, data }: Answer): string | null => {
  if (completion !== 0 || data.length === 0) return null;
  const text = data.subarray(0, 16).toString('latin1').replace(/\0.*$/s, '');
  return text === '' ? null : text;
};
