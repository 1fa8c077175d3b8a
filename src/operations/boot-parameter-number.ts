import { bootParameterNumber } from '../domain/boot-parameter.ts';
import { Fault } from '../domain/fault.ts';

/** The number that a part of a path stands for. Faults: `not-found`. */
export const numberOf = (parameter: string): number => {
  const number = bootParameterNumber(parameter);
  if (number === null) throw new Fault('not-found', `there is no boot parameter ${parameter}`);
  return number;
};
