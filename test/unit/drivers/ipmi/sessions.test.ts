import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../../src/domain/fault.ts';
import { infoIn } from '../../../../src/drivers/ipmi/sessions.ts';

describe('infoIn', () => {
  it('reads a session over a LAN (IPMI 2.0 table 22-25)', () => {
    const data = Buffer.from('0b3f0202041 1c0a8010a525400aabb010ce6'.replaceAll(' ', ''), 'hex');
    expect(infoIn(data)).to.deep.equal({
      handle: 11,
      slots: 63,
      active: 2,
      session: { handle: 11, userId: 2, privilege: 'administrator', address: '192.168.1.10', port: 0xe60c },
    });
  });

  it('tells no address where none is told, and no session where the handle is 0', () => {
    expect(infoIn(Buffer.from('013f02020411', 'hex')).session).to.include({ address: null, port: null });
    expect(infoIn(Buffer.from('003f02', 'hex'))).to.deep.equal({ handle: 0, slots: 63, active: 2, session: null });
  });

  it('makes bounded values of any bytes, or calls them garbled', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        try {
          const { slots, active, session } = infoIn(Buffer.from(bytes));
          expect(Math.max(slots, active, session?.userId ?? 0)).to.be.lessThan(64);
          expect(session === null || session.handle === bytes[0]).to.equal(true);
        } catch (error) {
          expect(error).to.be.instanceOf(Fault).with.property('code', 'controller-garbled');
          expect(bytes.length).to.be.lessThan(3);
        }
      }),
    );
  });
});
