import { Fault } from '../../domain/fault.ts';
import type { Answer, Message } from './message.ts';

/**
 * The answer in what ipmitool printed for `raw`; null when it printed no answer. On standard output there are lines of
 * hexadecimal bytes, or an empty line for no bytes; on standard error, the completion code of what was refused.
 * Faults: `controller-garbled` for anything else on standard output.
 */
export const answerIn = (message: Message, stdout: string, stderr: string): Answer | null => {
  if (stdout === '') return refusalIn(message, stderr);
  const data = Buffer.from(stdout.replaceAll(/\s/g, ''), 'hex');
  const announced = announcement.exec(stderr)?.[1] ?? String(data.length);
  // It prints bytes, or why there are none; who says both says nothing.
  const isContradicted = stderr.includes(refused);
  if (isContradicted || !hexLines.test(stdout) || Number(announced) !== data.length)
    throw new Fault('controller-garbled', 'ipmitool printed something other than the bytes of one answer');
  return { completion: 0, data };
};

/** Sixteen to a line, and fewer on the last, which may be empty. No answer is longer than 255 bytes. */
const hexLines = /^(?:(?: [0-9a-f]{2}){16}\n){0,15}(?: [0-9a-f]{2}){0,16}\n$/;
/** By `-v`, before the bytes. */
const announcement = /^RAW RSP \((\d+) bytes\)$/m;

const refused = 'Unable to send RAW command';
const refusal =
  /^Unable to send RAW command \(channel=0x\w+ netfn=0x([0-9a-f]{1,2}) lun=0x\w+ cmd=0x([0-9a-f]{1,2}) rsp=0x([0-9a-f]{1,2})\): (.*)$/gm;
/** What ipmitool calls a code that it has no words for: all below 0xc0. */
const wordless = /^Unknown \(0x([0-9A-F]{2})\)$/;

const refusalIn = ({ netfn, command }: Message, stderr: string): Answer | null => {
  const [found, ...more] = [...stderr.matchAll(refusal)];
  if (found === undefined || more.length > 0) return null;
  const [, ofNetfn = '', ofCommand = '', code = '', words = ''] = found;
  if (parseInt(ofNetfn, 16) !== netfn || parseInt(ofCommand, 16) !== command) return null;
  const completion = parseInt(code, 16);
  const told = wordless.exec(words)?.[1] ?? code;
  return parseInt(told, 16) === completion ? { completion, data: Buffer.alloc(0) } : null;
};
