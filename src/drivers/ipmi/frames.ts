import { Fault } from '../../domain/fault.ts';
import type { Message } from './message.ts';
import { prompt } from './warden-words.ts';

/** What a shell printed of one line: between its echo and the next prompt, and meanwhile on standard error. */
export interface Frame {
  readonly stdout: string;
  readonly stderr: string;
}

/** Cuts what a shell prints into frames. */
export interface Framer {
  /**
   * The frames that have come for the lines, in their order, each at most once.
   * Faults: `controller-garbled` for whatever does not fit, after which nothing that comes can be trusted.
   */
  cut(stdout: string, stderr: string, lines: readonly Line[]): readonly Frame[];
}

/** A line that was written to the shell, without its end, and how standard error announces it. */
export interface Line {
  readonly text: string;
  readonly announcement: string;
}

/** ipmitool's `-v` says on standard error what it is about to send, and so divides it where the echo divides standard output. */
export const lineOf = (text: string, { netfn, command, data = [] }: Message): Line => ({
  text,
  announcement: `RAW REQ (channel=0x0 netfn=0x${netfn.toString(16)} lun=0x0 cmd=0x${command.toString(16)} data_len=${data.length})\n`,
});

export const framer = (): Framer => {
  let complaints = '';
  return {
    cut(stdout, stderr, lines) {
      const bodies = bodiesIn(stdout, lines);
      complaints += stderr;
      return bodies.map((body, index) => {
        const { mine, rest } = shareOf(complaints, lines[index]);
        complaints = rest;
        return { stdout: body, stderr: mine };
      });
    },
  };
};

export const misfit = (): Fault =>
  new Fault('controller-garbled', 'the shell of ipmitool printed what does not belong there');

/** Each body is empty, or whole lines. */
const bodiesIn = (stdout: string, lines: readonly Line[]): readonly string[] => {
  const bodies: string[] = [];
  let at = 0;
  while (at < stdout.length) {
    const line = lines[bodies.length];
    if (line === undefined || !stdout.startsWith(`${line.text}\n`, at)) throw misfit();
    const from = at + line.text.length + 1;
    const to = stdout.indexOf(prompt, from);
    if (to < 0 || stdout[to - 1] !== '\n') throw misfit();
    bodies.push(stdout.slice(from, to));
    at = to + prompt.length;
  }
  return bodies;
};

const announced = 'RAW REQ (';

/** From the announcement to the next. What comes before it is of the session at large: a keep-alive of ipmitool's own. */
const shareOf = (complaints: string, line: Line | undefined): { readonly mine: string; readonly rest: string } => {
  const from = complaints.indexOf(announced);
  if (line === undefined || from < 0 || !complaints.startsWith(line.announcement, from)) throw misfit();
  const body = from + line.announcement.length;
  const next = complaints.indexOf(announced, body);
  const to = next < 0 ? complaints.length : next;
  return { mine: complaints.slice(body, to), rest: complaints.slice(to) };
};
