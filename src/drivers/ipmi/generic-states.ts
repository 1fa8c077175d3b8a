/**
 * States of discrete sensors by their event/reading type and their offset (IPMI 2.0 table 42-2). Before a word, `?` is a
 * warning, `!` critical and `*` beyond repair.
 */
export const genericStates: Readonly<Record<number, readonly string[]>> = {
  0x02: ['idle', 'active', 'busy'],
  0x03: ['state-deasserted', 'state-asserted'],
  0x04: ['predictive-failure-deasserted', '?predictive-failure-asserted'],
  0x05: ['limit-not-exceeded', '?limit-exceeded'],
  0x06: ['performance-met', '?performance-lags'],
  0x07: [
    ...['ok', '?non-critical-from-ok', '!critical-from-less-severe', '*non-recoverable-from-less-severe'],
    ...['?non-critical-from-more-severe', '!critical-from-non-recoverable', '*non-recoverable'],
    ...['monitor', 'informational'],
  ],
  0x08: ['absent', 'present'],
  0x09: ['disabled', 'enabled'],
  0x0a: [
    ...['running', 'in-test', 'power-off', 'on-line', 'off-line', 'off-duty', '?degraded', 'power-save'],
    '!install-error',
  ],
  0x0b: [
    ...['fully-redundant', '?redundancy-lost', '?redundancy-degraded', '?non-redundant-from-redundant'],
    ...['?non-redundant-from-insufficient', '!insufficient-resources', '?redundancy-degraded-from-full'],
    '?redundancy-degraded-from-non-redundant',
  ],
  0x0c: ['d0-power-state', 'd1-power-state', 'd2-power-state', 'd3-power-state'],
};
