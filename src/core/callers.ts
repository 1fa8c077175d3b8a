import type { Caller, Identity } from '../domain/caller.ts';
import { stateAt } from '../domain/grant.ts';
import type { Policy } from '../domain/policy.ts';
import type { Passed } from '../ports/relays.ts';
import type { Asker, Groups, RecordedCaller } from '../ports/services.ts';
import type { Authenticated, Request } from './execute.ts';
import type { GrantRegister } from './grants.ts';

/** Makes callers of identities: what they may see, and what is granted to them. */
export interface Callers {
  /** Who sends a request. */
  of(authenticated: Authenticated, request: Request, signal: AbortSignal): Promise<Caller>;
  /** One that a queue kept, with what the rules and grants give him now. */
  recalled(recorded: RecordedCaller): Promise<Caller>;
  /** One whose request another replica passes on. */
  passed(recorded: Passed['caller']): Promise<Caller>;
  /** The same one, with what the rules and grants give him now. */
  again(caller: Caller): Promise<Caller>;
  /** The same one, by what his token stands for now: his roles and groups may have changed as well. */
  renewed(caller: Caller, identity: Identity, signal: AbortSignal): Promise<Caller>;
}

interface Ports {
  readonly policy: Policy;
  readonly register: GrantRegister;
  readonly groups: Groups;
}

export const callers = ({ policy, register, groups }: Ports): Callers => {
  const entitled = async (
    identity: Identity,
    groupIds: readonly string[],
  ): Promise<Pick<Caller, 'scope' | 'grants'>> => {
    const grants = await register.of(identity, groupIds);
    const now = new Date();
    const active = grants.filter((grant) => stateAt(grant, now) === 'active').map(({ id }) => id);
    return { grants, scope: policy.scopeOf(identity, active) };
  };

  const groupsOf = async (asker: Asker, signal: AbortSignal): Promise<readonly string[]> =>
    (await register.hasGroups()) ? ((await groups.of(asker, signal)) ?? []) : [];

  return {
    async of({ identity, service }, { credentials, requestId, globalRequestId, address }, signal) {
      const { token } = credentials;
      const groupIds = await groupsOf({ identity, token, requestId, globalRequestId }, signal);
      const entitlement = await entitled(identity, groupIds);
      return { identity, service, address, token, requestId, globalRequestId, groups: groupIds, ...entitlement };
    },
    async recalled(recorded) {
      const entitlement = await entitled(recorded.identity, recorded.groups);
      return { ...recorded, service: null, address: null, token: null, ...entitlement };
    },
    passed: async (recorded) => ({
      ...recorded,
      token: null,
      ...(await entitled(recorded.identity, recorded.groups)),
    }),
    async renewed(caller, identity, signal) {
      const groupIds = await groupsOf({ ...caller, identity }, signal);
      return { ...caller, identity, groups: groupIds, ...(await entitled(identity, groupIds)) };
    },
    again: async (caller) => ({ ...caller, ...(await entitled(caller.identity, caller.groups)) }),
  };
};
