import { expect } from 'chai';
import fc from 'fast-check';
import { Fault, faults } from '../../../../src/domain/fault.ts';
import type { FaultCode } from '../../../../src/domain/fault.ts';
import { failureOf } from '../../../../src/drivers/ipmi/failure.ts';
import type { Outcome } from '../../../../src/drivers/subprocess.ts';
import { failureNames, recorded, recordedFailure } from './recorded.ts';
import { ready } from './stand-in.ts';

const outcome = (stderr: string, change: Partial<Outcome> = {}): Outcome => ({
  exitCode: 1,
  signal: null,
  timedOut: false,
  aborted: false,
  stdout: Buffer.alloc(0),
  stderr: Buffer.from(stderr, 'latin1'),
  truncated: false,
  durationMs: 1,
  ...change,
});
const codeOf = (...given: Parameters<typeof failureOf>): FaultCode | null => failureOf(...given)?.code ?? null;

const noSession = 'Error: Unable to establish IPMI v2 / RMCP+ session';

/** `null`: nothing speaks against it, and what was printed decides. */
const expected: Readonly<Record<string, FaultCode | null>> = {
  'black-hole-R1': 'controller-unreachable',
  'black-hole-R2': 'controller-unreachable',
  'bootdev-lost-R1': 'outcome-unknown',
  'bootdev-refused': 'controller-refused',
  'close-lost-R1': null,
  'closed-port-R1': 'controller-unreachable',
  'closed-port-R2': 'controller-unreachable',
  'control-lost-R1': 'outcome-unknown',
  'control-lost-R2': 'outcome-unknown',
  'control-lost-once-R2': null,
  'control-refused-busy': 'controller-refused',
  'control-refused-present-state': 'controller-refused',
  'control-then-death-R1': 'outcome-unknown',
  'control-timed-out': 'outcome-unknown',
  'control-unsupported': 'controller-refused',
  'disabled-user': 'controller-login-refused',
  // Why `power status` is not used: it printed a state that no answer held.
  'empty-answer': null,
  'forged-answer-R2': 'controller-garbled',
  'garbage-always-R1': 'controller-unreachable',
  'garbage-always-R2': 'controller-unreachable',
  'garbage-answer-R1': 'controller-unreachable',
  'garbage-answer-R2': 'controller-unreachable',
  'login-answer-lost-R1': 'controller-unreachable',
  'privilege-above-account': 'controller-login-refused',
  'privilege-above-account-at-set-privilege': 'controller-login-refused',
  'privilege-too-low': 'controller-refused',
  'status-lost-R1': 'controller-unreachable',
  'status-lost-R2': 'controller-unreachable',
  'suite-17-refused': 'controller-suite-refused',
  'suite-3-refused': 'controller-suite-refused',
  'table-full': 'sessions-exhausted',
  'table-full-at-rakp-1': 'sessions-exhausted',
  'unknown-user': 'controller-login-refused',
  'wrong-password': 'controller-login-refused',
};

describe('failureOf', () => {
  it('has an expectation for each recorded failure', () => {
    expect(Object.keys(expected).sort()).to.deep.equal(failureNames());
  });

  for (const [name, code] of Object.entries(expected)) {
    it(`takes the recorded ${name} for ${code ?? 'no failure'}`, () => {
      const { words, rc, stdout, stderr } = recordedFailure(name);
      const kind = words.join(' ') === 'raw 0x00 0x01' ? 'read' : 'change';
      expect(codeOf(outcome(stderr, { exitCode: rc, stdout: Buffer.from(stdout) }), kind)).to.equal(code);
    });
  }

  const lines: readonly (readonly [string, FaultCode | null, FaultCode | null])[] = [
    // before sending: alike for a read and for a change
    [
      'Error in open session response message : no matching cipher suite',
      'controller-suite-refused',
      'controller-suite-refused',
    ],
    [
      'Error in open session response message : invalid integrity algorithm',
      'controller-suite-refused',
      'controller-suite-refused',
    ],
    [
      'Error in open session response message : invalid confidentiality algorithm',
      'controller-suite-refused',
      'controller-suite-refused',
    ],
    [
      'Authentication algorithm 0x01 is not what we requested 0x03',
      'controller-suite-refused',
      'controller-suite-refused',
    ],
    [
      'Error in open session response message : unauthorized role requested',
      'controller-login-refused',
      'controller-login-refused',
    ],
    [
      `Error in open session response message : illegal parameter\n${noSession}`,
      'controller-garbled',
      'controller-garbled',
    ],
    ['RAKP 2 message indicates an error : insufficient resources for role', 'sessions-exhausted', 'sessions-exhausted'],
    [
      'RAKP 4 message indicates an error : invalid integrity check value',
      'controller-login-refused',
      'controller-login-refused',
    ],
    ['> RAKP 4 message has invalid integrity check value', 'controller-login-refused', 'controller-login-refused'],
    ['Set Session Privilege Level to ADMINISTRATOR failed: Node busy', 'controller-refused', 'controller-refused'],
    ['Set Session Privilege Level to ADMINISTRATOR failed', 'controller-unreachable', 'controller-unreachable'],
    ['Get Auth Capabilities error: Invalid data field in request', 'controller-refused', 'controller-refused'],
    ['This BMC does not support IPMI v2 / RMCP+', 'controller-unsupported', 'controller-unsupported'],
    ['IPMI LAN send command failed', 'controller-unreachable', 'controller-unreachable'],
    ['Could not open socket!', 'controller-unreachable', 'controller-unreachable'],
    ['ERROR: Received message with invalid authcode!', 'controller-garbled', 'controller-garbled'],
    ['Unable to read password from file /dev/fd/3', 'internal', 'internal'],
    ['Unsupported cipher suite ID : 17', 'internal', 'internal'],
    [`something new\n${noSession}`, 'controller-garbled', 'controller-garbled'],
    [noSession, 'controller-garbled', 'controller-garbled'],
    // an end that nobody foresaw
    ['something new', 'controller-garbled', 'outcome-unknown'],
    ['', 'controller-garbled', 'outcome-unknown'],
    // after it
    [
      `${ready}Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x1)`,
      'controller-unreachable',
      'outcome-unknown',
    ],
    [
      `${ready}Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x1 rsp=0xc1): Invalid command`,
      'controller-refused',
      'controller-refused',
    ],
    [
      `${ready}Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x2 rsp=0xc3): Timeout`,
      'controller-refused',
      'outcome-unknown',
    ],
    [
      `${ready}Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x2 rsp=0xce): Command response could not be provided`,
      'controller-refused',
      'outcome-unknown',
    ],
    [`${ready}something new`, 'controller-garbled', 'outcome-unknown'],
    [ready, 'controller-garbled', 'outcome-unknown'],
  ];
  for (const [text, read, change] of lines) {
    it(`takes ${JSON.stringify(text.replace(ready, '… '))} for ${String(read)}, and of a change for ${String(change)}`, () => {
      expect([codeOf(outcome(text), 'read'), codeOf(outcome(text), 'change')]).to.deep.equal([read, change]);
    });
  }

  it('passes the words of the controller on, and no more', () => {
    const { stderr } = recordedFailure('control-refused-present-state');
    expect(failureOf(outcome(stderr), 'change')?.detail).to.equal('Command not supported in present state');
    expect(failureOf(outcome(`${ready}${recorded('raw-0x06-0x02').stderr}`), 'read')?.detail).to.equal(
      'Invalid command',
    );
  });

  it('knows the noise of a session below administrator for what it is', () => {
    const noise =
      'Get HPM.x Capabilities request failed, compcode = d4\nInvalid completion code received: Insufficient privilege level\n';
    expect(failureOf(outcome(`${noise}${ready}`, { exitCode: 0 }), 'read')).to.equal(null);
  });

  it('says that nothing was sent of what was ended before the line, and leaves it open after it', () => {
    for (const why of [{ aborted: true }, { timedOut: true }]) {
      const ended = { ...why, exitCode: null, signal: 'SIGTERM' } as const;
      expect(codeOf(outcome('Loading IANA PEN Registry...\n', ended), 'change')).to.equal('controller-unreachable');
      expect(codeOf(outcome(ready, ended), 'change')).to.equal('outcome-unknown');
      expect(codeOf(outcome(ready, ended), 'read')).to.equal('controller-unreachable');
    }
  });

  it('leaves a change open that ended half-way through, whatever was refused before', () => {
    const refusedFirst = `${ready}Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x8 rsp=0xcc): Invalid data field in request\n`;
    for (const change of [
      { timedOut: true, exitCode: null },
      { signal: 'SIGSEGV', exitCode: null },
      { truncated: true },
    ] as const) {
      expect(codeOf(outcome(refusedFirst, change), 'change')).to.equal('outcome-unknown');
    }
  });

  it('leaves a change open when so much was printed that the line may have been lost', () => {
    expect(codeOf(outcome('x', { truncated: true }), 'change')).to.equal('outcome-unknown');
    expect(codeOf(outcome('x', { truncated: true, exitCode: 0 }), 'read')).to.equal('controller-garbled');
  });

  it('suggests when to come back to a full session table', () => {
    expect(failureOf(outcome(recordedFailure('table-full').stderr), 'read')?.retryAfter).to.equal(30);
  });

  const stderr = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(fc.oneof(fc.string(), fc.constantFrom(...failureNames().map((name) => recordedFailure(name).stderr))), {
        maxLength: 4,
      })
      .map((parts) => Buffer.from(parts.join('\n'), 'latin1')),
  );
  const ended = fc.record({
    exitCode: fc.constantFrom(0, 1, 134, 255, null),
    timedOut: fc.boolean(),
    aborted: fc.boolean(),
    truncated: fc.boolean(),
  });
  const marked = (bytes: Buffer): boolean => /^[^\S\n]*Discovered IPMB address/m.test(bytes.toString('latin1'));

  it('makes a Fault or nothing of any output, and nothing only of a clean end after sending', () => {
    fc.assert(
      fc.property(stderr, ended, fc.constantFrom('read', 'change'), (bytes, how, kind) => {
        const failure = failureOf(outcome('', { ...how, stderr: bytes }), kind);
        if (failure === null) {
          expect(how).to.deep.equal({ exitCode: 0, timedOut: false, aborted: false, truncated: false });
          expect(marked(bytes)).to.equal(true);
          return;
        }
        expect(failure).to.be.instanceOf(Fault);
        expect(failure.detail).to.match(/^[\x20-\x7e]{1,260}$/);
        if (kind === 'read') expect(failure.code).not.to.equal('outcome-unknown');
      }),
      { numRuns: 2000 },
    );
  });

  it('never says of a change that may have been sent that it was not, unless the controller refused it', () => {
    fc.assert(
      fc.property(stderr, ended, (bytes, how) => {
        const failure = failureOf(
          outcome('', { ...how, stderr: Buffer.concat([Buffer.from(ready), bytes]) }),
          'change',
        );
        if (failure !== null) expect(['outcome-unknown', 'controller-refused']).to.include(failure.code);
      }),
      { numRuns: 2000 },
    );
  });

  it('uses codes that exist', () => {
    for (const code of Object.values(expected)) if (code !== null) expect(faults).to.have.property(code);
  });
});
