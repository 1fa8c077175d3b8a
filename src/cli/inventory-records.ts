import { inventoryRecord } from '../domain/inventory-records.ts';

/** A record in a line for people; what a newer service may tell in another way comes as it is. */
export const recordText = (given: object): string => {
  const record = inventoryRecord.safeParse(given).data;
  if (record === undefined) return JSON.stringify(given);
  switch (record.kind) {
    case 'power-supply':
      return [
        `${record.capacity_w} W`,
        ...(record.peak_w === null ? [] : [`${record.peak_w} W for ${record.hold_up_s} s`]),
        ...record.inputs.map(({ low_v, high_v }) => `${low_v} to ${high_v} V`),
        `${record.input_low_hz} to ${record.input_high_hz} Hz`,
        ...record.features,
      ].join(', ');
    case 'dc-output':
      return `${record.number}: ${record.nominal_v} V, ${record.min_a} to ${record.max_a} A${record.standby ? ', standby' : ''}`;
    case 'dc-load':
      return `${record.number}: ${record.nominal_v} V, ${record.min_a} to ${record.max_a} A`;
    case 'management-access':
      return `${record.purpose} ${record.value}`;
    case 'oem':
      return `${record.manufacturer.name ?? `maker ${record.manufacturer.id}`}, type ${record.type}, ${record.data.length / 2} bytes`;
    case 'other':
      return `type ${record.type}, ${record.data.length / 2} bytes`;
  }
};
