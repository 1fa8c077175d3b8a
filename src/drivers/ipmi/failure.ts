import { Fault } from '../../domain/fault.ts';
import type { FaultCode } from '../../domain/fault.ts';
import type { Outcome } from '../subprocess.ts';

/** Whether a run of ipmitool only asks, or changes something. */
export type Kind = 'read' | 'change';

/**
 * Why a run of `ipmitool -v` failed; null when nothing speaks against what it printed. For a change, every code but
 * `outcome-unknown` means that nothing was changed.
 *
 * The exit code alone tells little: it is 1 for whatever went wrong, and 0 for some of it. What tells is standard
 * error, read in two parts. The line below is printed between logging in and sending the command (ipmi_main.c of
 * 1.8.19), and standard error is not buffered: without that line, nothing was sent.
 */
export const failureOf = (outcome: Outcome, kind: Kind): Fault | null => {
  const lines = linesOf(outcome.stderr);
  const ready = lines.findIndex((line) => line.startsWith('Discovered IPMB address'));

  if (ready < 0 && !outcome.truncated) return beforeSending(lines, outcome, kind);
  return afterSending(lines.slice(ready + 1), outcome, kind);
};

/** The same for one command of many in a session: what was printed on standard error from its being sent to its end. */
export const failureInSession = (complained: string, kind: Kind): Fault | null =>
  afterSending(linesOf(Buffer.from(complained, 'latin1')), atEase, kind);

const atEase = { exitCode: 0, aborted: false, timedOut: false, truncated: false } as const;

/** What each line of a failed login means, the first that fits any line winning. Words: IPMI 2.0 table 13-15. */
const loginFailures: readonly (readonly [FaultCode, RegExp])[] = [
  [
    'controller-suite-refused',
    /^Error in open session response message : (invalid \w+ algorithm|no matching (authentication algorithm|integrity payload|cipher suite))$/,
  ],
  ['controller-suite-refused', /^(Authentication|Integrity|Encryption) algorithm \S+ is not what we requested/],
  ['sessions-exhausted', /: insufficient resources for (session|role)$/],
  ['controller-login-refused', /^> RAKP 2 HMAC is invalid$/],
  ['controller-login-refused', /^> RAKP 4 message has invalid integrity check value$/],
  ['controller-login-refused', /: (unauthorized|invalid) (name|GUID|role|role requested|name length)$/],
  ['controller-login-refused', /: invalid integrity check value$/],
  // Codes of this command alone: the account, or the channel, does not go as high (IPMI 2.0 §22.18).
  ['controller-login-refused', /^Set Session Privilege Level to \w+ failed: Unknown \(0x8[0-2]\)$/],
  ['internal', /^Unsupported cipher suite ID|^Unable to (open|read password from)|^File \S+ does not exist/],
  ['controller-garbled', /^ERROR: Received |^Error: Received an Unexpected |^Invalid RMCP\+ payload type/],
  // After four logins without an answer ipmitool goes on as if it were logged in, and may be refused for that.
  ['controller-unreachable', /^> Error: no response from RAKP [13] message$/],
  ['controller-unreachable', /^Set Session Privilege Level to \w+ failed: Insufficient privilege level$/],
  ['controller-refused', /^(Set Session Privilege Level to \w+ failed|Get Auth Capabilities error): /],
  ['controller-unsupported', /^This BMC does not support IPMI v2/],
  ['controller-unreachable', /^Get Auth Capabilities error$|^Set Session Privilege Level to \w+ failed$/],
  ['controller-unreachable', /^Could not open socket!$|^IPMI LAN send command failed$/],
];

/** Seconds. A session that is not used ends within a minute (IPMI 2.0 §6.12.15). */
const retryAfter = 30;

const noSession = /^Error: Unable to establish IPMI v2/;

const beforeSending = (lines: readonly string[], { timedOut, aborted }: Outcome, kind: Kind): Fault => {
  for (const [code, pattern] of loginFailures) {
    const line = lines.find((each) => pattern.test(each));
    if (line !== undefined)
      return new Fault(code, quoted(line.replace(/^> /, '')), code === 'sessions-exhausted' ? { retryAfter } : {});
  }
  if (aborted) return new Fault('controller-unreachable', 'stopped before anything was sent');
  if (timedOut) return new Fault('controller-unreachable', 'no session within the time allowed');
  const told = lastOf(lines.filter((line) => !line.startsWith('Loading IANA') && !noSession.test(line)));
  const isCertain = kind === 'read' || lines.some((line) => noSession.test(line));
  return new Fault(isCertain ? 'controller-garbled' : 'outcome-unknown', `no session, for no known reason: ${told}`);
};

/** Lines that say nothing about the command: its echo, packets of something else, and the end of the session. */
const harmless = [
  /^RAW (REQ|REQUEST|RSP) \(/,
  /^[0-9a-f]{2}( [0-9a-f]{2})*$/,
  /^ERROR: Received |^Error: Received an Unexpected |^Invalid RMCP\+ payload type/,
  /^packet session id \S+ does not match|^IPMI Request Match NOT FOUND$/,
  /^Close Session command failed|^Failed to Close Session/,
];
const unanswered = [/^Unable to send RAW command \([^)]*cmd=0x\w+\)$/];
const refused = /^Unable to send RAW command \(.*\): (.+)$/;
/** Completion codes C3h and CEh: the command may have been carried out, and only its answer is missing. */
const answerMissing = /^(Timeout|Command response could not be provided)$/;

type End = Pick<Outcome, 'exitCode' | 'aborted' | 'timedOut' | 'truncated'>;

const afterSending = (lines: readonly string[], outcome: End, kind: Kind): Fault | null => {
  const said = lines.filter((line) => !harmless.some((pattern) => pattern.test(line)));
  const inDoubt = (code: FaultCode, detail: string): Fault =>
    new Fault(kind === 'change' ? 'outcome-unknown' : code, detail);

  const silent = said.find((line) => unanswered.some((pattern) => pattern.test(line)));
  if (silent !== undefined) {
    const forged = lines.some((line) => line.startsWith('ERROR: Received message with invalid authcode'));
    return inDoubt(forged ? 'controller-garbled' : 'controller-unreachable', 'it was sent, and no answer came');
  }
  // Cut short, it may have been refused a part of what it does and have gone on.
  if (outcome.aborted) return inDoubt('controller-unreachable', 'stopped before an answer came');
  if (outcome.timedOut) return inDoubt('controller-unreachable', 'no answer within the time allowed');
  if (outcome.truncated) return inDoubt('controller-garbled', 'ipmitool printed more than is read of it');
  if (outcome.exitCode === null) return inDoubt('controller-garbled', 'ipmitool crashed');

  const words = said.map((line) => refused.exec(line)?.[1]).filter((word) => word !== undefined);
  const late = words.find((word) => answerMissing.test(word));
  if (late !== undefined) return inDoubt('controller-refused', quoted(late));
  const reason = words.at(-1);
  if (reason !== undefined) return new Fault('controller-refused', quoted(reason));
  if (outcome.exitCode !== 0 || said.length > 0) {
    return inDoubt('controller-garbled', `ipmitool ended oddly: ${lastOf(said)}`);
  }
  return null;
};

/** One character a byte: what a BMC sends need not be UTF-8. */
const linesOf = (bytes: Buffer): readonly string[] =>
  bytes
    .toString('latin1')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const lastOf = (lines: readonly string[]): string => quoted(lines.at(-1) ?? 'it said nothing');

/** Fit for an answer: printable, and of a length that nobody minds. */
const quoted = (line: string): string => line.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
