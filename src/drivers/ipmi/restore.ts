import { Fault } from '../../domain/fault.ts';
import { observedNow } from '../../domain/observed.ts';
import { restorePolicy } from '../../domain/power.ts';
import type { RestorePolicy } from '../../domain/power.ts';
import type { CallOptions, Restore } from '../../ports/controller.ts';
import type { Ipmi } from './link.ts';
import { done, isAbsent } from './message.ts';
import { chassisStatus } from './status.ts';

/** Set Power Restore Policy (IPMI 2.0 §28.8). */
const command = { netfn: 0x00, command: 0x06 } as const;
const codes = { 'always-off': 0, previous: 1, 'always-on': 2 } as const satisfies Record<RestorePolicy, number>;
/** Changes nothing, and is answered like the others with the policies that there are. */
const noChange = 3;

export const restore = (ipmi: Ipmi): Restore => {
  /** Null: it does not know the command. */
  const supported = async (call: CallOptions): Promise<readonly RestorePolicy[] | null> => {
    const answer = await ipmi.ask({ ...command, data: [noChange] }, call);
    return isAbsent(answer) ? null : supportedIn(done(answer, 'Set Power Restore Policy', 1));
  };
  return {
    async get(call) {
      const { powerState } = await chassisStatus(ipmi, call);
      return observedNow({ policy: policyIn(powerState), supported: await supported(call) });
    },
    async set(policy, call) {
      const able = await supported(call);
      if (able?.includes(policy) === false)
        throw new Fault('controller-unsupported', `it can do ${able.join(', ') || 'none'} when the mains come back`);
      done(await ipmi.tell({ ...command, data: [codes[policy]] }, call), 'Set Power Restore Policy');
    },
  };
};

/** From the first byte of the chassis status: bits 6 and 5 (IPMI 2.0 table 28-3); null: it does not tell. */
export const policyIn = (powerState: number): RestorePolicy | null =>
  restorePolicy.options.find((policy) => codes[policy] === ((powerState >> 5) & 0b11)) ?? null;

/** One bit each, in the order of the codes (IPMI 2.0 table 28-8). */
export const supportedIn = (data: Buffer): readonly RestorePolicy[] =>
  restorePolicy.options.filter((policy) => ((data.readUInt8(0) >> codes[policy]) & 1) === 1);
