import type { LogSeverity } from '../../domain/event-log.ts';
import { critical, info, wanted, warning, type States } from './event-log-meaning.ts';

/** States of discrete sensors of any type, by event type (IPMI 2.0 table 42-2); 01h, thresholds, is told apart. */
export const genericStates: Readonly<Record<number, States>> = {
  0x02: { 0: info('it became idle'), 1: info('it became active'), 2: info('it became busy') },
  0x03: { 0: info('its state is off'), 1: info('its state is on') },
  0x04: { 0: info('no failure is predicted'), 1: warning('it is likely to fail', 'predictive') },
  0x05: { 0: info('it is within its limit'), 1: warning('it is beyond its limit', 'maker') },
  0x06: { 0: info('it performs as it should'), 1: warning('it performs less than it should', 'performance') },
  0x07: {
    0: info('it became well'),
    1: warning('it became worse than well', 'maker'),
    2: critical('it became critical', 'maker'),
    3: critical('it became worse than it can recover from', 'maker'),
    4: warning('it became less bad, and is not well yet', 'maker'),
    5: critical('it became less bad, and is still critical', 'maker'),
    6: critical('it is beyond recovery', 'maker'),
    7: info('it is being watched'),
    8: info('it tells something'),
  },
  0x08: { 0: info('it was taken out'), 1: wanted('it was put in', 'it was taken out', 'spare') },
  0x09: { 0: info('it was disabled'), 1: info('it was enabled') },
  0x0a: {
    0: info('it is running'),
    1: info('it is being tested'),
    2: info('it went off'),
    3: info('it went on line'),
    4: warning('it went off line', 'accessory'),
    5: info('it went off duty'),
    6: warning('it works less well than it should', 'accessory'),
    7: info('it saves power'),
    8: warning('it was not installed correctly', 'config'),
  },
  0x0b: {
    0: wanted('there is full redundancy', 'full redundancy was lost', 'redundancy'),
    1: warning('redundancy was lost', 'redundancy'),
    2: warning('redundancy became less', 'redundancy'),
    3: warning('redundancy was lost; what is left suffices', 'redundancy'),
    4: warning('there is no redundancy; what is there suffices again', 'redundancy'),
    5: critical('what is left does not suffice', 'redundancy'),
    6: warning('redundancy became less than full', 'redundancy'),
    7: warning('there is some redundancy again, but less than full', 'redundancy'),
  },
  0x0c: {
    0: info('its ACPI state is D0'),
    1: info('its ACPI state is D1'),
    2: info('its ACPI state is D2'),
    3: info('its ACPI state is D3'),
  },
};

/** The severities that event data 2 may tell (offsets of event type 07h). */
export const toldSeverities: Readonly<Record<number, LogSeverity>> = {
  0: 'info',
  1: 'warning',
  2: 'critical',
  3: 'critical',
  4: 'warning',
  5: 'critical',
  6: 'critical',
  7: 'info',
  8: 'info',
};
