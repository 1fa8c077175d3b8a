/** Sensor types (IPMI 2.0 table 42-3): how answers name them, and how a sentence does. */
const types: Readonly<Record<number, readonly [name: string, title: string]>> = {
  0x01: ['temperature', 'Temperature'],
  0x02: ['voltage', 'Voltage'],
  0x03: ['current', 'Current'],
  0x04: ['fan', 'Fan'],
  0x05: ['physical-security', 'Chassis cover'],
  0x06: ['platform-security', 'Platform security'],
  0x07: ['processor', 'Processor'],
  0x08: ['power-supply', 'Power supply'],
  0x09: ['power-unit', 'Power unit'],
  0x0a: ['cooling-device', 'Cooling device'],
  0x0b: ['other-units', 'Measured value'],
  0x0c: ['memory', 'Memory'],
  0x0d: ['drive-slot', 'Drive slot'],
  0x0e: ['post-memory-resize', 'Memory size at start'],
  0x0f: ['system-firmware', 'System firmware'],
  0x10: ['event-logging', 'Event logging'],
  0x11: ['watchdog-1', 'Watchdog'],
  0x12: ['system-event', 'System'],
  0x13: ['critical-interrupt', 'Critical interrupt'],
  0x14: ['button', 'Button'],
  0x15: ['module', 'Module'],
  0x16: ['microcontroller', 'Microcontroller'],
  0x17: ['add-in-card', 'Add-in card'],
  0x18: ['chassis', 'Chassis'],
  0x19: ['chip-set', 'Chip set'],
  0x1a: ['other-fru', 'Replaceable unit'],
  0x1b: ['cable', 'Cable'],
  0x1c: ['terminator', 'Terminator'],
  0x1d: ['boot-initiated', 'Start of the system'],
  0x1e: ['boot-error', 'Boot'],
  0x1f: ['os-boot', 'Operating system'],
  0x20: ['os-stop', 'Operating system'],
  0x21: ['slot', 'Slot'],
  0x22: ['acpi-power-state', 'ACPI power state'],
  0x23: ['watchdog-2', 'Watchdog'],
  0x24: ['platform-alert', 'Alert'],
  0x25: ['entity-presence', 'Part'],
  0x26: ['monitor-asic', 'Monitoring chip'],
  0x27: ['lan', 'Network'],
  0x28: ['management-subsystem', 'Management'],
  0x29: ['battery', 'Battery'],
  0x2a: ['session-audit', 'BMC session'],
  0x2b: ['version-change', 'Version'],
  0x2c: ['fru-state', 'Replaceable unit'],
};

const firstOfMakers = 0xc0;

export const sensorTypeName = (type: number): string => types[type]?.[0] ?? (type >= firstOfMakers ? 'oem' : 'unknown');

/** `Power supply`; for a type without a name, its number. */
export const sensorTypeTitle = (type: number): string => types[type]?.[1] ?? `Type ${hexOf(type)}`;

/** `15h`, as manuals write it. */
export const hexOf = (byte: number): string => `${byte.toString(16).toUpperCase().padStart(2, '0')}h`;
