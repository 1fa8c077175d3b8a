import { discreteSensors, thresholdSensors } from './ipmi-sim-data.ts';
import type { DiscreteSensor, ThresholdSensor } from './ipmi-sim-data.ts';

/** Sensor data records in the language of `sdrcomp`. */
export const sensorRecords = (): string =>
  [...ownRecords, ...thresholdSensors.map(thresholdRecord), ...discreteSensors.map(discreteRecord)].join('');

const record = (type: string, lines: readonly string[]): string =>
  `sdr type ${type}\n${lines.map((line) => ` ${line}\n`).join('')}endsdr\n`;

const owner = (number: number): readonly string[] => [
  'sensor_owner_id 0x20',
  'sensor_owner_lun 0',
  'channel_number 0',
  `sensor_number ${number}`,
];

const ownRecords = [
  record('18', [
    ...['device_slave_address 0x20', 'device_channel_number 0', 'chassis true', 'fru_inventory true'],
    ...['sel true', 'sdr true', 'sensor true', 'entity_id system_board', 'entity_instance 1', 'id_string "LabBMC"'],
  ]),
  record('3', [
    ...owner(0),
    ...['entity_id system_board', 'entity_instance 1', 'sensor_type Watchdog_2'],
    ...['event_reading_type_code 0x6f', 'id_string "Watchdog"'],
  ]),
  record('0x11', [
    ...['device_access_address 0x20', 'fru_device_address 1', 'logical_fru 1', 'lun 0', 'device_type 0x10'],
    ...['device_type_modifier 0', 'fru_entity_id power_supply', 'fru_entity_instance 1', 'id_string "PSU1 FRU"'],
  ]),
];

const thresholdRecord = ({ measure, lower, upper, scanning, ...place }: ThresholdSensor): string =>
  record('1', [
    ...sensorHead(place, measure.type),
    ...['init_events true', 'init_thresholds true', 'init_hysteresis true', 'init_sensor_type true'],
    ...['default_event_gen_on true', `default_sensor_scan_on ${scanning}`, 'sensor_auto_rearm true'],
    ...['sensor_hysteresis settable', 'sensor_threshold_access settable', 'sensor_event_msg_ctrl per_state'],
    ...['event_reading_type_code 1', 'analog_data_format unsigned', 'rate_unit none', 'modifier_unit none'],
    ...['percentage false', `base_unit ${measure.unit}`, 'modifier_unit_code unspecified', 'linearization linear'],
    ...[`m ${measure.m}`, 'tolerance 0', 'b 0', 'accuracy 1', 'accuracy_exp 0', 'sensor_direction input'],
    ...[`r_exp ${measure.exponent}`, 'b_exp 0', 'sensor_maximum 255', 'sensor_minimum 0'],
    ...['positive_hysteresis 2', 'negative_hysteresis 2'],
    ...lower.flatMap((limit, i) => limitLines(['lnc', 'lc', 'lnr'][i], limit, 'gl')),
    ...upper.flatMap((limit, i) => limitLines(['unc', 'uc', 'unr'][i], limit, 'gh')),
    `id_string "${place.name}"`,
  ]);

const limitLines = (name = '', limit: number | null, direction: 'gl' | 'gh'): readonly string[] =>
  limit === null
    ? []
    : [
        ...[`${name}_thrsh_settable true`, `${name}_thrsh_readable true`, `${name}_thresh ${limit}`],
        ...[`assert_${name}${direction} true`, `deassert_${name}${direction} true`, `return_${name} true`],
      ];

const discreteRecord = ({ kind, mask, ...place }: DiscreteSensor): string => {
  const told = Array.from({ length: 15 }, (_, bit) => bit).filter((bit) => ((mask >> bit) & 1) === 1);
  return record('2', [
    ...sensorHead(place, kind.type),
    ...['default_sensor_scan_on true', 'sensor_event_msg_ctrl per_state', 'event_reading_type_code 0x6f'],
    ...told.flatMap((bit) => [`event${bit}_state_ret true`, `assert_event${bit} true`, `deassert_event${bit} true`]),
    `id_string "${place.name}"`,
  ]);
};

const sensorHead = (
  { number, entity, instance }: { readonly number: number; readonly entity: string; readonly instance: number },
  type: string,
): readonly string[] => [
  ...owner(number),
  ...[`entity_id ${entity}`, `entity_instance ${instance}`, `sensor_type ${type}`, 'init_scanning true'],
];
