/** Units by their number (IPMI 2.0 table 43-15). Where there is a common sign for one, it is taken. */
const units = [
  ...['', '°C', '°F', 'K', 'V', 'A', 'W', 'J', 'C', 'VA', 'nit', 'lm', 'lx', 'cd', 'kPa', 'psi', 'N', 'cfm', 'RPM'],
  ...['Hz', 'µs', 'ms', 's', 'min', 'h', 'd', 'wk', 'mil', 'in', 'ft', 'in³', 'ft³', 'mm', 'cm', 'm', 'cm³', 'm³', 'l'],
  ...[
    'fl oz',
    'rad',
    'sr',
    'rev',
    'cycles',
    'g-force',
    'oz',
    'lb',
    'ft·lb',
    'oz·in',
    'G',
    'Gb',
    'H',
    'mH',
    'F',
    'µF',
    'Ω',
  ],
  ...['S', 'mol', 'Bq', 'ppm', '', 'dB', 'dBA', 'dBC', 'Gy', 'Sv', 'K', 'bit', 'kbit', 'Mbit', 'Gbit', 'B', 'kB', 'MB'],
  ...['GB', 'words', 'dwords', 'qwords', 'lines', 'hits', 'misses', 'retries', 'resets', 'overruns', 'underruns'],
  ...['collisions', 'packets', 'messages', 'characters', 'errors', 'correctable errors', 'uncorrectable errors'],
  ...['fatal errors', 'g'],
] as const;

const rates = ['', '/µs', '/ms', '/s', '/min', '/h', '/d'] as const;

/** The three bytes of a record that tell the unit (bytes 21 to 23 of table 43-1). Null: it has none, or none we know. */
export const unitOf = (flags: number, base: number, modifier: number): string | null => {
  const percent = (flags & 0x01) === 1;
  const relation = (flags >> 1) & 0b11;
  const [own = null, other = ''] = [units[base], units[modifier]];
  const joined = relation === 1 ? `${own}/${other}` : relation === 2 ? `${own}·${other}` : own;
  const isJoined = relation !== 0;
  if (own === null || (isJoined && (own === '' || other === '' || relation === 3))) return null;
  const sign = [percent ? '%' : '', joined].filter((part) => part !== '').join(' ');
  const rate = rates[(flags >> 3) & 0b111];
  return rate === undefined ? null : `${sign}${rate}` || null;
};
