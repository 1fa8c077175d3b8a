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

  for (const [what, send] of [
    ['was accepted', async () => undefined],
    ['was not answered', async () => Promise.reject(new Fault('outcome-unknown'))],
  ] as const) {
    it(`drops the sessions on a controller whose reset ${what}, after it was sent`, async () => {
      const done: string[] = [];
      const ended = run(
        {
          async send() {
            done.push('reset');
            await send();
          },
        },
        { drop: async (id) => void done.push(`drop ${id}`) },
      );
      if (what === 'was accepted') expect(await ended).to.deep.equal({ kind: 'cold', operation_id: 'act' });
      else expect((await faultOf(ended)).code).to.equal('outcome-unknown');
      expect(done).to.deep.equal(['reset', 'drop bmc']);
    });
  }
});
