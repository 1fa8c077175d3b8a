import { expect } from 'chai';
import fc from 'fast-check';
import { inventoryContent } from '../../../../src/domain/inventory.ts';
import { fieldsIn, textOf } from '../../../../src/drivers/ipmi/fru-field.ts';
import { bytesWanted } from '../../../../src/drivers/ipmi/fru-layout.ts';
import { fruPlacesIn } from '../../../../src/drivers/ipmi/fru-places.ts';
import { inventoryIn } from '../../../../src/drivers/ipmi/fru.ts';
import { fruBytes } from '../../../../deploy/demo/ipmi-sim-files.ts';
import { areaBytes, fruImage, recordBytes, sixBitField, textField } from '../../../support/bmc/fru-bytes.ts';
import { fruDevices } from '../../../support/bmc/fru.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const read = (image: Buffer) => inventoryIn(image, image.length);
const supplyImage = (): Buffer => Buffer.from(fruDevices().get(1)?.bytes ?? []);
const images = [fruBytes(), supplyImage()];

describe('a field of an inventory', () => {
  const said = (code: number, hex: string, english = true): string | null =>
    textOf({ code, bytes: bytes(hex) }, english);

  it('is read by its encoding', () => {
    // The specification's own example of the packed one (§13.1).
    expect(said(2, '29 dc a6')).to.equal('IPMI');
    expect(said(1, '12 3a b4 c5')).to.equal('123 -4.5');
    expect(said(0, 'de ad 00')).to.equal('0xdead00');
    expect(said(3, '4c 61 62 e9')).to.equal('Labé');
    expect(said(3, '4c 00 e9 00', false)).to.equal('Lé');
  });

  it('is without what fills it up, and null when that is all', () => {
    expect([said(3, '41 20 20 00'), said(3, '20 00'), said(3, ''), said(2, '00 00 00')]).to.deep.equal([
      'A',
      null,
      null,
      null,
    ]);
  });

  it('shows what is no character as that, and passes nothing on that a terminal would obey', () => {
    expect(said(1, 'd1')).to.equal('\ufffd1');
    expect(said(3, '41 1b 5b 32 4a 9b')).to.equal('A\ufffd[2J\ufffd');
    expect(said(3, '2e 20 00 d8 41', false)).to.match(/^\ufffd+$/);
  });

  it('is packed by the test as the specification unpacks it', () => {
    const packable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x5f }).map((code) => String.fromCharCode(code)),
      maxLength: 60,
    });
    fc.assert(
      fc.property(packable, (text) => {
        expect(textOf({ code: 2, bytes: sixBitField(text).subarray(1) }, true)).to.equal(text || null);
      }),
    );
  });

  it('ends at its mark, or is left out where the area ends within it', () => {
    expect(fieldsIn(bytes('c2 41 42 c1 ff ff'))).to.deep.include({ isWhole: true });
    const cut = fieldsIn(bytes('c2 41 42 c4 41'));
    expect([cut.fields.length, cut.isWhole]).to.deep.equal([1, false]);
  });
});

describe('inventoryIn', () => {
  it('reads every area of the machine', () => {
    expect(read(fruBytes())).to.deep.equal({
      chassis: { type: 'rack-mount-chassis', part_number: 'CH-900', serial_number: 'CHS100000', custom: [] },
      board: {
        manufactured_at: '2023-05-17T00:00:00.000Z',
        manufacturer: 'Lab Systems',
        product_name: 'LX-Board',
        serial_number: 'BRD100000',
        part_number: 'P/N-77',
        fru_file_id: null,
        custom: [],
      },
      product: {
        manufacturer: 'Lab Systems',
        name: 'LX-2000',
        part_number: 'LX2K',
        version: 'v1.2',
        serial_number: 'SN100000',
        asset_tag: 'ASSET-100000',
        fru_file_id: null,
        custom: [],
      },
      records: [],
      internal_use_bytes: null,
      valid: true,
      problems: [],
    });
  });

  it('reads the records of a power supply, in units that people use', () => {
    const { records, product, internal_use_bytes, valid } = read(supplyImage());
    expect({ part: product?.part_number, internal_use_bytes, valid }).to.deep.equal({
      ...{ part: 'PS800-A', internal_use_bytes: 16, valid: true },
    });
    expect(records).to.deep.equal([
      {
        kind: 'power-supply',
        valid: true,
        capacity_w: 800,
        peak_va: 920,
        peak_w: 900,
        hold_up_s: 5,
        inrush_a: 50,
        inrush_ms: 5,
        inputs: [
          { low_v: 100, high_v: 127 },
          { low_v: 200, high_v: 240 },
        ],
        input_low_hz: 47,
        input_high_hz: 63,
        dropout_ms: 20,
        features: ['power-factor-correction', 'hot-swap'],
        combined: { first_v: 12, second_v: 5, total_w: 780 },
      },
      {
        ...{ kind: 'dc-output', valid: true, number: 1, standby: false, nominal_v: 12, below_v: 0.6, above_v: 0.6 },
        ...{ ripple_mv: 120, min_a: 0.5, max_a: 65 },
      },
      {
        ...{ kind: 'dc-load', valid: true, number: 2, nominal_v: 3.3, lowest_v: 3.13, highest_v: 3.46 },
        ...{ ripple_mv: 50, min_a: 0, max_a: 3 },
      },
      { kind: 'management-access', valid: true, purpose: 'system-url', value: 'https://psu.example' },
      { kind: 'oem', valid: true, type: 0xc0, manufacturer: { id: 674, name: 'Dell' }, data: 'cafe' },
    ]);
  });

  it('counts the currents of extended records in their own unit', () => {
    const extended = (first: number) => {
      const data = [first, 0xb0, 0x04, 0, 0, 0, 0, 0, 0, 100, 0, 200, 0];
      return read(fruImage({ records: [recordBytes(0x09, data)] }, 64)).records[0];
    };
    expect(extended(0x81)).to.include({ number: 1, standby: true, min_a: 1, max_a: 2 });
    expect(extended(0x11)).to.include({ number: 1, standby: false, min_a: 10, max_a: 20 });
  });

  it('reads what the manufacturer added, texts of other languages, and a date that is not told', () => {
    const wide = (text: string): Buffer => {
      const data = Buffer.from(text, 'utf16le');
      return Buffer.concat([Buffer.from([0xc0 | data.length]), data]);
    };
    const image = fruImage(
      {
        chassis: areaBytes([99], [...['', 'S1', 'one', 'two'].map(textField)]),
        board: areaBytes([8, 0, 0, 0], ['Müller', 'Rück', '', '', ''].map(wide)),
      },
      256,
    );
    const { chassis, board, valid } = read(image);
    expect(chassis).to.deep.equal({ type: null, part_number: null, serial_number: 'S1', custom: ['one', 'two'] });
    expect(board).to.include({
      manufactured_at: null,
      manufacturer: 'Müller',
      product_name: 'Rück',
      part_number: null,
    });
    expect(valid).to.equal(true);
  });

  it('tells of an area that does not fit its checksum, with what it says', () => {
    const image = fruBytes();
    image.write('X', 12);
    const { chassis, board, valid, problems } = read(image);
    expect(chassis?.part_number).to.equal('XH-900');
    expect(board?.serial_number).to.equal('BRD100000');
    expect([valid, problems]).to.deep.equal([false, ['chassis: its checksum does not fit']]);
  });

  it('takes nothing from where a header points that does not fit, unless it is an area by its own checksum', () => {
    const image = fruBytes();
    image[2] = 3;
    const { chassis, board, problems } = read(image);
    expect(chassis).to.equal(null);
    expect(board?.serial_number).to.equal('BRD100000');
    expect(problems[0]).to.equal('header: its checksum does not fit');
    const both = fruBytes();
    both[7] = 0;
    both.write('X', 12);
    expect(read(both).chassis).to.equal(null);
    expect(read(both).board?.serial_number).to.equal('BRD100000');
  });

  it('goes no further than a record whose head is broken, and tells of one whose data are', () => {
    const head = supplyImage();
    const at = (head[5] ?? 0) * 8 + 5 + 24;
    head[at + 2] = 0x40;
    const broken = read(head);
    expect(broken.records.map(({ kind }) => kind)).to.deep.equal(['power-supply']);
    expect(broken.problems).to.deep.equal([
      'record 2: the checksum of its head does not fit, and nothing after it is read',
    ]);
    const data = supplyImage();
    data[at + 5 + 1] = 0;
    const spoilt = read(data);
    expect(spoilt.records.map(({ valid }) => valid)).to.deep.equal([true, false, true, true, true]);
    expect(spoilt.valid).to.equal(false);
  });

  it('gives the bytes of a record that it does not know, or that is too short for what it says to be', () => {
    const image = fruImage({ records: [recordBytes(0x05, [1, 2]), recordBytes(0x00, [3])] }, 64);
    expect(read(image).records).to.deep.equal([
      { kind: 'other', valid: true, type: 5, data: '0102' },
      { kind: 'other', valid: true, type: 0, data: '03' },
    ]);
  });

  it('calls a device empty that was never written', () => {
    for (const byte of [0x00, 0xff])
      expect(read(Buffer.alloc(64, byte))).to.deep.include({ valid: false, problems: ['it is empty'] });
    expect(read(bytes('02 00 00 00 00 00 00 fe')).problems).to.deep.equal(['it is of no known format']);
  });

  it('makes something that fits of any bytes, however they are cut or spoilt, and throws for none', () => {
    const spoilt = fc
      .tuple(fc.constantFrom(...images), fc.nat(400), fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 6 }))
      .map(([image, length, changes]) => {
        const copy = Buffer.from(image);
        for (const [at, byte] of changes) copy[at % copy.length] = byte;
        return copy.subarray(0, length);
      });
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((values) => Buffer.from(values)),
      spoilt,
    );
    fc.assert(
      fc.property(any, (image) => {
        const content = read(image);
        const checked = inventoryContent.safeParse(content);
        expect(checked.error?.message).to.equal(undefined);
        expect(content.valid).to.equal(content.problems.length === 0);
        expect(bytesWanted(image)).to.be.lessThan(0x10000 + 0x800);
      }),
      { numRuns: 2000 },
    );
  });

  it('says nothing of an image that was cut short but what the whole says, or that something is wrong', () => {
    for (const image of images) {
      const whole = read(image);
      for (let length = 0; length < image.length; length += 1) {
        const part = inventoryIn(image.subarray(0, length), image.length);
        if (part.valid) expect(part).to.deep.equal(whole);
      }
    }
  });
});

describe('fruPlacesIn', () => {
  const locator = (address: number, id: number, access: number, name: string, type = 0x11): Buffer =>
    Buffer.from([
      9,
      0,
      0x51,
      type,
      11 + name.length,
      address,
      id,
      access,
      0,
      0,
      0x10,
      0,
      10,
      1,
      0,
      0xc0 | name.length,
      ...Buffer.from(name),
    ]);

  it('finds what the BMC itself reads, each once, and its own always', () => {
    const records = [
      locator(0x20, 7, 0x80, 'PSU2'),
      locator(0x20, 3, 0x80, ''),
      locator(0x20, 7, 0x80, 'again'),
      locator(0x82, 4, 0x80, 'of another controller'),
      locator(0x20, 5, 0x00, 'a memory on a bus'),
      locator(0x20, 6, 0x88, 'of another unit'),
      locator(0x20, 0xff, 0x80, 'none'),
      locator(0x20, 8, 0x80, 'a controller', 0x12),
    ];
    expect(fruPlacesIn(records)).to.deep.equal([
      { id: 0, name: null },
      { id: 3, name: null },
      { id: 7, name: 'PSU2' },
    ]);
    expect(fruPlacesIn([locator(0x20, 0, 0x80, 'Board')])).to.deep.equal([{ id: 0, name: 'Board' }]);
  });

  it('takes any bytes for records', () => {
    const record = fc.uint8Array({ maxLength: 40 }).map((values) => Buffer.from(values));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 9 }), fc.boolean(), (records, areLocators) => {
        if (areLocators) for (const one of records) if (one.length > 7) one.set([0x11, 0, 0x20, 1, 0x80], 3);
        const ids = fruPlacesIn(records).map(({ id }) => id);
        expect(ids).to.deep.equal([...new Set(ids)].sort((one, other) => one - other));
        expect(ids).to.include(0);
      }),
    );
  });
});

describe('bytesWanted', () => {
  it('leads from nothing to all that says anything, and no further', () => {
    for (const image of images) {
      let known = 0;
      for (let rounds = 0; bytesWanted(image.subarray(0, known)) > known; rounds += 1) {
        known = bytesWanted(image.subarray(0, known));
        expect(rounds).to.be.lessThan(20);
      }
      expect(known).to.be.lessThan(image.length);
      expect(inventoryIn(image.subarray(0, known), image.length)).to.deep.equal(read(image));
    }
  });
});
