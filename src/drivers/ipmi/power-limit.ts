import { Fault } from '../../domain/fault.ts';
import { observedNow } from '../../domain/observed.ts';
import type { LimitAction, PowerLimit as Limit } from '../../domain/power-limit.ts';
import type { CallOptions } from '../../ports/controller.ts';
import type { PowerLimit } from '../../ports/power-limit.ts';
import { askDcmi, commands, dcmiData, insistOnPower, le16, le32, tellDcmi } from './dcmi.ts';
import type { Ipmi } from './link.ts';

/** Exception actions (DCMI 1.5 table 6-17); 02h to 10h are vendors'. */
const actions = { none: 0x00, 'power-off': 0x01, log: 0x11 } as const satisfies Record<LimitAction, number>;

/** Of Get Power Limit alone: none is in force. */
const noActiveLimit = 0x80;

export const powerLimit = (ipmi: Ipmi): PowerLimit => {
  const activate = async (on: boolean, call: CallOptions): Promise<void> => {
    const answer = await tellDcmi(ipmi, commands.activatePowerLimit, [on ? 1 : 0, 0, 0], call);
    dcmiData(answer, 'Activate Power Limit');
  };
  return {
    async get(call) {
      const answer = await askDcmi(ipmi, commands.getPowerLimit, [0, 0], call);
      // The specification has the data come with this code as well, and not every way of carrying it brings them.
      if (answer.completion === noActiveLimit) return observedNow({ active: false, limit: null });
      await insistOnPower(ipmi, answer, call);
      return observedNow({ active: true, limit: limitIn(dcmiData(answer, 'Get Power Limit', limitBytes)) });
    },
    async set(limit, call) {
      const answer = await tellDcmi(ipmi, commands.setPowerLimit, [0, 0, 0, ...bytesOf(limit)], call);
      const refusal = refusals.get(answer.completion);
      if (refusal !== undefined) throw new Fault('controller-refused', `Set Power Limit: ${refusal}`);
      await insistOnPower(ipmi, answer, call);
      dcmiData(answer, 'Set Power Limit');
      await activate(true, call).catch(leftOut);
    },
    clear: async (call) => activate(false, call),
  };
};

/** The limit was accepted by then. */
const leftOut = (thrown: unknown): never => {
  const why = thrown instanceof Fault ? thrown.detail : '';
  throw new Fault('outcome-unknown', `the limit was set, and may not be in force: ${why}`, { cause: thrown });
};

/** Completion codes of Set Power Limit alone (DCMI 1.5 table 6-18). */
const refusals: ReadonlyMap<number, string> = new Map([
  [0x84, 'so many watts are out of its range (84h)'],
  [0x85, 'the correction time is out of its range (85h)'],
  [0x89, 'the sampling period is out of its range (89h)'],
]);

const bytesOf = ({
  watts,
  correctionMs,
  samplingSeconds,
  action,
}: Limit & { action: LimitAction }): readonly number[] => [
  actions[action],
  ...le16(watts),
  ...le32(correctionMs),
  ...[0, 0],
  ...le16(samplingSeconds),
];

const limitBytes = 13;

/** DCMI 1.5 table 6-17, of at least 13 bytes: two reserved, action, watts, milliseconds, two reserved, seconds. */
export const limitIn = (data: Buffer): Limit => {
  const byte = data.readUInt8(2);
  const action = (Object.keys(actions) as LimitAction[]).find((name) => actions[name] === byte) ?? null; // its keys
  return {
    watts: data.readUInt16LE(3),
    correctionMs: data.readUInt32LE(5),
    samplingSeconds: data.readUInt16LE(11),
    action,
  };
};
