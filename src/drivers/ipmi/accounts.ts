import type { Account, AccountTable } from '../../domain/account.ts';
import { Fault } from '../../domain/fault.ts';
import { observedNow } from '../../domain/observed.ts';
import type { Accounts, CallOptions } from '../../ports/controller.ts';
import {
  accessBytes,
  mostSlots,
  nameField,
  passwordField,
  presentChannel,
  userAccessIn,
  userNameIn,
  type UserAccess,
} from './account-bytes.ts';
import type { Ipmi } from './link.ts';
import { done, type Message } from './message.ts';

/** Commands of IPMI 2.0 §22.26 to §22.30. */
const app = 0x06;
const setUserAccess = { netfn: app, command: 0x43 } as const;
const getUserAccess = { netfn: app, command: 0x44 } as const;
const setUserName = { netfn: app, command: 0x45 } as const;
const getUserName = { netfn: app, command: 0x46 } as const;
const setUserPassword = { netfn: app, command: 0x47, isSecret: true } as const;

/** What Set User Password does (table 22-32). */
const operations = { disable: 0, enable: 1, set: 2, test: 3 } as const;

export const accounts = (ipmi: Ipmi): Accounts => {
  const accessOf = async (id: number, call: CallOptions): Promise<UserAccess> => {
    const answer = await ipmi.ask({ ...getUserAccess, data: [presentChannel, id] }, call);
    if (noSuchSlot.has(answer.completion)) throw new Fault('not-found', `the controller has no account ${id}`);
    return userAccessIn(done(answer, 'Get User Access', 4));
  };
  /** Of a slot that nobody uses, some BMCs give an empty name, and some refuse to give one. */
  const nameOf = async (id: number, call: CallOptions): Promise<string> => {
    const answer = await ipmi.ask({ ...getUserName, data: [id] }, call);
    return noSuchSlot.has(answer.completion) ? '' : userNameIn(done(answer, 'Get User Name', 16));
  };
  const read = async (
    id: number,
    call: CallOptions,
  ): Promise<{ readonly access: UserAccess; readonly it: Account }> => {
    checkId(id);
    const access = await accessOf(id, call);
    return { access, it: accountOf(id, await nameOf(id, call), access) };
  };
  const fieldOf = (id: number, text: string, size: number, operation: number): Message => {
    const form = size === longForm ? 0x80 : 0;
    return { ...setUserPassword, data: [form | id, operation, ...passwordField(text, size)] };
  };
  /** By the controller's own test (operation 3). What it cannot or does not tell is taken for kept. */
  const isAltered = async (id: number, text: string, size: number, call: CallOptions): Promise<boolean> => {
    const answer = await ipmi.ask(fieldOf(id, text, size, operations.test), call).catch(() => null);
    return answer !== null && otherPassword.has(answer.completion);
  };

  return {
    async list(call) {
      const first = await read(1, call);
      const all = [first.it];
      // One after another: the small brains of BMCs do not like to be asked many things at once.
      for (let id = 2; id <= first.access.slots; id += 1) all.push((await read(id, call)).it);
      return observedNow(tableOf(all, first.access));
    },
    get: async (id, call) => observedNow((await read(id, call)).it),
    async setName(id, name, call) {
      checkId(id);
      done(await ipmi.tell({ ...setUserName, data: [id, ...nameField(name)] }, call), 'Set User Name');
    },
    async setAccess(id, access, call) {
      checkId(id);
      const [flags, limit] = accessBytes(access);
      done(await ipmi.tell({ ...setUserAccess, data: [flags, id, limit] }, call), 'Set User Access');
    },
    async setEnabled(id, enabled, call) {
      checkId(id);
      const data = [id, enabled ? operations.enable : operations.disable];
      done(await ipmi.tell({ ...setUserPassword, isSecret: false, data }, call), 'Set User Password');
    },
    async setPassword(id, secret, call) {
      checkId(id);
      const text = secret.reveal();
      if (text === '') throw new Fault('invalid-input', 'password: it is empty');
      // Who takes the long form takes every password; old firmware knows the short one alone.
      const forms = Buffer.byteLength(text) > shortForm ? [longForm] : [longForm, shortForm];
      let isChanged = false;
      for (const size of forms) {
        const answer = await ipmi.tell(fieldOf(id, text, size, operations.set), call);
        const isRefused = answer.completion !== 0;
        if (isRefused && (isChanged || (size !== forms.at(-1) && badForm.has(answer.completion)))) continue;
        done(answer, 'Set User Password');
        if (!(await isAltered(id, text, size, call))) return 'kept';
        isChanged = true;
      }
      return 'altered';
    },
  };
};

/** Bytes of a password in either form of Set User Password. */
const longForm = 20;
const shortForm = 16;

/** Out of range, no such data, invalid field: what is said of an id that there is not, or that has no name. */
const noSuchSlot: ReadonlySet<number> = new Set([0xc9, 0xcb, 0xcc]);
/** Wrong length, too long, out of range, invalid field, and this command's own for a wrong size. */
const badForm: ReadonlySet<number> = new Set([0xc6, 0xc7, 0xc8, 0xc9, 0xcc, 0x80, 0x81]);
/** Of the test: it does not match; it was tried in another form than it is kept in. */
const otherPassword: ReadonlySet<number> = new Set([0x80, 0x81]);

const checkId = (id: number): void => {
  if (!Number.isInteger(id) || id < 1 || id > mostSlots) throw new Fault('not-found', `there is no account ${id}`);
};

const accountOf = (id: number, name: string, access: UserAccess): Account => ({
  id,
  name,
  enabled: access.enabled,
  privilege: access.privilege,
  messaging: access.messaging,
  link: access.link,
  callbackOnly: access.callbackOnly,
  isFixed: id <= access.fixedNames,
});

/**
 * User 1 is the nameless one (§6.9.1). Any other slot without a name is free, unless it says that somebody may log in with
 * no name at all, which nobody should overlook.
 */
const tableOf = (all: readonly Account[], { slots, fixedNames }: UserAccess): AccountTable => {
  const isOpen = ({ enabled, privilege }: Account): boolean =>
    enabled === true && privilege !== 'none' && privilege !== 'unknown';
  const isInUse = (account: Account): boolean => account.name !== '' || account.isFixed || isOpen(account);
  return {
    accounts: all.filter(isInUse),
    free: all.filter((account) => !isInUse(account)).map(({ id }) => id),
    slots,
    fixedNames,
  };
};
