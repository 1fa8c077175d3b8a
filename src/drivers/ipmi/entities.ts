/** Kinds of parts by their number (IPMI 2.0 table 43-13). */
const entities = [
  ...['unspecified', 'other', 'unknown', 'processor', 'disk', 'peripheral-bay', 'management-module', 'system-board'],
  ...['memory-module', 'processor-module', 'power-supply', 'add-in-card', 'front-panel', 'back-panel', 'power-board'],
  ...['drive-backplane', 'internal-expansion-board', 'other-system-board', 'processor-board', 'power-unit'],
  ...['power-module', 'power-distribution-board', 'chassis-back-panel', 'system-chassis', 'sub-chassis'],
  ...['other-chassis-board', 'drive-bay', 'peripheral-bay', 'device-bay', 'fan', 'cooling-unit', 'cable'],
  ...['memory-device', 'system-management-software', 'system-firmware', 'operating-system', 'system-bus', 'group'],
  ...['remote-management-device', 'external-environment', 'battery', 'processing-blade', 'connectivity-switch'],
  ...['processor-memory-module', 'io-module', 'processor-io-module', 'controller-firmware', 'ipmi-channel', 'pci-bus'],
  ...['pci-express-bus', 'scsi-bus', 'sata-bus', 'front-side-bus', 'real-time-clock'],
] as const;

/** Numbers that DCMI 1.5 §6.5.2 adds. */
const dcmiEntities: Readonly<Record<number, string>> = {
  0x37: 'air-inlet',
  0x40: 'air-inlet',
  0x41: 'processor',
  0x42: 'system-board',
};

/** The kind of a part, and which one of its kind it is. Vendors have numbers of their own. */
export const entityOf = (id: number, instance: number): string =>
  `${entities[id] ?? dcmiEntities[id] ?? `${kindOf(id)}-${id.toString(16).padStart(2, '0')}`} ${instance & 0x7f}`;

/** IPMI 2.0 table 43-13, the ranges at its end. */
const kindOf = (id: number): string => {
  if (id >= 0x90 && id <= 0xaf) return 'chassis-specific';
  if (id >= 0xb0 && id <= 0xcf) return 'board-specific';
  return id >= 0xd0 ? 'oem' : 'entity';
};
