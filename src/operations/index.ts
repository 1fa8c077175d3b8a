import type { Operation } from '../core/operation.ts';
import { accountCreate } from './account-create.ts';
import { accountDelete } from './account-delete.ts';
import { accountGet } from './account-get.ts';
import { accountList } from './account-list.ts';
import { accountUpdate } from './account-update.ts';
import { alertDestinationGet } from './alert-destination-get.ts';
import { alertDestinationList } from './alert-destination-list.ts';
import { alertDestinationSet } from './alert-destination-set.ts';
import { alertDestinationTest } from './alert-destination-test.ts';
import { auditExport } from './audit-export.ts';
import { auditList } from './audit-list.ts';
import { bootClear } from './boot-clear.ts';
import { bootGet } from './boot-get.ts';
import { bootParameterGet } from './boot-parameter-get.ts';
import { bootParameterList } from './boot-parameter-list.ts';
import { bootParameterSet } from './boot-parameter-set.ts';
import { bootSet } from './boot-set.ts';
import { capabilityList } from './capability-list.ts';
import { controllerCheck } from './controller-check.ts';
import { controllerCreate } from './controller-create.ts';
import { controllerDelete } from './controller-delete.ts';
import { controllerGet } from './controller-get.ts';
import { controllerList } from './controller-list.ts';
import { controllerUpdate } from './controller-update.ts';
import { credentialRotate } from './credential-rotate.ts';
import { credentialSet } from './credential-set.ts';
import { deliveryList } from './delivery-list.ts';
import { deliveryRetry } from './delivery-retry.ts';
import { eventWatch } from './event-watch.ts';
import { eventLogArchiveGet } from './event-log-archive-get.ts';
import { eventLogArchiveList } from './event-log-archive-list.ts';
import { eventLogClear } from './event-log-clear.ts';
import { eventLogClockGet } from './event-log-clock-get.ts';
import { eventLogClockSet } from './event-log-clock-set.ts';
import { eventLogEntryDelete } from './event-log-entry-delete.ts';
import { eventLogEntryGet } from './event-log-entry-get.ts';
import { eventLogEntryList } from './event-log-entry-list.ts';
import { eventLogGet } from './event-log-get.ts';
import { eventLogList } from './event-log-list.ts';
import { executionCreate } from './execution-create.ts';
import { executionGet } from './execution-get.ts';
import { firmwareGet } from './firmware-get.ts';
import { grantApprove } from './grant-approve.ts';
import { grantCreate } from './grant-create.ts';
import { grantGet } from './grant-get.ts';
import { grantList } from './grant-list.ts';
import { grantRequest } from './grant-request.ts';
import { grantDelete } from './grant-delete.ts';
import { grantUpdate } from './grant-update.ts';
import { healthGet } from './health-get.ts';
import { indicatorGet } from './indicator-get.ts';
import { indicatorSet } from './indicator-set.ts';
import { inventoryGet } from './inventory-get.ts';
import { machineDelete } from './machine-delete.ts';
import { machineEnrol } from './machine-enrol.ts';
import { machineGet } from './machine-get.ts';
import { machineList } from './machine-list.ts';
import { machineUpdate } from './machine-update.ts';
import { networkGet } from './network-get.ts';
import { networkUpdate } from './network-update.ts';
import { operationCreate } from './operation-create.ts';
import { operationGet } from './operation-get.ts';
import { operationList } from './operation-list.ts';
import { operationRetry } from './operation-retry.ts';
import { operationTargetList } from './operation-target-list.ts';
import { operationUpdate } from './operation-update.ts';
import { operationWatch } from './operation-watch.ts';
import { passwordSet } from './password-set.ts';
import { powerGet } from './power-get.ts';
import { powerHistoryGet } from './power-history-get.ts';
import { powerLimitClear } from './power-limit-clear.ts';
import { powerLimitGet } from './power-limit-get.ts';
import { powerLimitSet } from './power-limit-set.ts';
import { powerPolicyGet } from './power-policy-get.ts';
import { powerPolicySet } from './power-policy-set.ts';
import { powerReadingGet } from './power-reading-get.ts';
import { powerSet } from './power-set.ts';
import { powerWatch } from './power-watch.ts';
import { sessionDelete } from './session-delete.ts';
import { sessionList } from './session-list.ts';
import { rawCommandRun } from './raw-command-run.ts';
import { replicaList } from './replica-list.ts';
import { resetCreate } from './reset-create.ts';
import { selectorCreate } from './selector-create.ts';
import { selectorDelete } from './selector-delete.ts';
import { selectorGet } from './selector-get.ts';
import { selectorList } from './selector-list.ts';
import { selectorUpdate } from './selector-update.ts';
import { scheduleCreate } from './schedule-create.ts';
import { scheduleDelete } from './schedule-delete.ts';
import { scheduleGet } from './schedule-get.ts';
import { scheduleList } from './schedule-list.ts';
import { scheduleUpdate } from './schedule-update.ts';
import { scheduleRunCreate } from './schedule-run-create.ts';
import { scheduleRunList } from './schedule-run-list.ts';
import { selfTestGet } from './self-test-get.ts';
import { sensorGet } from './sensor-get.ts';
import { sensorList } from './sensor-list.ts';
import { sensorSampleList } from './sensor-sample-list.ts';
import { sensorThresholdSet } from './sensor-threshold-set.ts';
import { subscriptionCreate } from './subscription-create.ts';
import { subscriptionDelete } from './subscription-delete.ts';
import { subscriptionGet } from './subscription-get.ts';
import { subscriptionList } from './subscription-list.ts';
import { subscriptionPing } from './subscription-ping.ts';
import { subscriptionUpdate } from './subscription-update.ts';
import { tagAdd } from './tag-add.ts';
import { tagClear } from './tag-clear.ts';
import { tagGet } from './tag-get.ts';
import { tagList } from './tag-list.ts';
import { tagRemove } from './tag-remove.ts';
import { tagReplace } from './tag-replace.ts';
import { watchdogDisable } from './watchdog-disable.ts';
import { watchdogGet } from './watchdog-get.ts';
import { watchdogReset } from './watchdog-reset.ts';
import { whoamiGet } from './whoami-get.ts';

/** Everything that can be asked for, in the order in which documents show it. */
export const operations: readonly Operation[] = [
  whoamiGet,
  machineList,
  machineEnrol,
  machineGet,
  machineUpdate,
  machineDelete,
  tagList,
  tagReplace,
  tagClear,
  tagGet,
  tagAdd,
  tagRemove,
  powerGet,
  powerSet,
  powerWatch,
  powerPolicyGet,
  powerPolicySet,
  powerHistoryGet,
  powerReadingGet,
  powerLimitGet,
  powerLimitSet,
  powerLimitClear,
  bootGet,
  bootSet,
  bootClear,
  bootParameterList,
  bootParameterGet,
  bootParameterSet,
  healthGet,
  inventoryGet,
  indicatorGet,
  indicatorSet,
  watchdogGet,
  watchdogDisable,
  watchdogReset,
  sensorList,
  sensorGet,
  sensorSampleList,
  sensorThresholdSet,
  eventLogList,
  eventLogGet,
  eventLogEntryList,
  eventLogClear,
  eventLogEntryGet,
  eventLogEntryDelete,
  eventLogClockGet,
  eventLogClockSet,
  eventLogArchiveList,
  eventLogArchiveGet,
  controllerList,
  controllerCreate,
  controllerGet,
  controllerUpdate,
  controllerDelete,
  credentialSet,
  controllerCheck,
  capabilityList,
  credentialRotate,
  sessionList,
  sessionDelete,
  firmwareGet,
  selfTestGet,
  replicaList,
  resetCreate,
  rawCommandRun,
  accountList,
  accountCreate,
  accountGet,
  accountUpdate,
  networkGet,
  networkUpdate,
  alertDestinationList,
  alertDestinationGet,
  alertDestinationSet,
  alertDestinationTest,
  accountDelete,
  passwordSet,
  eventWatch,
  subscriptionList,
  subscriptionCreate,
  subscriptionGet,
  subscriptionUpdate,
  subscriptionDelete,
  subscriptionPing,
  deliveryList,
  deliveryRetry,
  grantList,
  grantCreate,
  grantGet,
  grantUpdate,
  grantDelete,
  grantRequest,
  grantApprove,
  selectorList,
  selectorCreate,
  selectorGet,
  selectorUpdate,
  selectorDelete,
  operationCreate,
  operationGet,
  operationList,
  operationRetry,
  operationTargetList,
  operationUpdate,
  operationWatch,
  scheduleList,
  scheduleGet,
  scheduleCreate,
  scheduleUpdate,
  scheduleDelete,
  scheduleRunList,
  scheduleRunCreate,
  executionCreate,
  executionGet,
  auditExport,
  auditList,
];
