import { expect } from 'chai';
import fc from 'fast-check';
import { accountPrivileges } from '../../../../src/domain/account.ts';
import { Fault } from '../../../../src/domain/fault.ts';
import {
  accessBytes,
  nameField,
  passwordField,
  userAccessIn,
  userNameIn,
} from '../../../../src/drivers/ipmi/account-bytes.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  }
};

describe("the bytes of a BMC's accounts", () => {
  it('tell the access, the state and the size of the table, as ipmi_sim and a BMC of today have it', () => {
    expect(userAccessIn(Buffer.from([0x3f, 0x05, 0x00, 0x14]))).to.deep.equal({
      slots: 63,
      fixedNames: 1,
      enabled: null,
      privilege: 'administrator',
      messaging: true,
      link: false,
      callbackOnly: false,
    });
    expect(userAccessIn(Buffer.from([0x0a, 0x83, 0x02, 0x6f]))).to.deep.equal({
      slots: 10,
      fixedNames: 2,
      enabled: false,
      privilege: 'none',
      messaging: false,
      link: true,
      callbackOnly: true,
    });
  });

  it('give no meaning to a number that has none', () => {
    expect(userAccessIn(Buffer.from([0x0f, 0xc1, 0x01, 0x07]))).to.include({ enabled: null, privilege: 'unknown' });
    expect(codeOf(() => userAccessIn(Buffer.from([0, 0, 0, 0x14])))).to.equal('controller-garbled');
  });

  it('make an account of four bytes, a name of sixteen, and a garbled answer of all else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const data = Buffer.from(bytes);
        const access = codeOf(() => userAccessIn(data));
        expect(access).to.equal(data.length === 4 && (data.readUInt8(0) & 0x3f) > 0 ? 'none' : 'controller-garbled');
        expect(codeOf(() => userNameIn(data))).to.equal(data.length === 16 ? 'none' : 'controller-garbled');
      }),
    );
  });

  it('carry a name there and back, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const name = userNameIn(Buffer.from(bytes));
        expect(Buffer.from(name, 'latin1')).to.deep.equal(Buffer.from(bytes).subarray(0, [...bytes, 0].indexOf(0)));
      }),
    );
    expect(nameField('carol')).to.deep.equal([...Buffer.from('carol'), ...Array<number>(11).fill(0)]);
  });

  it('carry every access there and back', () => {
    for (const privilege of accountPrivileges) {
      for (const [messaging, link, callbackOnly] of [
        [true, false, false],
        [false, true, true],
      ] as const) {
        const access = { privilege, messaging, link, callbackOnly };
        if (privilege === 'unknown') expect(codeOf(() => accessBytes(access))).to.equal('invalid-input');
        else {
          const [flags, limit] = accessBytes(access);
          expect(userAccessIn(Buffer.from([1, 0, 1, (flags & 0x70) | limit]))).to.include(access);
        }
      }
    }
  });

  it('have no room for a password that a login could not carry', () => {
    expect(passwordField('x'.repeat(20), 20)).to.have.length(20);
    expect(passwordField('pä', 16)).to.deep.equal([0x70, 0xc3, 0xa4, ...Array<number>(13).fill(0)]);
    for (const [text, size] of [
      ['x'.repeat(21), 20],
      ['x'.repeat(17), 16],
      ['ä'.repeat(11), 20],
      ['a\nb', 20],
      ['a\0b', 20],
      ['\u007f', 20],
    ] as const)
      expect(codeOf(() => passwordField(text, size))).to.equal('invalid-input');
  });
});
