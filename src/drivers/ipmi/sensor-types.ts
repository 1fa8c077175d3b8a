interface SensorType {
  readonly word: string;
  /**
   * What its own offsets tell, in their order. Before a word, `?` is a warning, `!` critical and `*` beyond repair;
   * an empty one is reserved.
   */
  readonly states: readonly string[];
}

const type = (word: string, ...states: readonly string[]): SensorType => ({ word, states });

/** Sensor types by their number, with their sensor-specific offsets (IPMI 2.0 table 42-3). */
export const sensorTypes: readonly (SensorType | undefined)[] = [
  type('reserved'),
  type('temperature'),
  type('voltage'),
  type('current'),
  type('fan'),
  type(
    'physical-security',
    ...['?chassis-intrusion', '?drive-bay-intrusion', '?io-card-area-intrusion', '?processor-area-intrusion'],
    ...['?lan-leash-lost', '?unauthorized-dock', '?fan-area-intrusion'],
  ),
  type(
    'platform-security',
    ...['?secure-mode-violation', '?user-password-violation', '?setup-password-violation'],
    ...['?network-boot-password-violation', '?other-password-violation', '?out-of-band-password-violation'],
  ),
  type(
    'processor',
    ...['!ierr', '!thermal-trip', '!frb1-bist-failure', '!frb2-hang-in-post', '!frb3-startup-failure'],
    ...['!configuration-error', '!uncorrectable-cpu-complex-error', 'presence-detected', '?disabled'],
    ...['terminator-presence-detected', '?throttled', '!uncorrectable-machine-check', '?correctable-machine-check'],
  ),
  type(
    'power-supply',
    ...['presence-detected', '!failure-detected', '?predictive-failure', '!input-lost', '!input-lost-or-out-of-range'],
    ...['!input-out-of-range', '?configuration-error', 'inactive'],
  ),
  type(
    'power-unit',
    ...['power-off', 'power-cycle', '240va-power-down', '?interlock-power-down', '?ac-lost'],
    ...['!soft-power-control-failure', '!failure-detected', '?predictive-failure'],
  ),
  type('cooling-device'),
  type('other-units'),
  type(
    'memory',
    ...['?correctable-ecc', '!uncorrectable-ecc', '!parity-error', '!scrub-failed', '?disabled'],
    ...['?correctable-ecc-limit-reached', 'presence-detected', '!configuration-error', 'spare', '?throttled'],
    '!critical-overtemperature',
  ),
  type(
    'drive-slot',
    ...['presence-detected', '!fault', '?predictive-failure', 'hot-spare', 'consistency-check', '?in-critical-array'],
    ...['!in-failed-array', 'rebuilding', '?rebuild-aborted'],
  ),
  type('post-memory-resize'),
  type('system-firmware', '!error', '!hang', 'progress'),
  type(
    'event-logging-disabled',
    ...['?correctable-memory-logging-disabled', '?event-type-logging-disabled', 'log-cleared', '?all-logging-disabled'],
    ...['?log-full', '?log-almost-full', '?correctable-machine-check-logging-disabled'],
  ),
  type(
    'watchdog-1',
    ...['?bios-reset', '?os-reset', '?os-shut-down', '?os-power-down', '?os-power-cycle'],
    ...['?os-nmi', '?os-expired', '?os-pre-timeout-interrupt'],
  ),
  type(
    'system-event',
    ...['reconfigured', 'oem-boot-event', '!undetermined-hardware-failure', 'auxiliary-log-entry-added', 'pef-action'],
    'timestamp-clock-sync',
  ),
  type(
    'critical-interrupt',
    ...['?front-panel-nmi', '!bus-timeout', '!io-channel-check-nmi', '!software-nmi', '!pci-parity-error'],
    ...['!pci-system-error', '!eisa-fail-safe-timeout', '?bus-correctable-error', '!bus-uncorrectable-error'],
    ...['*fatal-nmi', '*bus-fatal-error', '?bus-degraded'],
  ),
  type('button', 'power-pressed', 'sleep-pressed', 'reset-pressed', 'fru-latch-open', 'fru-service-request'),
  type('module-board'),
  type('microcontroller'),
  type('add-in-card'),
  type('chassis'),
  type('chip-set', '!soft-power-control-failure', '!thermal-trip'),
  type('other-fru'),
  type('cable', 'connected', '!configuration-error'),
  type('terminator'),
  type(
    'system-boot',
    ...['by-power-up', 'by-hard-reset', 'by-warm-reset', 'by-pxe-request', 'by-diagnostic'],
    ...['by-software-hard-reset', 'by-software-warm-reset', 'restart'],
  ),
  type(
    'boot-error',
    ...['?no-bootable-media', '?non-bootable-diskette', '?pxe-server-not-found', '!invalid-boot-sector'],
    '?timed-out-waiting-for-choice',
  ),
  type(
    'os-boot',
    ...['a-boot-completed', 'c-boot-completed', 'pxe-boot-completed', 'diagnostic-boot-completed'],
    ...['cdrom-boot-completed', 'rom-boot-completed', 'boot-completed', 'installation-started'],
    ...['installation-completed', '?installation-aborted', '!installation-failed'],
  ),
  type(
    'os-stop',
    ...['!stop-during-load', '!run-time-stop', 'graceful-stop', 'graceful-shutdown', 'soft-shutdown-by-pef'],
    '?agent-not-responding',
  ),
  type(
    'slot',
    ...['!fault', 'identify', 'device-installed', 'ready-for-installation', 'ready-for-removal', 'power-off'],
    ...['removal-requested', 'interlock', '?disabled', 'spare'],
  ),
  type(
    'acpi-power-state',
    ...['s0-working', 's1-sleeping', 's2-sleeping', 's3-sleeping', 's4-suspended-to-disk', 's5-soft-off'],
    ...['s4-or-s5-soft-off', 'g3-mechanical-off', 'sleeping-s1-s2-or-s3', 'g1-sleeping', 's5-by-override'],
    ...['legacy-on', 'legacy-off', '', 'unknown'],
  ),
  type(
    'watchdog-2',
    ...['?expired', '?hard-reset', '?power-down', '?power-cycle', '', '', '', '', '?pre-timeout-interrupt'],
  ),
  type('platform-alert', 'page', 'lan-alert', 'event-trap', 'snmp-trap'),
  type('entity-presence', 'present', 'absent', 'disabled'),
  type('monitor-asic'),
  type('lan', '?heartbeat-lost', 'heartbeat'),
  type(
    'management-health',
    ...['?sensor-access-degraded', '?controller-access-degraded', '!off-line', '!unavailable', '!sensor-failure'],
    '!fru-failure',
  ),
  type('battery', '?low', '!failed', 'presence-detected'),
  type('session-audit', 'activated', 'deactivated', '?invalid-name-or-password', '?invalid-password-limit-reached'),
  type(
    'version-change',
    ...['hardware-change-detected', 'firmware-change-detected', '!hardware-incompatible', '!firmware-incompatible'],
    ...['?invalid-hardware-version', '?invalid-firmware-version', 'hardware-change-succeeded'],
    'firmware-change-succeeded',
  ),
  type(
    'fru-state',
    ...['not-installed', 'inactive', 'activation-requested', 'activation-in-progress', 'active'],
    ...['deactivation-requested', 'deactivation-in-progress', '?communication-lost'],
  ),
];
