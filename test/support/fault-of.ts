import { Fault } from '../../src/domain/fault.ts';

/** The Fault that a promise is rejected with; anything else fails the test. */
export const faultOf = async (promise: Promise<unknown>): Promise<Fault> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('resolved, where a Fault was expected');
};
