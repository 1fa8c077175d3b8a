import { expect } from 'chai';
import type { Binding } from '../../../src/domain/controller.ts';
import { decidedOrder, ordered } from '../../../src/domain/set-order.ts';

const binding = (controllerId: string, roles: Binding['roles'], selector: string | null = null): Binding => ({
  controllerId,
  address: '127.0.0.1:623',
  revision: 1,
  roles,
  selector,
});
const blade = (chassis: string, slot: string) => ({ bindings: [binding(chassis, ['power'], slot)] });
const machine = (controllerId: string) => ({ bindings: [binding(controllerId, ['power', 'boot'])] });

describe('the order of a set', () => {
  const blades = [blade('c1', '1'), machine('c1'), blade('c1', '2'), machine('own'), blade('c9', '1')];

  it('puts a chassis before its blades, which wait for it alone', () => {
    expect(ordered(blades, 'parents-first')).to.deep.equal([
      { index: 1, after: [] },
      { index: 3, after: [] },
      { index: 4, after: [] },
      { index: 0, after: [0] },
      { index: 2, after: [0] },
    ]);
  });

  it('puts a chassis after its blades, when power goes off', () => {
    expect(ordered(blades, 'parents-last')).to.deep.equal([
      { index: 0, after: [] },
      { index: 2, after: [] },
      { index: 3, after: [] },
      { index: 4, after: [] },
      { index: 1, after: [0, 1] },
    ]);
  });

  it('puts what feeds a machine before it', () => {
    const fed = { bindings: [binding('bmc', ['power']), binding('pdu', ['feed'])] };
    expect(ordered([fed, machine('pdu')], 'parents-first')).to.deep.equal([
      { index: 1, after: [] },
      { index: 0, after: [0] },
    ]);
  });

  it("lets none wait where machines are each other's parents", () => {
    const one = { bindings: [binding('a', ['power']), binding('b', ['feed'])] };
    const other = { bindings: [binding('b', ['power']), binding('a', ['feed'])] };
    expect(ordered([one, other], 'parents-first').map(({ after }) => after)).to.deep.equal([[], []]);
  });

  it('is as given where none is asked for', () => {
    expect(ordered(blades, 'none').map(({ index }) => index)).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('is decided by what is done to the power', () => {
    const decided = (target: string): string => decidedOrder('auto', 'power.set', { target });
    expect(['on', 'cycle', 'reset'].map(decided)).to.deep.equal(['parents-first', 'parents-first', 'parents-first']);
    expect(['off', 'soft-off'].map(decided)).to.deep.equal(['parents-last', 'parents-last']);
    expect([decided('nmi'), decidedOrder('auto', 'boot.set', { target: 'pxe' })]).to.deep.equal(['none', 'none']);
    expect(decidedOrder('none', 'power.set', { target: 'on' })).to.equal('none');
  });
});
