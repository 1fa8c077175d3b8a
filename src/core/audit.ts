import { asFault, Fault, told } from '../domain/fault.ts';
import { outcomeOf, type Effect } from '../domain/journal.ts';
import type { Controllers, Executions, Journal, Log, Machines, NewRecord } from '../ports/services.ts';
import type { Act, LocatedAct, Steps } from './execute.ts';

interface Ledger {
  readonly journal: Journal;
  readonly machines: Pick<Machines, 'beyond'>;
  readonly controllers: Pick<Controllers, 'beyond'>;
  readonly executions: Pick<Executions, 'beyond'>;
  readonly log: Log;
  /** Whether plain reads have a row too. */
  readonly reads: boolean;
}

/**
 * Surrounds an act with its rows: the intent before anything is sent, the outcome after. A refusal is a row as well,
 * for reads too. Without the journal, changes and sensitive reads are refused and plain reads go on; unless these are
 * to be journalled as well, in one row each: then none is answered without it.
 */
export const audit = ({ journal, log, reads }: Ledger): Steps['audit'] => {
  /** Never throws: the device has done what it did. What cannot be written now is tried again, without making the caller wait. */
  const settle = async (record: NewRecord, [seconds, ...later] = retrySeconds): Promise<void> => {
    try {
      await journal.append(record);
    } catch (error) {
      const fields = { act: record.actId, operation: record.operation, ...told(error) };
      if (seconds === undefined) log.error(fields, 'journal.unsettled');
      else {
        log.warn(fields, 'journal.delayed');
        setTimeout(() => void settle(record, later), seconds * 1000).unref();
      }
    }
  };

  return async (act, work) => {
    const record = recordOf(act);
    const journalled = isJournalled(act.operation.effect);
    if (journalled) await journal.append({ ...record, kind: 'intent' });
    const remarks: string[] = [];
    try {
      const output = await work((text) => void remarks.push(text));
      const done = { ...record, kind: 'outcome', outcome: 'done', detail: remarks.join('; ') || null } as const;
      if (journalled) await settle(done);
      else if (reads) await journal.append(done);
      return output;
    } catch (thrown) {
      const fault = asFault(thrown);
      const { code } = fault;
      const detail = [fault.detail, ...remarks].join('; ');
      const denied = code === 'forbidden';
      if (journalled || reads || denied)
        await settle({ ...record, kind: denied ? 'denied' : 'outcome', outcome: outcomeOf(code), code, detail });
      throw thrown;
    }
  };
};

/** A 404 for what exists beyond the caller's scope is a row too. */
export const missed = ({ journal, log, ...stores }: Ledger): Steps['missed'] => {
  return async (act, id, fault) => {
    if (!(fault instanceof Fault) || fault.code !== 'not-found') return;
    const kind = act.operation.on;
    const store =
      kind === 'machine'
        ? stores.machines
        : kind === 'controller'
          ? stores.controllers
          : kind === 'execution'
            ? stores.executions
            : null;
    try {
      const beyond = await store?.beyond(act.target);
      if (!beyond) return;
      const { id: targetId, projectId: targetProjectId } = beyond;
      const target = { targetKind: kind, targetId, targetName: act.target, targetProjectId, addresses: [] };
      await journal.append({
        ...callerOf(act, id),
        ...target,
        decidedBy: null,
        kind: 'missed',
        outcome: null,
        code: fault.code,
        detail: null,
      });
    } catch (error) {
      log.error({ act: id, operation: act.operation.name, err: error }, 'journal.unsettled');
    }
  };
};

/** Long enough for a database to be restarted. A process that ends before leaves an intent without an end, which is swept. */
const retrySeconds: readonly number[] = [0.5, 1, 2, 5, 10, 30, 60, 120];

const isJournalled = (effect: Effect): boolean => effect !== 'read';

const recordOf = (act: LocatedAct): NewRecord => ({
  ...callerOf(act, act.id),
  decidedBy: act.decision.by,
  kind: 'intent',
  targetKind: act.located.kind,
  targetId: act.located.id,
  targetName: act.located.name,
  targetProjectId: act.located.projectId,
  addresses: act.located.bindings.map(({ address }) => address),
  outcome: null,
  code: null,
  detail: null,
});

const callerOf = ({ caller, operation, input }: Act, actId: string) => ({
  actId,
  operation: operation.name,
  effect: operation.effect,
  permission: operation.permission,
  requestId: caller.requestId,
  globalRequestId: caller.globalRequestId,
  userId: caller.identity.userId,
  userName: caller.identity.userName,
  projectId: caller.identity.projectId,
  projectName: caller.identity.projectName,
  roles: caller.identity.roles,
  address: caller.address,
  serviceId: caller.service?.userId ?? null,
  serviceName: caller.service?.userName ?? null,
  personName: caller.identity.person?.name ?? null,
  personEmail: caller.identity.person?.email ?? null,
  delegation: caller.identity.delegation,
  method: operation.method ?? null,
  route: operation.path ?? null,
  // A secret in an input is a `Secret`, which prints as `[secret]` wherever it stands.
  input: JSON.parse(JSON.stringify({ ...input, ...withheld(operation, input) })) as unknown,
});

const withheld = ({ withheld: names = [] }: Act['operation'], input: Act['input']): Readonly<Record<string, string>> =>
  Object.fromEntries(names.filter((name) => name in input).map((name) => [name, '[withheld]']));
