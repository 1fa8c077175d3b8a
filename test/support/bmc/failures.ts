import type { BmcFault } from './faults.ts';
import { loginWords, type Ipmitool, type Options, type Said } from './ipmitool.ts';
import type { BmcOptions } from './options.ts';
import { startBmcSimulator, type Step } from './simulator.ts';

/** One way for an ipmitool command to fail, and how to bring it about. */
export interface FailureCase {
  readonly bmc?: Partial<BmcOptions>;
  readonly faults?: readonly BmcFault<Step>[];
  readonly isStopped?: boolean;
  readonly login?: Options;
  readonly words: readonly string[];
}

/** Get Chassis Status; Chassis Control, up; Set System Boot Options, PXE (IPMI 2.0 §28). */
const status = ['raw', '0x00', '0x01'];
const on = ['raw', '0x00', '0x02', '0x01'];
const pxe = ['raw', '0x00', '0x08', '0x05', '0x80', '0x04', '0x00', '0x00', '0x00'];
const control = 'chassis-control';

/** By name; each name is that of a fixture. */
export const failureCases = (): Readonly<Record<string, FailureCase>> => ({
  'wrong-password': { login: { password: 'not-it' }, words: status },
  'unknown-user': { login: { user: 'nobody' }, words: status },
  'disabled-user': { login: { user: 'disabled', password: 'disabled' }, words: status },
  'suite-17-refused': { bmc: { suites: [3] }, words: status },
  'suite-3-refused': { bmc: { suites: [17] }, login: { suite: 3 }, words: status },
  'table-full': { bmc: { maxSessions: 0 }, words: status },
  'table-full-at-rakp-1': { faults: [{ kind: 'garbage', to: 'rakp-1', bytes: rakp2Refusal(0x01) }], words: status },
  'privilege-above-account': { login: { user: 'operator', password: '0per-Secret' }, words: status },
  'privilege-above-account-at-set-privilege': {
    bmc: { refusesPrivilegeAt: 'set-privilege' },
    login: { user: 'operator', password: '0per-Secret' },
    words: status,
  },
  'privilege-too-low': { login: { user: 'user', password: 'us3r-Secret', privilege: 'USER' }, words: on },
  'black-hole-R1': { faults: [{ kind: 'black-hole' }], login: { retries: 1 }, words: status },
  'black-hole-R2': { faults: [{ kind: 'black-hole' }], words: status },
  'closed-port-R1': { isStopped: true, login: { retries: 1 }, words: status },
  'closed-port-R2': { isStopped: true, words: status },
  'login-answer-lost-R1': { faults: [{ kind: 'drop-replies', to: 'rakp-3' }], login: { retries: 1 }, words: status },
  'garbage-always-R1': { faults: [{ kind: 'garbage' }], login: { retries: 1 }, words: status },
  'garbage-always-R2': { faults: [{ kind: 'garbage' }], words: status },
  'garbage-answer-R1': {
    faults: [{ kind: 'garbage', to: 'get-chassis-status' }],
    login: { retries: 1 },
    words: status,
  },
  'garbage-answer-R2': { faults: [{ kind: 'garbage', to: 'get-chassis-status' }], words: status },
  'forged-answer-R2': {
    faults: [{ kind: 'garbage', to: 'get-chassis-status', bytes: forgedAnswer() }],
    words: status,
  },
  'empty-answer': {
    faults: [{ kind: 'wrong-data', to: 'get-chassis-status', data: Buffer.alloc(0) }],
    words: status,
  },
  'status-lost-R1': {
    faults: [{ kind: 'drop-replies', to: 'get-chassis-status' }],
    login: { retries: 1 },
    words: status,
  },
  'status-lost-R2': { faults: [{ kind: 'drop-replies', to: 'get-chassis-status' }], words: status },
  'control-lost-R1': { faults: [{ kind: 'drop-replies', to: control }], login: { retries: 1 }, words: on },
  'control-lost-R2': { faults: [{ kind: 'drop-replies', to: control }], words: on },
  'control-lost-once-R2': { faults: [{ kind: 'drop-replies', to: control, times: 1 }], words: on },
  'control-then-death-R1': { faults: [{ kind: 'die', after: control }], login: { retries: 1 }, words: on },
  'control-refused-busy': { faults: [{ kind: 'completion-code', to: control, code: 0xc0 }], words: on },
  'control-refused-present-state': { words: ['raw', '0x00', '0x02', '0x02'] },
  'control-timed-out': { faults: [{ kind: 'completion-code', to: control, code: 0xc3 }], words: on },
  'control-unsupported': { faults: [{ kind: 'completion-code', to: control, code: 0xc1 }], words: on },
  'bootdev-refused': {
    faults: [{ kind: 'completion-code', to: 'set-system-boot-options', code: 0xcc }],
    words: pxe,
  },
  'bootdev-lost-R1': {
    faults: [{ kind: 'drop-replies', to: 'set-system-boot-options' }],
    login: { retries: 1 },
    words: pxe,
  },
  'close-lost-R1': { faults: [{ kind: 'drop-replies', to: 'close-session' }], login: { retries: 1 }, words: on },
});

/** Brings the failure about at a simulator of its own. */
export const fail = async (tool: Ipmitool, failure: FailureCase, isVerbose: boolean): Promise<Said> => {
  await using bmc = await startBmcSimulator(failure.bmc);
  for (const fault of failure.faults ?? []) bmc.inject(fault);
  if (failure.isStopped === true) await bmc.stop();
  return await tool.run(bmc, failure.words, { ...failure.login, isVerbose });
};

/** As kept under `test/fixtures/ipmitool/failures`: four sections, each its heading and then its text as it is. */
export const failureFixture = (
  { login, words }: FailureCase,
  isVerbose: boolean,
  { rc, stdout, stderr }: Said,
): string => {
  const args = ['-I', 'lanplus', '-H', '127.0.0.1', '-p', '623', ...loginWords({ ...login, isVerbose }), ...words];
  return `# args\n${args.join(' ')}\n# rc\n${String(rc)}\n# stdout\n${stdout}# stderr\n${stderr}`;
};

/** RAKP 2 with a status and no more, for the console session id that ipmitool always takes. */
const rakp2Refusal = (code: number): Buffer => {
  const payload = [0, code, 0, 0, 0xa4, 0xa3, 0xa2, 0xa0];
  return Buffer.from([6, 0, 0xff, 7, 6, 0x13, ...Array<number>(8).fill(0), payload.length, 0, ...payload]);
};

/** Shaped like a packet of ipmitool's session, signed and encrypted by nobody. */
const forgedAnswer = (): Buffer => {
  const head = [6, 0, 0xff, 7, 6, 0xc0, 0xa4, 0xa3, 0xa2, 0xa0, 9, 0, 0, 0, 32, 0];
  return Buffer.from([...head, ...Array<number>(32).fill(0x5a), 0xff, 0xff, 2, 7, ...Array<number>(16).fill(0xa5)]);
};
