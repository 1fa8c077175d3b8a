import { expect } from 'chai';
import { decode } from '../../../src/core/decode.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { rawCommand, refusalOf } from '../../../src/domain/raw-command.ts';
import { operations } from '../../../src/operations/index.ts';

const read = (value: object) => rawCommand.parse(value);
const refused = (value: object): boolean => {
  try {
    decode(rawCommand, value);
    return false;
  } catch (error) {
    return error instanceof Fault && error.code === 'invalid-input';
  }
};

describe('a raw command', () => {
  it('takes its data as digits, as numbers, or not at all', () => {
    expect(read({ netfn: 6, command: 1 }).data.bytes).to.deep.equal([]);
    expect(read({ netfn: 6, command: 1, data: '0aFF' }).data.bytes).to.deep.equal([10, 255]);
    expect(read({ netfn: 6, command: 1, data: [10, 255] }).data.bytes).to.deep.equal([10, 255]);
  });

  it('is refused when it is no command: an odd function, too large a number, half a byte, or too much', () => {
    for (const wrong of [
      { netfn: 7 },
      { netfn: 64 },
      { netfn: -2 },
      { command: 256 },
      { data: '0' },
      { data: '0x01' },
      { data: [256] },
      { data: '00'.repeat(201) },
      { data: Array<number>(201).fill(0) },
      { data: null },
      { lun: 1 },
    ])
      expect(refused({ netfn: 6, command: 1, ...wrong }), JSON.stringify(wrong)).to.equal(true);
    expect(refused({ netfn: 6, command: 1, data: '00'.repeat(200) })).to.equal(false);
  });

  it('is printed with its data, unless these may hold a secret', () => {
    const printed = (value: object): unknown => JSON.parse(JSON.stringify(read(value)));
    expect(printed({ netfn: 0x30, command: 1, data: [0xab] })).to.deep.equal({ netfn: 0x30, command: 1, data: 'ab' });
    for (const [netfn, command] of [
      [0x06, 0x47],
      [0x06, 0x56],
      [0x06, 0x34],
      [0x0c, 0x01],
      [0x0c, 0x10],
    ]) {
      expect(printed({ netfn, command, data: 'c0ffee' })).to.deep.equal({ netfn, command, data: '[withheld]' });
      expect(read({ netfn, command, data: 'c0ffee' }).data.bytes).to.deep.equal([0xc0, 0xff, 0xee]);
    }
  });

  it('is refused where it writes firmware, or has an operation of its own, which is named', () => {
    for (let command = 0; command < 256; command += 1) expect(refusalOf({ netfn: 0x08, command })).not.to.equal(null);
    expect(refusalOf({ netfn: 0x06, command: 0x01 })).to.equal(null);
    expect(refusalOf({ netfn: 0x30, command: 0x01 })).to.equal(null);
    const names = operations.map(({ name }) => name);
    const all = Array.from({ length: 0x4000 }, (_, at) => refusalOf({ netfn: (at >> 8) & 0x3e, command: at & 0xff }));
    const named = all.flatMap(
      (refusal) => refusal?.reason.match(/\b[a-z]+(-[a-z]+)*\.(set|create|delete|clear|test|update)\b/g) ?? [],
    );
    expect(named).to.include.members(['power.set', 'boot.set', 'reset.create', 'password.set', 'event-log.clear']);
    expect(names).to.include.members([...new Set(named)]);
  });
});
