import { expect } from 'chai';
import { Fault } from '../../../src/domain/fault.ts';
import type { Resetter, Visits } from '../../../src/ports/controller.ts';
import { resetCreate } from '../../../src/operations/reset-create.ts';
import { faultOf } from '../../support/fault-of.ts';

describe('reset.create', () => {
  const run = async (reset: Resetter, visits: Partial<Visits>): Promise<unknown> => {
    const context = { id: 'act', controller: { id: 'bmc' }, input: { kind: 'cold' }, device: { reset }, visits };
    return resetCreate.run({ ...context, signal: new AbortController().signal } as unknown as Context);
  };
  type Context = Parameters<typeof resetCreate.run>[0];

  for (const [what, fault, gone] of [
    ['was accepted', null, ['cut bmc']],
    ['was not answered', new Fault('outcome-unknown'), ['cut bmc']],
    ['was refused', new Fault('controller-refused'), []],
  ] as const) {
    it(`${gone.length > 0 ? 'ends' : 'leaves alone'} the sessions on a controller whose reset ${what}`, async () => {
      const done: string[] = [];
      const send = async (): Promise<void> => {
        done.push('reset');
        if (fault !== null) throw fault;
      };
      const ended = run({ send }, { cut: async (id) => void done.push(`cut ${id}`) });
      if (fault === null) expect(await ended).to.deep.equal({ kind: 'cold', operation_id: 'act' });
      else expect(await faultOf(ended)).to.equal(fault);
      expect(done).to.deep.equal(['reset', ...gone]);
    });
  }
});
