import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../../src/domain/fault.ts';
import { addressIn, typeIn } from '../../../../src/drivers/ipmi/alert.ts';
import { channelAccessIn, channelInfoIn, suitesIn } from '../../../../src/drivers/ipmi/channel.ts';
import * as lan from '../../../../src/drivers/ipmi/lan.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Each decoder, with data that it takes; in the property below the same goes for whatever else comes. */
const decoders: Readonly<Record<string, readonly [(data: Buffer) => unknown, string, unknown]>> = {
  ipv4In: [lan.ipv4In, '0a 14 00 05', '10.20.0.5'],
  'gatewayIn, of none': [lan.gatewayIn, '00 00 00 00', null],
  macIn: [lan.macIn, '52 54 00 aa bb 01', '52:54:00:aa:bb:01'],
  sourceIn: [lan.sourceIn, '02', 'dhcp'],
  'sourceIn, of a number without a meaning': [lan.sourceIn, '0e', null],
  headerIn: [lan.headerIn, '40 40 b0', { ttl: 64, flags: 2, precedence: 5, type_of_service: 8 }],
  portIn: [lan.portIn, '6f 02', 623],
  arpIn: [(data) => lan.arpIn(data, bytes('05')), '02', { answers: true, gratuitous: false, interval_seconds: 2.5 }],
  'vlanIn, of none': [(data) => lan.vlanIn(data, null), '64 00', null],
  vlanIn: [(data) => lan.vlanIn(data, bytes('0b')), '64 81', { id: 0x164, priority: 3 }],
  countIn: [lan.countIn, '04', 4],
  badPasswordIn: [lan.badPasswordIn, '01 03 1e 00 06 00', { attempts: 3, reset_seconds: 300, unlock_seconds: 60 }],
  'badPasswordIn, of none': [
    lan.badPasswordIn,
    '00 00 00 00 00 00',
    { attempts: null, reset_seconds: null, unlock_seconds: null },
  ],
  authenticationIn: [
    (data) => lan.authenticationIn(data, bytes('00 01 04 14 20')),
    '15',
    {
      supported: ['none', 'md5', 'password'],
      enabled: { callback: [], user: ['none'], operator: ['md5'], administrator: ['md5', 'password'], oem: ['oem'] },
    },
  ],
  suitePrivilegesIn: [
    (data) => [...lan.suitePrivilegesIn(bytes('03'), bytes('00 00 03 11'), data)],
    '00 40 03 00 00 00 00 00 00',
    [
      [0, null],
      [3, 'administrator'],
      [17, 'operator'],
    ],
  ],
  ipv6ModeIn: [lan.ipv6ModeIn, '02', 'beside-ipv4'],
  ipv6CountsIn: [lan.ipv6CountsIn, '01 ff 03', { fixed: 1, dynamic: 16 }],
  ipv6In: [
    (data) => lan.ipv6In(data, true),
    '00 80 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 40 00',
    { address: '2001:db8::1', prefix_length: 64, source: 'static', state: 'active' },
  ],
  'ipv6In, of an empty entry': [(data) => lan.ipv6In(data, true), `00 00 ${'00 '.repeat(16)} 00 01`, null],
  channelInfoIn: [channelInfoIn, '01 04 01 81 f2 1b 00 00 00', { id: 1, medium: 'lan', protocol: 'ipmb' }],
  channelAccessIn: [
    channelAccessIn,
    '2a 03',
    {
      mode: 'always',
      privilege_limit: 'operator',
      alerting: false,
      per_message_authentication: true,
      user_level_authentication: false,
    },
  ],
  suitesIn: [
    (data) => suitesIn(data).map(({ id, authentication, integrity }) => [id, authentication, integrity]),
    'c0 00 00 40 80 c1 80 57 01 00 01 41 81 c0 11 03 44 81',
    [
      [0, 'none', 'none'],
      [17, 'hmac-sha256', 'hmac-sha256-128'],
    ],
  ],
  typeIn: [
    (data) => typeIn(data, 2),
    '02 80 05 03',
    { kind: 'trap', acknowledged: true, interval_seconds: 5, retries: 3 },
  ],
  addressIn: [
    (data) => addressIn(data, 2),
    '02 00 01 0a 14 00 05 52 54 00 aa bb 01',
    { address: '10.20.0.5', mac: '52:54:00:aa:bb:01', gateway: 'backup' },
  ],
  'addressIn, of IPv6': [
    (data) => addressIn(data, 2),
    '02 10 fd 00 00 00 00 00 00 00 00 00 00 00 00 00 b3 c0',
    { address: 'fd00::b3c0', mac: null, gateway: 'default' },
  ],
};

describe('the decoders of the LAN parameters', () => {
  for (const [name, [decode, data, expected]] of Object.entries(decoders)) {
    it(`read by the tables of the specification: ${name}`, () => {
      expect(decode(bytes(data))).to.deep.equal(expected);
    });

    it(`read any bytes, or call them garbled: ${name}`, () => {
      const whole = bytes(data);
      const cut = fc.nat(whole.length).map((length) => whole.subarray(0, length));
      const any = fc.uint8Array({ maxLength: 40 }).map((values) => Buffer.from(values));
      fc.assert(
        fc.property(fc.oneof(cut, any, fc.constant(Buffer.concat([whole, whole]))), (said) => {
          try {
            decode(said);
          } catch (error) {
            expect(error).to.be.instanceOf(Fault).with.property('code', 'controller-garbled');
          }
        }),
      );
    });
  }

  it('make nothing of data that were cut short', () => {
    for (const [name, [decode, data]] of Object.entries(decoders)) {
      // A list may end after any of its entries.
      if (name === 'suitesIn') continue;
      expect(() => decode(bytes(data).subarray(0, 0)), name).to.throw(Fault);
    }
  });
});
