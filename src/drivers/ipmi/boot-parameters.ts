import { bootParameterNames } from '../../domain/boot-parameter.ts';
import type { BootParameter } from '../../domain/boot-parameter.ts';
import { Fault } from '../../domain/fault.ts';
import { observedNow } from '../../domain/observed.ts';
import type { BootParameters, CallOptions } from '../../ports/controller.ts';
import { decodedOf } from './boot-decode.ts';
import { askOption, optionIn, optionSet, parameters, setOption } from './boot-options.ts';
import type { Ipmi } from './link.ts';

export const bootParameters = (ipmi: Ipmi): BootParameters => {
  const get = async (number: number, block: number, call: CallOptions): Promise<BootParameter> => {
    const { locked, data } = optionIn(await askOption(ipmi, number, block, call), number);
    return parameterOf(number, locked, data);
  };
  return {
    get: async (number, block, call) => observedNow(await get(number, block, call)),
    async list(call) {
      const found: BootParameter[] = [];
      for (const number of bootParameterNames.keys()) {
        const one = await get(number, 0, call).catch(orNull);
        if (one !== null) found.push(one);
      }
      return observedNow(found);
    },
    async set({ number, locked, data }, call) {
      optionSet(await setOption(ipmi, [number | (locked ? 0x80 : 0), ...data], call), number);
    },
  };
};

/** A parameter that the BMC lacks, or does not let be read, is left out of the list; all else ends it. */
const orNull = (thrown: unknown): null => {
  const passes =
    thrown instanceof Fault &&
    (thrown.code === 'controller-refused' || (thrown.code === 'controller-unsupported' && !thrown.toldByController));
  if (passes) return null;
  throw thrown;
};

/** The data of the mailbox begin with the number of the block that they are. */
export const parameterOf = (number: number, locked: boolean, data: Buffer): BootParameter => {
  const isMailbox = number === parameters.mailbox && data.length > 0;
  return {
    number,
    name: bootParameterNames[number] ?? null,
    locked,
    block: isMailbox ? data.readUInt8(0) : null,
    data: (isMailbox ? data.subarray(1) : data).toString('hex'),
    decoded: decodedOf(number, data),
  };
};
